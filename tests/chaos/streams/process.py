"""The processes of the telemetry path: python -m tests.chaos.streams.process ROLE [PORT]."""

import asyncio
import sys

from core.clock import Clock
from core.ids import new_id
from core.inbox import InboxWriter
from core.logs import configure
from core.settings import load, process_environment
from core.supervision import stop_on_signals
from fleet.alarms.apply_signals import AlarmSink
from fleet.history.archiver import Archiver
from fleet.history.keeper import HistoryKeeper, KeeperOptions
from fleet.history.retention import Keeping
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.outgoing import NoCommands
from fleet.links.profile import LinkProfile
from fleet.telemetry.roster import FixedRoster
from fleet.telemetry.tracker import Tracker, TrackerSettingsOf
from geofences.index import FenceIndex
from steppe.link_socket import LinkSocketProtocol
from steppe.resources import Resources, open_resources
from steppe.serving import WebServer
from tests.chaos.streams.world import FENCE, PARTITIONS, identify, roster

HURRY_SETTLE_MS = 5_000


class Fences:
    """One fence that stays."""

    index = FenceIndex.build([FENCE], set_version=1)

    async def load(self) -> FenceIndex:
        return self.index

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


async def gateway(resources: Resources, port: int, stop: asyncio.Event) -> None:
    stores = GatewayStores(
        streams=resources.streams,
        plain=resources.redis,
        roster=FixedRoster(roster()),
        submit_report=InboxWriter(resources.database, resources.clock).submit,
        commands=NoCommands(),
    )
    profile = LinkProfile(accept_every_wall_s=0.25)
    app = gateway_app(Gateway(stores, resources.clock, profile, partitions=PARTITIONS), identify)
    await WebServer(app, "127.0.0.1", port, sockets=LinkSocketProtocol).run(stop)


async def tracker(resources: Resources, stop: asyncio.Event) -> None:
    component = Tracker(
        resources.database, resources.streams, resources.redis, Clock.real(), roster=FixedRoster(roster()),
        fences=Fences(), alarms=AlarmSink(resources.database),
        settings=TrackerSettingsOf(partitions=PARTITIONS),
    )  # fmt: skip
    await component.run(stop)


async def archiver(resources: Resources, stop: asyncio.Event) -> None:
    folder = resources.settings.data_dir / "history"
    component = Archiver(
        resources.database, resources.streams, Clock.real(), folder, partitions=PARTITIONS, flush_s=5.0
    )
    await component.run(stop)


async def hurried(resources: Resources, stop: asyncio.Event, role: str) -> None:
    """History in a hurry: files of a second, hours written as soon as they stand, or thinned at once."""
    folder = resources.settings.data_dir / "history"
    if role == "hurried-archiver":
        component: Archiver | HistoryKeeper = Archiver(
            resources.database, resources.streams, Clock.real(), folder, partitions=PARTITIONS, flush_s=1.0
        )
    else:
        keeping = Keeping(full_rate_bytes=1, full_rate_least_hours=0)
        options = KeeperOptions(
            settle_ms=HURRY_SETTLE_MS,
            keeping=keeping if role == "hurried-thinner" else Keeping(),
            every_s=1.0,
        )
        component = HistoryKeeper(resources.database, Clock.real(), folder, options, name=new_id())
    await component.run(stop)


async def main(role: str) -> None:
    settings = load(process_environment())
    configure(role, settings.log_level)
    async with open_resources(settings) as resources, stop_on_signals() as stop:
        if role == "gateway":
            await gateway(resources, int(sys.argv[2]), stop)
        elif role == "tracker":
            await tracker(resources, stop)
        elif role.startswith("hurried-"):
            await hurried(resources, stop, role)
        else:
            await archiver(resources, stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
