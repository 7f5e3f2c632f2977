"""The next thirty occurrences of a schedule, stored or only drawn up, with what they clash with."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from services.schedules.calendar import LONGEST_LOOK, Holidays, Slot, slots
from services.schedules.conflicts import Booked, Clash, clashes
from services.schedules.schedule import Schedule
from services.schedules.store import ScheduleStore

SHOWN: Final = 30
MOST_OF_OTHERS: Final = 400
"""Occurrences of each other schedule that are compared."""
MOST_CLASHES: Final = 200


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a schedule will do."""

    slots: tuple[Slot, ...]
    clashes: tuple[Clash, ...]


async def preview_schedule(tx: Transaction, schedule: Schedule, reach: Reach, *, at: datetime) -> Preview:
    """Return up to thirty slots due after ``at`` with the clashes among schedules within the reach.

    Fewer than thirty when the calendar has no more within 400 days. A paused schedule clashes with nothing,
    and nothing with it, but shows when it would be due.
    """
    store = ScheduleStore(tx)
    holidays = await store.holidays()
    found = tuple(islice(slots(schedule.calendar, holidays, after=at, until=at + LONGEST_LOOK), SHOWN))
    if not found or schedule.is_paused:
        return Preview(slots=found, clashes=())
    others = [
        other
        for other in await store.all(reach)
        if other.schedule_id != schedule.schedule_id and not other.is_paused and _share(schedule, other)
    ]
    ours = [booked_by(schedule, slot) for slot in found if not slot.left_out]
    end = found[-1].due_at + timedelta(seconds=schedule.lasts_s)
    theirs = [booked for other in others for booked in _bookings(other, holidays, at, end)]
    return Preview(slots=found, clashes=tuple(clashes(ours, [*ours, *theirs])[:MOST_CLASHES]))


def _share(one: Schedule, other: Schedule) -> bool:
    return not set(one.holds).isdisjoint(other.holds)


def _bookings(schedule: Schedule, holidays: Holidays, at: datetime, end: datetime) -> list[Booked]:
    begin = at - timedelta(seconds=schedule.lasts_s)
    found = islice(slots(schedule.calendar, holidays, after=begin, until=end), MOST_OF_OTHERS)
    return [booked_by(schedule, slot) for slot in found if not slot.left_out]


def booked_by(schedule: Schedule, slot: Slot) -> Booked:
    """Return what one slot of a schedule holds, and how long."""
    return Booked(
        schedule_id=schedule.schedule_id,
        name=schedule.name,
        slot_at=slot.slot_at,
        begin=slot.due_at,
        end=slot.due_at + timedelta(seconds=schedule.lasts_s),
        holds=frozenset(schedule.holds),
    )
