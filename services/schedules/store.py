"""SQL of schedules: every slot one row, every step compare-and-set on the version."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound, VersionMismatch
from core.ids import DistrictCode, OccurrenceId, ScheduleId
from core.kinds import ServiceKind
from services.schedules.calendar import LEFT_OUT, Holiday, Holidays
from services.schedules.kinds import SERVICE_OF, OccurrenceState, WorkKind
from services.schedules.schedule import Occurrence, Schedule
from services.schedules.tables import holidays, occurrences, schedules


class ScheduleStore:
    """Reads and writes schedules and what came of them."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, schedule: Schedule) -> None:
        """Store a new schedule."""
        await self._tx.execute(insert(schedules).values(msgspec.structs.asdict(schedule)))
        tell_changed(self._tx, "schedule", schedule.schedule_id, at=schedule.changed_at)

    async def save(self, before: Schedule, after: Schedule) -> Schedule:
        """Write the next version; raise VersionMismatch when somebody was faster."""
        after = msgspec.structs.replace(after, version=before.version + 1)
        written = await self._tx.execute(
            update(schedules)
            .where(schedules.c.schedule_id == before.schedule_id, schedules.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "the schedule was changed in between; read it again",
                schedule_id=before.schedule_id,
                version=before.version,
            )
        tell_changed(self._tx, "schedule", after.schedule_id, at=after.changed_at)
        return after

    async def hold(self, schedule: Schedule, planned_until: datetime) -> bool:
        """Note how far it is planned; False when it was changed since it was read.

        Whoever holds it so keeps every other planner out until the transaction ends.
        """
        held = await self._tx.execute(
            update(schedules)
            .where(
                schedules.c.schedule_id == schedule.schedule_id,
                schedules.c.version == schedule.version,
                schedules.c.planned_until == schedule.planned_until,
            )
            .values(planned_until=planned_until)
        )
        return bool(held.rowcount == 1)

    async def get(self, schedule_id: ScheduleId, reach: Reach) -> Schedule:
        """Return a schedule within the reach; raise NotFound when there is none."""
        found = await self._schedules(schedules.c.schedule_id == schedule_id, *_reached(schedules, reach))
        if not found:
            raise NotFound("not-found", "there is no such schedule", schedule_id=schedule_id)
        return found[0]

    async def all(self, reach: Reach, *, kinds: Collection[WorkKind] = ()) -> list[Schedule]:
        """Return the schedules within the reach by name; empty ``kinds`` gives every kind."""
        clauses = [schedules.c.kind.in_(sorted(kinds))] if kinds else []
        return await self._schedules(*clauses, *_reached(schedules, reach))

    async def to_keep(self, at: datetime, ahead: datetime) -> list[Schedule]:
        """Return the schedules with a slot to plan before ``ahead`` or with one that is due by ``at``."""
        waiting = exists().where(
            occurrences.c.schedule_id == schedules.c.schedule_id,
            occurrences.c.state == OccurrenceState.PLANNED,
            occurrences.c.due_at <= at,
        )
        return await self._schedules(waiting | (~schedules.c.is_paused & (schedules.c.planned_until < ahead)))

    async def plan(self, occurrence: Occurrence) -> bool:
        """Store an occurrence unless its slot has one; return whether it was new."""
        return await insert_new(self._tx, occurrences, msgspec.structs.asdict(occurrence))

    async def forget_planned(self, schedule_id: ScheduleId, after: datetime) -> None:
        """Remove what is due after a moment and no person has touched: it is planned anew."""
        is_left_out = (occurrences.c.state == OccurrenceState.SKIPPED) & occurrences.c.reason.in_(LEFT_OUT)
        await self._tx.execute(
            delete(occurrences).where(
                occurrences.c.schedule_id == schedule_id,
                (occurrences.c.state == OccurrenceState.PLANNED) | is_left_out,
                occurrences.c.due_at > after,
            )
        )

    async def due(self, schedule_id: ScheduleId, at: datetime) -> list[Occurrence]:
        """Return what is planned and due, the oldest first."""
        return await self._occurrences(
            occurrences.c.schedule_id == schedule_id,
            occurrences.c.state == OccurrenceState.PLANNED,
            occurrences.c.due_at <= at,
        )

    async def overdue(self, at: datetime) -> list[Occurrence]:
        """Return what came due and no vehicle has begun in time."""
        return await self._occurrences(
            occurrences.c.state == OccurrenceState.DUE, occurrences.c.start_by <= at
        )

    async def owed(self, district: DistrictCode) -> Counter[ServiceKind]:
        """Return how many occurrences in a 旗区 came due and have no vehicle, by whose vehicles do them."""
        query = (
            select(occurrences.c.kind, func.count())
            .where(occurrences.c.state == OccurrenceState.DUE, occurrences.c.district == district)
            .group_by(occurrences.c.kind)
        )
        found: Counter[ServiceKind] = Counter()
        for kind, count in await self._tx.execute(query):
            found[SERVICE_OF[WorkKind(kind)]] += count
        return found

    async def occurrence(self, occurrence_id: OccurrenceId, reach: Reach) -> Occurrence:
        """Return an occurrence within the reach; raise NotFound when there is none."""
        found = await self._occurrences(
            occurrences.c.occurrence_id == occurrence_id, *_reached(occurrences, reach)
        )
        if not found:
            raise NotFound("not-found", "there is no such occurrence", occurrence_id=occurrence_id)
        return found[0]

    async def of_slot(self, schedule_id: ScheduleId, slot_at: datetime) -> Occurrence | None:
        """Return the occurrence of a slot, None while it is not planned."""
        found = await self._occurrences(
            occurrences.c.schedule_id == schedule_id, occurrences.c.slot_at == slot_at
        )
        return found[0] if found else None

    async def between(
        self, reach: Reach, *, begin: datetime, end: datetime, schedule_id: ScheduleId | None = None
    ) -> list[Occurrence]:
        """Return occurrences due in [begin, end), the earliest first."""
        clauses = [occurrences.c.due_at >= begin, occurrences.c.due_at < end]
        if schedule_id is not None:
            clauses.append(occurrences.c.schedule_id == schedule_id)
        return await self._occurrences(*clauses, *_reached(occurrences, reach))

    async def move(self, before: Occurrence, after: Occurrence, *, at: datetime) -> Occurrence:
        """Write the occurrence after a step; raise Conflict when somebody else moved it."""
        written = await self._tx.execute(
            update(occurrences)
            .where(
                occurrences.c.occurrence_id == before.occurrence_id, occurrences.c.version == before.version
            )
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise Conflict(
                "conflict", "the occurrence was changed in between", occurrence_id=before.occurrence_id
            )
        tell_changed(self._tx, "occurrence", after.occurrence_id, at=at)
        return after

    async def holidays(self) -> Holidays:
        """Return the days whose weekday does not say whether people work."""
        rows = (await self._tx.execute(select(holidays))).mappings()
        return {row["day"]: read_row(row, Holiday) for row in rows}

    async def put_holidays(self, days: Iterable[Holiday]) -> Sequence[date]:
        """Make these the known holidays of their years; return the days that changed."""
        wanted = {holiday.day: holiday for holiday in days}
        known = await self.holidays()
        years = {day.year for day in wanted}
        gone = [day for day in known if day.year in years and day not in wanted]
        changed = [day for day, holiday in wanted.items() if known.get(day) != holiday]
        if gone or changed:
            await self._tx.execute(delete(holidays).where(holidays.c.day.in_([*gone, *changed])))
        if changed:
            await self._tx.execute(insert(holidays), [msgspec.structs.asdict(wanted[day]) for day in changed])
        return [*gone, *changed]

    async def _schedules(self, *clauses: ColumnElement[bool]) -> list[Schedule]:
        query = select(schedules).where(*clauses).order_by(schedules.c.name, schedules.c.schedule_id)
        return [read_row(row, Schedule) for row in (await self._tx.execute(query)).mappings()]

    async def _occurrences(self, *clauses: ColumnElement[bool]) -> list[Occurrence]:
        query = (
            select(occurrences).where(*clauses).order_by(occurrences.c.due_at, occurrences.c.occurrence_id)
        )
        return [read_row(row, Occurrence) for row in (await self._tx.execute(query)).mappings()]


def _reached(table: Any, reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (within(table.c.district, reach.districts), within(table.c.operator, reach.operators))
