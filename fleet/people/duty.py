"""Remote safety operators on duty, and which of them watches which vehicle.

Every autonomous vehicle under way is bound to one named operator; one operator watches at most three
(standards.md 4.1: not below 1:3, people to vehicles). Heartbeats are wall
time: a person's browser is a lease.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo

VEHICLES_PER_OPERATOR: Final = 3
"""Default of ``max_vehicles_per_remote_operator`` (交通运输部 2023, standards.md 4.7)."""
LOST_AFTER: Final = timedelta(seconds=30)
"""Wall time without a heartbeat after which an operator is lost (domain.md, Dispatchable)."""

LONGEST_ON_DUTY: Final = timedelta(hours=4)
"""City time on duty after which an operator is given no further vehicle and must rest before the next shift:
the limit of drivers (道路交通安全法实施条例, 62); a city may want less."""
LEAST_REST: Final = timedelta(minutes=20)
"""The rest that ends a time on duty; a shorter break does not (the same article)."""


class ShiftState(StrEnum):
    """How an operator's time on duty stands."""

    ON_DUTY = "on_duty"
    LOST = "lost"
    SIGNED_OFF = "signed_off"


class ShiftEvent(StrEnum):
    """What moves a shift; signing in makes it."""

    HEARD = "operator_heard"
    LOST = "operator_lost"
    SIGNED_OFF = "operator_signed_off"


SHIFT_TRANSITIONS: Final[Mapping[tuple[ShiftState, ShiftEvent], ShiftState]] = {
    (ShiftState.ON_DUTY, ShiftEvent.HEARD): ShiftState.ON_DUTY,
    (ShiftState.ON_DUTY, ShiftEvent.LOST): ShiftState.LOST,
    (ShiftState.ON_DUTY, ShiftEvent.SIGNED_OFF): ShiftState.SIGNED_OFF,
    (ShiftState.LOST, ShiftEvent.HEARD): ShiftState.ON_DUTY,
    (ShiftState.LOST, ShiftEvent.SIGNED_OFF): ShiftState.SIGNED_OFF,
}
SHIFT_TERMINAL: Final = frozenset({ShiftState.SIGNED_OFF})


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One operator's time on duty, from sign-in to sign-off."""

    shift_id: str
    staff_id: StaffId
    name: str
    operator: OperatorId | None
    """Company; None watches any company's vehicles."""
    districts: frozenset[DistrictCode] | None = None
    """旗区 the operator may watch; None is the whole city."""
    capacity: int = VEHICLES_PER_OPERATOR
    state: ShiftState = ShiftState.ON_DUTY
    signed_in_at: datetime
    heard_at: datetime
    """Wall time of the last heartbeat."""
    signed_off_at: datetime | None = None
    version: int = 1


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle that somebody must watch."""

    vehicle_no: VehicleNo
    operator: OperatorId
    district: DistrictCode


class Bindings(msgspec.Struct, frozen=True, kw_only=True):
    """What has to change so that every vehicle under way is watched; each part may be empty."""

    ended: tuple[VehicleNo, ...] = ()
    """Bindings whose vehicle is no longer under way or whose operator is gone."""
    made: tuple[tuple[VehicleNo, StaffId], ...] = ()
    unwatched: tuple[VehicleNo, ...] = ()
    """Vehicles that nobody can take: they stop safely."""


def is_present(shift: Shift, wall: datetime) -> bool:
    """Return whether the operator counts as on duty at this wall time."""
    return shift.state is ShiftState.ON_DUTY and wall - shift.heard_at <= LOST_AFTER


def is_at_limit(shift: Shift, at: datetime) -> bool:
    """Return whether a running shift has lasted so long that it takes no further vehicle."""
    return shift.state is not ShiftState.SIGNED_OFF and at - shift.signed_in_at >= LONGEST_ON_DUTY


def rest_until(earlier: Sequence[Shift], at: datetime) -> datetime | None:
    """Return until when somebody must rest, None when a shift may begin; ``earlier`` is newest first.

    Shifts with too short a break between them are one time on duty.
    """
    over = [shift for shift in earlier if shift.signed_off_at is not None]
    if not over or over[0].signed_off_at is None or at - over[0].signed_off_at >= LEAST_REST:
        return None
    worked, before = timedelta(), at
    for shift in over:
        if shift.signed_off_at is None or before - shift.signed_off_at >= LEAST_REST:
            break
        worked += shift.signed_off_at - shift.signed_in_at
        before = shift.signed_in_at
    return over[0].signed_off_at + LEAST_REST if worked >= LONGEST_ON_DUTY else None


def may_watch(shift: Shift, vehicle: UnderWay) -> bool:
    """Return whether the operator's company and 旗区 include the vehicle."""
    is_company = shift.operator is None or shift.operator == vehicle.operator
    return is_company and (shift.districts is None or vehicle.district in shift.districts)


def rooms(shifts: Sequence[Shift], bound: Mapping[VehicleNo, StaffId], wall: datetime) -> dict[StaffId, int]:
    """Return how many more vehicles each present operator may take; never negative."""
    watched = list(bound.values())
    return {
        shift.staff_id: max(shift.capacity - watched.count(shift.staff_id), 0)
        for shift in shifts
        if is_present(shift, wall)
    }


def choose_operator(
    vehicle: UnderWay, shifts: Sequence[Shift], room: Mapping[StaffId, int]
) -> StaffId | None:
    """Return who takes the vehicle: most room first, then who signed in first; None when nobody can."""
    candidates = [shift for shift in shifts if room.get(shift.staff_id, 0) > 0 and may_watch(shift, vehicle)]
    if not candidates:
        return None
    return min(
        candidates, key=lambda shift: (-room[shift.staff_id], shift.signed_in_at, shift.staff_id)
    ).staff_id


def plan_bindings(
    shifts: Sequence[Shift],
    under_way: Collection[UnderWay],
    bound: Mapping[VehicleNo, StaffId],
    wall: datetime,
) -> Bindings:
    """Return the changes after which every vehicle under way is watched or known to be unwatched.

    Bindings to a present operator stay, also above his capacity when that was lowered meanwhile: moving a
    watched vehicle from one person to another is a risk of its own. Vehicles are served by their number.
    """
    present = {shift.staff_id for shift in shifts if is_present(shift, wall)}
    moving = {vehicle.vehicle_no for vehicle in under_way}
    ended = tuple(
        sorted(number for number, staff in bound.items() if number not in moving or staff not in present)
    )
    kept = {number: staff for number, staff in bound.items() if number not in ended}
    room = rooms(shifts, kept, wall)
    made, unwatched = [], []
    for vehicle in sorted(under_way, key=lambda each: each.vehicle_no):
        if vehicle.vehicle_no in kept:
            continue
        staff = choose_operator(vehicle, shifts, room)
        if staff is None:
            unwatched.append(vehicle.vehicle_no)
            continue
        room[staff] -= 1
        made.append((vehicle.vehicle_no, staff))
    return Bindings(ended=ended, made=tuple(made), unwatched=tuple(unwatched))
