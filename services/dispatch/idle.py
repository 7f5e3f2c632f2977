"""What a vehicle without a task does next. Pure: where it stands and what it has left decide."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from core.kinds import ServiceKind
from fleet.vehicles.dispatchable import ReasonCode
from fleet.vehicles.kinds import Duty
from geofences.geo import distance_m
from services.charging.need import Need, need_of
from services.dispatch.fleet_member import FleetMember
from services.places.place import Place

OFFERED = frozenset({ServiceKind.VENDING, ServiceKind.SWEEPING, ServiceKind.PATROL})
"""Services whose idle vehicles are offered work by their own source (services.dispatch.work)."""
AT_DEPOT_M = 80.0
"""Nearer than this to a depot a vehicle is home."""
STILL_ALLOWED = frozenset(
    {ReasonCode.BATTERY_TOO_LOW, ReasonCode.NO_OPERATOR_FREE, ReasonCode.NOT_CHECKED_TODAY}
)
"""Reasons that do not keep a vehicle from driving home or to a charger: the binding is tried with the
claim, and a vehicle that nobody checked yet must be able to stand full at its depot."""


class NextStep(StrEnum):
    """What an idle vehicle should do."""

    NOTHING = "nothing"
    CHARGE = "charge"
    GO_HOME = "go_home"
    ROUND = "round"


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """An idle vehicle's next step; ``depot`` is where home is, None when the zone has no depot."""

    step: NextStep
    depot: Place | None = None
    need: Need = Need.NONE
    """How much it needs the charger that it goes to."""


def next_step(
    member: FleetMember, depots: Sequence[Place], *, is_home_wanted: bool, is_gap: bool = False
) -> Idle:
    """Return what a vehicle does next; nothing for one that is busy, unheard, or may not move.

    ``is_home_wanted`` is False while orders wait in its zone: then a delivery vehicle stays for the next
    round. In a gap in demand (``is_gap``) one that is home tops up.
    """
    heard = member.heard
    if member.task_id is not None or member.has_refused or heard is None:
        return Idle(step=NextStep.NOTHING)
    if any(reason.code not in STILL_ALLOWED for reason in member.reasons):
        return Idle(step=NextStep.NOTHING)
    need = need_of(heard.battery_ratio, heard.outside_c, is_charging=heard.is_charging, is_gap=is_gap)
    if need is Need.NOW:
        return Idle(step=NextStep.CHARGE, need=need)
    if heard.is_charging:
        return Idle(step=NextStep.NOTHING)
    if member.vehicle.service in OFFERED:
        is_checked = all(reason.code is not ReasonCode.NOT_CHECKED_TODAY for reason in member.reasons)
        return Idle(step=NextStep.ROUND if is_checked else NextStep.NOTHING)
    if member.vehicle.service is not ServiceKind.DELIVERY or not is_home_wanted:
        return Idle(step=NextStep.NOTHING)
    home = _home(member, heard.lat, heard.lng, depots)
    if need is Need.TOP_UP and home.step is NextStep.NOTHING and member.vehicle.duty is not Duty.RETURNING:
        return Idle(step=NextStep.CHARGE, need=need)
    return home


def _home(member: FleetMember, lat: float, lng: float, depots: Sequence[Place]) -> Idle:
    nearest = min(depots, key=lambda p: (distance_m(lat, lng, p.lat, p.lng), p.place_id), default=None)
    if nearest is None or member.vehicle.duty is Duty.RETURNING:
        return Idle(step=NextStep.NOTHING)
    if distance_m(lat, lng, nearest.lat, nearest.lng) <= AT_DEPOT_M:
        return Idle(step=NextStep.NOTHING, depot=nearest)
    return Idle(step=NextStep.GO_HOME, depot=nearest)
