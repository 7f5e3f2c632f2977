"""The server processes of a benchmark, one a command:
python -m steppe.bench.servers gateway '<world JSON>'."""

import asyncio
import cProfile
import importlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar
from prometheus_client import start_http_server
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from core.allocator import give_back, keep_no_holes, lend_to_arrow
from core.auth.litestar import AuthPlugin
from core.clock import Clock
from core.database import Database
from core.inbox import InboxWriter
from core.metrics import REGISTRY
from core.redis import connect
from fleet.alarms.alarm import AlarmSignal
from fleet.telemetry.roster import FixedRoster
from geofences.index import FenceIndex
from geofences.watch import FenceWatch
from steppe.bench.machine import open_files_most
from steppe.bench.world import World, identify
from steppe.link_socket import LinkSocketProtocol
from steppe.live_socket import LiveSocketProtocol
from steppe.running import collect_seldom


def stopped_by_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


def keep_what_is_loaded() -> None:
    """Do what ``steppe.running`` does once a process is put together."""
    collect_seldom()
    give_back()


def serve(app: Litestar, address: str, sockets: type[WebSocketsSansIOProtocol] = LiveSocketProtocol) -> None:
    """Run the web server until a signal, as the city does."""
    host, _, port = address.removeprefix("http://").partition(":")
    uvicorn.run(
        app, host=host, port=int(port), loop="uvloop", http="httptools", ws=sockets,
        ws_per_message_deflate=False, log_level="warning", access_log=False, lifespan="on",
    )  # fmt: skip


def run_gateway(world: World) -> None:
    """A gateway with a fixed roster and the benchmark's tokens."""
    from fleet.links.gateway import Gateway, GatewayStores, gateway_app
    from fleet.links.outgoing import NoCommands
    from fleet.links.profile import LinkProfile

    clock = Clock.real()
    redis = connect(world.valkey)

    class Inbox:
        writer: InboxWriter

        async def submit(self, item: Any) -> Any:
            return await self.writer.submit(item)

    inbox = Inbox()
    stores = GatewayStores(
        streams=redis, plain=redis, roster=FixedRoster(world.roster()), submit_report=inbox.submit,
        commands=NoCommands(),
    )  # fmt: skip

    @asynccontextmanager
    async def reports(_: Litestar) -> AsyncIterator[None]:
        database = await Database.open(world.database)
        inbox.writer = InboxWriter(database, clock)
        stop = asyncio.Event()
        writing = asyncio.create_task(inbox.writer.run(stop))
        keep_what_is_loaded()
        yield
        stop.set()
        await writing
        await database.close()

    profile = LinkProfile(stream_most_mb=world.stream_mb, positions_per_s=world.pace_most)
    gateway = Gateway(stores, clock, profile, partitions=world.partitions)
    app = gateway_app(gateway, identify, lifespan=[reports])
    serve(app, world.gateway, LinkSocketProtocol)


def expose(world: World, name: str) -> None:
    """Show this process's metrics to the run, which reads them twice."""
    start_http_server(world.metrics[name], addr="127.0.0.1", registry=REGISTRY)


class Fences:
    """A fixed index."""

    def __init__(self, world: World) -> None:
        self.index = FenceIndex.build(world.drawn_fences(), set_version=1)
        _ = self.index.clearance  # made here, not in the first tick

    async def load(self) -> FenceIndex:
        """Return the index."""
        return self.index

    async def run(self, stop: asyncio.Event) -> None:
        """Nothing changes it."""
        await stop.wait()


class Alarms:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    async def put(self, signals: Sequence[AlarmSignal]) -> int:
        """Take them."""
        self.count += len(signals)
        return len(signals)


async def tracker(world: World) -> None:
    """A tracker of every partition."""
    from fleet.telemetry.tracker import Tracker, TrackerSettingsOf

    database = await Database.open(world.database)
    redis = connect(world.valkey)
    clock = Clock.real()
    fences = FenceWatch(database, redis, clock, needs_clearance=True) if world.is_watching else Fences(world)
    component = Tracker(
        database, redis, redis, clock, roster=FixedRoster(world.roster()), fences=fences,
        alarms=Alarms(), settings=TrackerSettingsOf(partitions=world.partitions),
    )  # fmt: skip
    keep_what_is_loaded()
    await component.run(stopped_by_signal())
    await database.close()


async def archiver(world: World) -> None:
    """An archiver of every partition."""
    from pathlib import Path

    from fleet.history.archiver import Archiver

    database = await Database.open(world.database)
    redis = connect(world.valkey)
    component = Archiver(database, redis, Clock.real(), Path(world.history), partitions=world.partitions)
    keep_what_is_loaded()
    await component.run(stopped_by_signal())
    await database.close()


def run_api(world: World) -> None:
    """The live feed alone."""
    from dashboard.live import live as live_route
    from fleet.live.hub import LiveHub

    redis = connect(world.valkey)
    hub = LiveHub(redis, redis, Clock.real(), roster=FixedRoster(world.roster()), partitions=world.partitions)

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        app.state.live_hub = hub
        stop = asyncio.Event()
        task = asyncio.create_task(hub.run(stop))
        keep_what_is_loaded()
        yield
        stop.set()
        await task

    app = Litestar([live_route], plugins=[AuthPlugin(identify)], lifespan=[running], openapi_config=None)
    serve(app, world.live)


def main(arguments: Sequence[str]) -> None:
    """Run the server that is named; a third word makes its profile as well."""
    name, text, *profiled = arguments
    keep_no_holes()
    lend_to_arrow()
    open_files_most()
    # What the process of a city has loaded belongs to its memory.
    kind, _, _ = name.partition("-")
    importlib.import_module(f"steppe.processes.{kind}")
    if profiled:
        # CPU time and not wall time: on a shared machine a preempted call would look dear.
        profile = cProfile.Profile(time.process_time)
        try:
            profile.runcall(start, name, kind, text)
        finally:
            profile.dump_stats(f"{name}.prof")
    else:
        start(name, kind, text)


def start(name: str, kind: str, text: str) -> None:
    """Serve until told to stop; ``tracker-2`` is another tracker."""
    world = msgspec.json.decode(text, type=World)
    expose(world, name)
    if kind == "gateway":
        run_gateway(world)
    elif kind == "api":
        run_api(world)
    else:
        import uvloop

        uvloop.run({"tracker": tracker, "archiver": archiver}[kind](world))


if __name__ == "__main__":
    main(sys.argv[1:])
