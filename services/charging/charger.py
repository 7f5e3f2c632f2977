"""A charger with its slots, and the reservation of one: who comes, who charges, who waits. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from core.errors import Conflict
from core.ids import DistrictCode, TaskId, VehicleNo
from core.transitions import advance as next_state


class ChargerKind(StrEnum):
    """How a charger gives energy back."""

    PLUG = "plug"
    SWAP = "swap"


class Charger(msgspec.Struct, frozen=True, kw_only=True):
    """A charger at a place of kind ``charger``; ``slots`` vehicles charge there at once."""

    place_id: str
    district: DistrictCode
    kind: ChargerKind = ChargerKind.PLUG
    slots: int
    power_w: float
    """What one slot gives; of a swap station what its racks take."""
    swap_s: float = 0.0
    """How long a swap takes, city seconds; 0 for a plug."""
    is_open: bool = True


class ReservationState(StrEnum):
    """Where a reservation stands."""

    WAITING = "waiting"
    RESERVED = "reserved"
    CHARGING = "charging"
    DONE = "done"
    CANCELLED = "cancelled"


class ReservationEvent(StrEnum):
    """What moves a reservation."""

    SLOT_GIVEN = "slot_given"
    ARRIVED = "arrived"
    LEFT = "left"
    GIVEN_UP = "given_up"


R = ReservationState
RESERVATION_TRANSITIONS: Final[Mapping[tuple[ReservationState, ReservationEvent], ReservationState]] = (
    MappingProxyType(
        {
            (R.WAITING, ReservationEvent.SLOT_GIVEN): R.RESERVED,
            (R.WAITING, ReservationEvent.GIVEN_UP): R.CANCELLED,
            (R.RESERVED, ReservationEvent.ARRIVED): R.CHARGING,
            (R.RESERVED, ReservationEvent.GIVEN_UP): R.CANCELLED,
            (R.CHARGING, ReservationEvent.LEFT): R.DONE,
            (R.CHARGING, ReservationEvent.GIVEN_UP): R.CANCELLED,
        }
    )
)
RESERVATION_TERMINAL: Final = frozenset({R.DONE, R.CANCELLED})
HOLDS_SLOT: Final = frozenset({R.RESERVED, R.CHARGING})
STATE_NAMES: Mapping[ReservationState, tuple[str, str]] = MappingProxyType(
    {
        R.WAITING: ("排队", "queued"),
        R.RESERVED: ("已预约", "reserved"),
        R.CHARGING: ("充电中", "charging"),
        R.DONE: ("已完成", "done"),
        R.CANCELLED: ("已取消", "cancelled"),
    }
)
KIND_NAMES: Mapping[ChargerKind, tuple[str, str]] = MappingProxyType(
    {ChargerKind.PLUG: ("充电桩", "charging point"), ChargerKind.SWAP: ("换电站", "swap station")}
)


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle's slot at a charger, or its place in the queue. A vehicle has one that is not over."""

    reservation_id: str
    version: int = 1
    place_id: str
    slot: int | None = None
    """1 to the charger's slots; None while it waits."""
    vehicle_no: VehicleNo
    district: DistrictCode
    state: ReservationState = ReservationState.WAITING
    reach_m: float
    """How far its battery carried it when it last asked: the queue is served by it, the least first."""
    task_id: TaskId | None = None
    preheat_s: float = 0.0
    """How long the battery is warmed before it takes a charge."""
    asked_at: datetime
    given_at: datetime | None = None
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    risen_ratio: float | None = None
    """The highest charge that was seen while it charged; None before the first look."""
    risen_at: datetime | None = None
    """When the charge had risen to it."""
    reason: str = ""


def advance(
    reservation: Reservation, event: ReservationEvent, *, at: datetime, **values: object
) -> Reservation:
    """Return the reservation after ``event``, with further values; raises IllegalTransition."""
    state = next_state(RESERVATION_TRANSITIONS, reservation.state, event)
    moments = {
        ReservationState.RESERVED: "given_at",
        ReservationState.CHARGING: "arrived_at",
        ReservationState.DONE: "ended_at",
        ReservationState.CANCELLED: "ended_at",
    }
    changes = {"state": state, "version": reservation.version + 1, moments[state]: at, **values}
    return msgspec.structs.replace(reservation, **changes)


def free_slot(charger: Charger, taken: Collection[int]) -> int:
    """Return the lowest slot that nobody has; raise Conflict when there is none."""
    for slot in range(1, charger.slots + 1):
        if charger.is_open and slot not in taken:
            return slot
    raise Conflict("conflict", "the charger has no free slot", place_id=charger.place_id)


def in_queue(waiting: Iterable[Reservation]) -> list[Reservation]:
    """Return who waits in the order in which they are served: by need, then by who asked first."""
    return sorted(waiting, key=lambda each: (each.reach_m, each.asked_at, each.vehicle_no))


def choose_charger(
    chargers: Sequence[Charger], taken: Mapping[str, int], metres: Mapping[str, float], *, spare: int = 0
) -> Charger | None:
    """Return the nearest charger with more than ``spare`` free slots, a swap station before a plug that is
    no nearer than half its way; None when all are taken. A charger whose distance is unknown is left out."""

    def cost(charger: Charger) -> tuple[float, str]:
        factor = 0.5 if charger.kind is ChargerKind.SWAP else 1.0
        return metres[charger.place_id] * factor, charger.place_id

    free = [
        each
        for each in chargers
        if each.is_open and each.place_id in metres and each.slots - taken.get(each.place_id, 0) > spare
    ]
    return min(free, key=cost, default=None)
