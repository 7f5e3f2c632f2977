"""Who plugs into what: the upper packages handed to the Protocols that the lower ones declare."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from core.audit.heads import HeadFiles
from core.audit.sealing import HEAD_TOPIC
from core.auth.configured import secret_keys
from core.auth.notices import NoticePort
from core.outbox import Route
from core.queue import JobQueue
from fleet.commands import queue_command
from fleet.commands.carry_command import CommandCarrier
from fleet.live.feeds import ChangeAnnouncer
from fleet.telemetry.last_heard import BlobReader
from geofences import publishing
from geofences.watch import FenceWatch
from mobile_api.notices import ResidentNotices
from services.dispatch import wake
from services.dispatch.fleet_picture import FleetPicture
from services.orders import notices
from steppe.resources import Resources


def outbox_routes(resources: Resources, queue: JobQueue, port: NoticePort) -> Mapping[str, Route]:
    """Return what the relay does with each topic."""
    settings = resources.settings
    return {
        "changed": ChangeAnnouncer(resources.redis),
        publishing.TOPIC: publishing.announcer(resources.redis),
        queue_command.TOPIC: CommandCarrier(resources.database, resources.redis, resources.clock),
        wake.TOPIC: wake.DispatchWaker(queue, resources.clock),
        notices.TOPIC: ResidentNotices(resources.database, secret_keys(settings.security), port),
        HEAD_TOPIC: HeadFiles(settings.data_dir / "audit-heads"),
    }


def last_heard(resources: Resources) -> BlobReader:
    """Return who reads vehicles' last state."""
    return BlobReader(resources.streams, resources.clock, partitions=resources.settings.tracker.partitions)


def fleet_picture(resources: Resources, fences: FenceWatch) -> FleetPicture:
    """Return who looks at the fleet for dispatch."""
    return FleetPicture(
        resources.database,
        last_heard(resources),
        resources.clock,
        zone=ZoneInfo(resources.settings.city.zone),
        fence_set=lambda: fences.index.set_version,
    )
