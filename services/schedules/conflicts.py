"""Two schedules that want the same vehicle, zone or charger at once. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from core.ids import ScheduleId


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What one occurrence holds from ``begin`` to ``end``, as keys such as ``vehicle:7``."""

    schedule_id: ScheduleId
    name: str
    slot_at: datetime
    begin: datetime
    end: datetime
    holds: frozenset[str]


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence of another schedule that overlaps one of ours, and what both want."""

    slot_at: datetime
    """Of ours."""
    with_schedule: ScheduleId
    with_name: str
    with_begin: datetime
    holds: tuple[str, ...]


def clashes(ours: Iterable[Booked], others: Iterable[Booked]) -> list[Clash]:
    """Return every overlap, by our time; two that only touch (one ends as the other begins) do not overlap.

    A schedule clashes with itself too, when it lasts longer than the time to its next occurrence.
    """
    known = sorted(others, key=lambda booked: booked.begin)
    found = [
        Clash(
            slot_at=mine.slot_at,
            with_schedule=other.schedule_id,
            with_name=other.name,
            with_begin=other.begin,
            holds=tuple(sorted(mine.holds & other.holds)),
        )
        for mine in ours
        for other in known
        if (mine.schedule_id, mine.slot_at) != (other.schedule_id, other.slot_at)
        and mine.holds & other.holds
        and other.begin < mine.end
        and mine.begin < other.end
    ]
    return sorted(found, key=lambda clash: (clash.slot_at, clash.with_begin, clash.with_schedule))


def double_booked(bookings: Iterable[Booked]) -> frozenset[tuple[ScheduleId, datetime]]:
    """Return (schedule, slot) of everything that overlaps another and wants the same."""
    by_hold: dict[str, list[Booked]] = {}
    for booked in sorted(bookings, key=lambda booked: booked.begin):
        for hold in booked.holds:
            by_hold.setdefault(hold, []).append(booked)
    found: set[tuple[ScheduleId, datetime]] = set()
    for wanting in by_hold.values():
        latest = wanting[0]
        for booked in wanting[1:]:
            if booked.begin < latest.end:
                found |= {(each.schedule_id, each.slot_at) for each in (booked, latest)}
            latest = max(latest, booked, key=lambda each: each.end)
    return frozenset(found)
