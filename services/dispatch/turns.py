"""Which vehicles begin work of their own now, when the remote operators cannot watch all of them. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from core.ids import VehicleNo
from core.kinds import ServiceKind


class Waiting(Struct, frozen=True, kw_only=True):
    """A vehicle that would begin; ``last_at`` is when it was last given work, None for never."""

    vehicle_no: VehicleNo
    service: ServiceKind
    last_at: datetime | None = None


def whose_turn(
    waiting: Sequence[Waiting],
    under_way: Mapping[ServiceKind, int],
    room: int,
    owed: Mapping[ServiceKind, int] = MappingProxyType({}),
) -> list[VehicleNo]:
    """Return up to ``room`` vehicles in the order in which they begin; none for no room.

    What a schedule owes goes first: ``owed`` counts the occurrences of each service that came due and have no
    vehicle, and until each has one, theirs are the places. After that each place goes to the service with the
    smallest share of its vehicles under way, so that six patrol vehicles do not wait until forty vending
    vehicles have had their turn; within a service the vehicle without work for the longest goes first.
    ``under_way`` counts those that drive already, by service; a missing one is 0.
    """
    due = Counter(owed)
    moving = Counter(under_way)
    queues = {
        service: sorted((each for each in waiting if each.service is service), key=_longest_first)
        for service in sorted({each.service for each in waiting})
    }
    whole = {service: len(queue) + moving[service] for service, queue in queues.items()}
    chosen: list[VehicleNo] = []
    while len(chosen) < room and any(queues.values()):
        service = min(
            (each for each, queue in queues.items() if queue),
            key=lambda each: (due[each] <= 0, moving[each] / whole[each], whole[each], each),
        )
        due[service] -= 1
        chosen.append(queues[service].pop(0).vehicle_no)
        moving[service] += 1
    return chosen


def _longest_first(each: Waiting) -> tuple[bool, float, VehicleNo]:
    moment = 0.0 if each.last_at is None else each.last_at.timestamp()
    return each.last_at is not None, moment, each.vehicle_no
