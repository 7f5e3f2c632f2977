"""Who plugs into what: the upper packages handed to the Protocols that the lower ones declare.

What one process alone plugs in stands in its own file, so that no process pays for another's imports.
"""

from zoneinfo import ZoneInfo

from fleet.fences.preview_fence import FencePreviewer
from fleet.telemetry.last_heard import BlobReader
from geofences.watch import FenceWatch
from services.dispatch.fleet_picture import FleetPicture
from services.orders.fence_impact import OrderImpact
from services.patrol.scheduled import ScheduledBeats
from services.schedules.kinds import WorkKind
from services.schedules.port import Plugged
from services.sweeping.scheduled_runs import ScheduledRuns
from services.vending.rounds.scheduled import ScheduledRounds
from steppe.resources import Resources


def last_heard(resources: Resources) -> BlobReader:
    """Return who reads vehicles' last state."""
    return BlobReader(resources.streams, resources.clock, partitions=resources.settings.tracker.partitions)


def fence_previews(resources: Resources) -> FencePreviewer:
    """Return who previews fences."""
    history = resources.settings.data_dir / "history"
    return FencePreviewer(resources.database, resources.clock, last_heard(resources), history, OrderImpact())


def fleet_picture(resources: Resources, fences: FenceWatch) -> FleetPicture:
    """Return who looks at the fleet for dispatch."""
    return FleetPicture(
        resources.database,
        last_heard(resources),
        resources.clock,
        zone=ZoneInfo(resources.settings.city.zone),
        fence_set=lambda: fences.index.set_version,
    )


def scheduled_work() -> Plugged:
    """Return what occurrences of schedules start, by kind of work: one line for each that a service plugs
    in."""
    return {
        WorkKind.PATROL_BEAT: ScheduledBeats(),
        WorkKind.SWEEPING_RUN: ScheduledRuns(),
        WorkKind.VENDING_ROUND: ScheduledRounds(),
    }
