"""Who plugs into what: the upper packages handed to the Protocols that the lower ones declare.

What one process alone plugs in stands in its own file, so that no process pays for another's imports.
"""

from zoneinfo import ZoneInfo

from core.ids import FenceId
from fleet.fences.preview_fence import FencePreviewer
from fleet.telemetry.last_heard import BlobReader
from geofences.fences import FenceKind
from geofences.watch import FenceWatch
from services.dispatch.area import AreasAt
from services.dispatch.fleet_picture import FleetPicture
from services.orders.fence_impact import OrderImpact
from services.patrol.scheduled import ScheduledBeats
from services.schedules.kinds import WorkKind
from services.schedules.port import Plugged
from services.sweeping.scheduled_runs import ScheduledRuns
from services.vending.restock.scheduled import ScheduledRestocks
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


def operating_areas(fences: FenceWatch) -> AreasAt:
    """Return who knows which surveyed operating areas hold a place now."""

    def at(lat: float, lng: float) -> frozenset[FenceId]:
        index = fences.index
        found = (index.fences[number] for number in index.at(lat, lng))
        return frozenset(fence.fence_id for fence in found if fence.kind is FenceKind.OPERATING_AREA)

    return at


def scheduled_work() -> Plugged:
    """Return what occurrences of schedules start, by kind of work: one line for each that a service plugs
    in."""
    return {
        WorkKind.PATROL_BEAT: ScheduledBeats(),
        WorkKind.SWEEPING_RUN: ScheduledRuns(),
        WorkKind.RESTOCK: ScheduledRestocks(),
        WorkKind.VENDING_ROUND: ScheduledRounds(),
    }
