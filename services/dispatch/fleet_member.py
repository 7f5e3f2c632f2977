"""One vehicle of a zone as dispatch sees it. Plain values, no stores."""

import msgspec

from core.ids import FenceId, TaskId
from fleet.vehicles.dispatchable import Reason
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.vehicle import Vehicle
from services.delivery.compartments import Compartment
from services.dispatch.candidate import Candidate
from services.routing.route import SLOW_VEHICLE
from services.routing.route import Vehicle as RoadVehicle


class FleetMember(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of the zone. ``heard`` is None when it never spoke; ``task_id`` names what holds it."""

    vehicle: Vehicle
    heard: LastHeard | None
    reasons: tuple[Reason, ...]
    task_id: TaskId | None
    has_refused: bool = False
    """It refused or did not answer a plan within the last two minutes."""
    layout: tuple[Compartment, ...] = ()
    areas: frozenset[FenceId] | None = None
    """Operating areas that its permits name; None when nobody looked."""
    hours_left_s: float | None = None
    """For how long its permits let it drive on, city seconds; None without an end."""
    road: RoadVehicle = SLOW_VEHICLE
    """What of it matters to its way: how fast it may drive."""


def candidate_of(member: FleetMember) -> Candidate:
    """Return a delivery vehicle as dispatch looks at it."""
    heard = member.heard
    return Candidate(
        vehicle_no=member.vehicle.vehicle_no,
        code=member.vehicle.code or str(member.vehicle.vehicle_no),
        lat=None if heard is None else heard.lat,
        lng=None if heard is None else heard.lng,
        battery_ratio=None if heard is None else heard.battery_ratio,
        temperature_c=None if heard is None else heard.outside_c,
        layout=member.layout,
        reasons=member.reasons,
        task_id=member.task_id,
        has_refused=member.has_refused,
        areas=member.areas,
        hours_left_s=member.hours_left_s,
        road=member.road,
    )
