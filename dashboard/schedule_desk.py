"""What operators do with schedules, with the sheet of the schedule as the answer."""

from datetime import datetime

import msgspec

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import OccurrenceId, ScheduleId
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import moment_of
from dashboard.schemas.schedules import (
    CalendarView,
    ChangedSchedule,
    NewSchedule,
    OccurrenceView,
    SchedulePreviewView,
    ScheduleView,
    SlotException,
    SubjectList,
    TriedSchedule,
    Why,
    calendar_view,
    draft_of,
    occurrence_view,
    preview_view,
    schedule_view,
    subject_list,
)
from services.schedules.calendar import SlotChange
from services.schedules.edit_schedule import change_schedule, change_slot, draw_up, make_schedule
from services.schedules.halt_schedule import end_schedule, pause_schedule
from services.schedules.kinds import WorkKind
from services.schedules.preview_schedule import preview_schedule
from services.schedules.read_calendar import read_calendar
from services.schedules.settle_occurrence import excuse_occurrence
from services.schedules.store import ScheduleStore


class ScheduleDesk:
    """Reads and changes schedules for one person."""

    def __init__(self, parts: DashboardParts, principal: Principal) -> None:
        """Take the stores and who acts."""
        self._parts = parts
        self._principal = principal
        self._reach = reach_of(principal)

    async def subjects(self, kind: WorkKind | None) -> SubjectList:
        """Return what may be scheduled within the reach."""
        plugged = self._parts.scheduled
        async with self._parts.database.read() as tx:
            found = [
                (each, subject)
                for each, work in plugged.items()
                if kind in (None, each)
                for subject in await work.subjects(tx, self._reach)
            ]
        return subject_list(found, plugged)

    async def make(self, data: NewSchedule, repeated: Repeated) -> ScheduleView:
        """Store a new schedule once. Raises Invalid by field, NotFound."""
        draft, at = draft_of(data, self._zone()), self._parts.clock.now()

        async def work(tx: Transaction) -> ScheduleView:
            return schedule_view(
                await make_schedule(tx, self._principal, self._parts.scheduled, draft, at=at)
            )

        database, wall = self._parts.database, self._parts.clock.wall()
        return await answer_once(database, repeated, ScheduleView, work, status=201, wall=wall)

    async def change(self, schedule_id: ScheduleId, data: ChangedSchedule) -> ScheduleView:
        """Replace what is said about a schedule. Raises Invalid by field, NotFound, VersionMismatch."""
        async with self._parts.database.write() as tx:
            before = await ScheduleStore(tx).get(schedule_id, self._reach)
            draft = draft_of(data, self._zone(), is_paused=before.is_paused)
            changed = await change_schedule(
                tx,
                self._principal,
                self._parts.scheduled,
                schedule_id,
                draft,
                version=data.version,
                at=self._parts.clock.now(),
            )
        return schedule_view(changed)

    async def pause(self, schedule_id: ScheduleId, data: Why, *, is_paused: bool) -> ScheduleView:
        """Pause a schedule or let it go on. Raises NotFound, VersionMismatch, Conflict."""
        async with self._parts.database.write() as tx:
            done = await pause_schedule(
                tx,
                self._principal,
                schedule_id,
                is_paused=is_paused,
                reason=data.reason,
                version=data.version,
                at=self._parts.clock.now(),
            )
        return schedule_view(done)

    async def end(self, schedule_id: ScheduleId, data: Why) -> ScheduleView:
        """End a schedule for good. Raises NotFound, VersionMismatch, Conflict."""
        async with self._parts.database.write() as tx:
            done = await end_schedule(
                tx,
                self._principal,
                schedule_id,
                reason=data.reason,
                version=data.version,
                at=self._parts.clock.now(),
            )
        return schedule_view(done)

    async def except_slot(self, schedule_id: ScheduleId, data: SlotException) -> ScheduleView:
        """Move one occurrence, leave it out, or put it back. Raises Invalid by field, Conflict."""
        clock = self._parts.clock
        change = SlotChange(
            slot_at=moment_of(data.slot_at, clock, field="slotAt"),
            move_to=None if data.move_to is None else moment_of(data.move_to, clock, field="moveTo"),
            reason=data.reason,
        )
        async with self._parts.database.write() as tx:
            done = await change_slot(
                tx,
                self._principal,
                schedule_id,
                change,
                is_restored=data.is_restored,
                version=data.version,
                at=clock.now(),
            )
        return schedule_view(done)

    async def preview(self, schedule_id: ScheduleId) -> SchedulePreviewView:
        """Return what a stored schedule will do. Raises NotFound."""
        async with self._parts.database.read() as tx:
            schedule = await ScheduleStore(tx).get(schedule_id, self._reach)
            return preview_view(await preview_schedule(tx, schedule, self._reach, at=self._parts.clock.now()))

    async def try_out(self, data: TriedSchedule) -> SchedulePreviewView:
        """Return what a schedule would do; nothing is stored. Raises Invalid by field, NotFound."""
        at, draft = self._parts.clock.now(), draft_of(data, self._zone())
        async with self._parts.database.read() as tx:
            drawn = await draw_up(
                tx, self._parts.scheduled, draft, self._reach, by_name=self._principal.name, at=at
            )
            if data.schedule_id is not None:
                before = await ScheduleStore(tx).get(ScheduleId(data.schedule_id), self._reach)
                calendar = msgspec.structs.replace(drawn.calendar, changes=before.calendar.changes)
                drawn = msgspec.structs.replace(drawn, schedule_id=before.schedule_id, calendar=calendar)
            return preview_view(await preview_schedule(tx, drawn, self._reach, at=at))

    async def calendar(
        self, begin: datetime, end: datetime, kind: WorkKind | None, schedule_id: str | None
    ) -> CalendarView:
        """Return what is due in a span. Raises Invalid for a span that is too long."""
        async with self._parts.database.read() as tx:
            entries = await read_calendar(
                tx,
                self._reach,
                begin=begin,
                end=end,
                kinds=() if kind is None else (kind,),
                schedule_id=None if schedule_id is None else ScheduleId(schedule_id),
            )
            holidays = await ScheduleStore(tx).holidays()
        zone = self._parts.city.zone
        first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
        named = [each for day, each in holidays.items() if first <= day <= last]
        return calendar_view(entries, named, begin=begin, end=end, at=self._parts.clock.now())

    async def excuse(self, occurrence_id: OccurrenceId, data: Why) -> OccurrenceView:
        """Excuse an occurrence. Raises NotFound, VersionMismatch, IllegalTransition."""
        done = await excuse_occurrence(
            self._parts.database,
            self._principal,
            self._parts.scheduled,
            occurrence_id,
            reason=data.reason,
            version=data.version,
            at=self._parts.clock.now(),
        )
        async with self._parts.database.read() as tx:
            return occurrence_view(done, await ScheduleStore(tx).get(done.schedule_id, self._reach))

    def _zone(self) -> str:
        return str(self._parts.city.zone)
