"""What a calendar shows: what became of slots that have a row, and slots further ahead that have none yet."""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from core.errors import Invalid
from core.ids import ScheduleId
from services.schedules.calendar import Holidays, Slot, slots
from services.schedules.conflicts import double_booked
from services.schedules.kinds import OccurrenceState, WorkKind
from services.schedules.preview_schedule import booked_by
from services.schedules.schedule import Occurrence, Schedule
from services.schedules.store import ScheduleStore

LONGEST_SPAN: Final = timedelta(days=35)
MOST_SHOWN: Final = 3000
IN_THE_WAY: Final = frozenset({OccurrenceState.PLANNED, OccurrenceState.DUE, OccurrenceState.STARTED})
"""What can still clash: the rest is over or does not happen."""
_A_MOMENT: Final = timedelta(microseconds=1)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of a schedule; ``occurrence`` is None while it has no row."""

    schedule: Schedule
    slot: Slot
    occurrence: Occurrence | None = None
    is_double_booked: bool = False

    @property
    def state(self) -> OccurrenceState:
        """Return where it stands; what is not planned yet will be, or is left out."""
        if self.occurrence is not None:
            return self.occurrence.state
        return OccurrenceState.SKIPPED if self.slot.left_out else OccurrenceState.PLANNED


async def read_calendar(
    tx: Transaction,
    reach: Reach,
    *,
    begin: datetime,
    end: datetime,
    kinds: Collection[WorkKind] = (),
    schedule_id: ScheduleId | None = None,
) -> list[Entry]:
    """Return what is due in [begin, end), the earliest first.

    Double booking is found among what is returned. Raises Invalid naming the limit for too long a span or
    too many slots.
    """
    if not timedelta() < end - begin <= LONGEST_SPAN:
        limit = f"later than from, at most {LONGEST_SPAN.days} days"
        raise Invalid("invalid-input", f"the span is {limit}", field="to", limit=limit)
    store = ScheduleStore(tx)
    shown = {
        schedule.schedule_id: schedule
        for schedule in await store.all(reach, kinds=kinds)
        if schedule_id in (None, schedule.schedule_id)
    }
    rows = await store.between(reach, begin=begin, end=end, schedule_id=schedule_id)
    entries = [
        Entry(
            schedule=shown[row.schedule_id],
            slot=Slot(slot_at=row.slot_at, due_at=row.due_at),
            occurrence=row,
        )
        for row in rows
        if row.schedule_id in shown
    ]
    holidays = await store.holidays()
    for schedule in shown.values():
        entries += _not_planned_yet(schedule, holidays, begin, end)
    if len(entries) > MOST_SHOWN:
        raise Invalid("invalid-input", "too much for one calendar", field="to", limit=MOST_SHOWN)
    return _with_clashes(sorted(entries, key=lambda entry: (entry.slot.due_at, entry.schedule.name)))


def _not_planned_yet(schedule: Schedule, holidays: Holidays, begin: datetime, end: datetime) -> list[Entry]:
    if schedule.is_paused:
        return []
    after = max(begin - _A_MOMENT, schedule.planned_until)
    found = slots(schedule.calendar, holidays, after=after, until=end - _A_MOMENT)
    return [Entry(schedule=schedule, slot=slot) for slot in islice(found, MOST_SHOWN + 1)]


def _with_clashes(entries: list[Entry]) -> list[Entry]:
    wanted = [booked_by(entry.schedule, entry.slot) for entry in entries if entry.state in IN_THE_WAY]
    clashing = double_booked(wanted)
    return [
        msgspec.structs.replace(entry, is_double_booked=True)
        if entry.state in IN_THE_WAY and (entry.schedule.schedule_id, entry.slot.slot_at) in clashing
        else entry
        for entry in entries
    ]
