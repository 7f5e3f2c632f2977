"""The keeper of schedules: plans slots ahead, makes them due, calls what nobody began missed.

Any number may run, sleep for hours and be killed anywhere. A slot is one row (unique by schedule and slot);
the step to ``due`` is compare-and-set, and what the occurrence starts is written in the same transaction
with its outbox message. So each starts its work once or, by the misfire policy, not at all, and says so.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from core.clock import Clock
from core.crashpoints import reach as crash_point
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition, NotFound
from core.ids import OccurrenceId, new_id
from core.repeating import repeat
from fleet.weather.recall_store import RecallStore
from services.orders.zone import want_dispatch
from services.schedules.calendar import Holidays, Slot, slots
from services.schedules.kinds import SERVICE_OF, OccurrenceEvent, OccurrenceState
from services.schedules.misfire import MISFIRED, which_run
from services.schedules.port import Plugged
from services.schedules.schedule import Occurrence, Schedule, advance, come_due
from services.schedules.settle_occurrence import WEATHER
from services.schedules.store import ScheduleStore

AHEAD: Final = timedelta(hours=48)
"""So far ahead slots have a row: they can be excused and are counted whatever happens."""
REFILL: Final = timedelta(hours=1)
"""A schedule is planned on when so much of the time ahead is used up."""
MOST_AT_ONCE: Final = 300
"""Slots that one transaction plans; after a long outage the next turns plan on."""
ON_TIME: Final = timedelta(seconds=120)
"""So late an occurrence still counts as on time."""
ON_TIME_WALL_S: Final = 20.0
"""The same on the wall, for city time that runs fast."""
NOT_STARTED: Final = "not_started"
"""Nobody could begin it, because the vehicles of its service were called in: that is nobody's fault."""

_log = structlog.get_logger("services.schedules")


class ScheduleKeeper:
    """Brings about what time alone brings about; several may run."""

    def __init__(self, database: Database, clock: Clock, plugged: Plugged, *, every_s: float = 5.0) -> None:
        """Take the store, what occurrences of each kind do, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._plugged = plugged
        self._every_s = every_s

    async def keep_once(self) -> int:
        """Do what is due and return how many occurrences moved. Raises Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            store = ScheduleStore(tx)
            waiting = await store.to_keep(at, at + AHEAD - REFILL)
            overdue = await store.overdue(at)
            holidays = await store.holidays()
        moved = 0
        for schedule in waiting:
            if schedule.kind in self._plugged:
                moved += await self._keep(schedule, holidays, at)
        for occurrence in overdue:
            moved += await self._miss(occurrence, at)
        return moved

    async def _keep(self, schedule: Schedule, holidays: Holidays, at: datetime) -> int:
        is_planned = schedule.is_paused or schedule.planned_until >= at + AHEAD - REFILL
        until = schedule.planned_until if is_planned else at + AHEAD
        planned = [
            slot
            for slot, _ in zip(
                slots(schedule.calendar, holidays, after=schedule.planned_until, until=until),
                range(MOST_AT_ONCE + 1),
                strict=False,
            )
        ]
        if len(planned) > MOST_AT_ONCE:
            planned.pop()
            until = planned[-1].due_at
        try:
            async with self._database.write() as tx:
                store = ScheduleStore(tx)
                if not await store.hold(schedule, until):
                    return 0
                for slot in planned:
                    await store.plan(_occurrence(schedule, slot, at))
                crash_point("between_claims")
                return await self._make_due(tx, schedule, at)
        except (Conflict, IllegalTransition):
            return 0

    async def _make_due(self, tx: Transaction, schedule: Schedule, at: datetime) -> int:
        dues = await ScheduleStore(tx).due(schedule.schedule_id, at)
        on_time = max(ON_TIME, timedelta(seconds=ON_TIME_WALL_S * self._clock.rate))
        runs = which_run(
            [occurrence.due_at for occurrence in dues],
            schedule.misfire,
            at=at,
            on_time=on_time,
            grace=timedelta(seconds=schedule.grace_s),
        )
        for occurrence, is_run in zip(dues, runs, strict=True):
            if is_run:
                await self._start(tx, schedule, occurrence, at)
            else:
                await _skip(tx, occurrence, MISFIRED, at)
        return len(dues)

    async def _start(self, tx: Transaction, schedule: Schedule, planned: Occurrence, at: datetime) -> None:
        due = come_due(planned, schedule.start_within_s, at=at)
        try:
            hindrance = await self._plugged[schedule.kind].came_due(tx, due, at=at)
        except NotFound:
            hindrance = "subject_gone"
        if hindrance is not None:
            await _skip(tx, planned, hindrance, at)
            return
        await ScheduleStore(tx).move(planned, due, at=at)
        await want_dispatch(tx, due.district, at=at)

    async def _miss(self, occurrence: Occurrence, at: datetime) -> int:
        work = self._plugged.get(occurrence.kind)
        try:
            async with self._database.write() as tx:
                event, reason = OccurrenceEvent.MISSED, NOT_STARTED
                if await _is_recalled(tx, occurrence):
                    event, reason = OccurrenceEvent.EXCUSED, WEATHER
                over = advance(occurrence, event, at=at, reason=reason)
                await ScheduleStore(tx).move(occurrence, over, at=at)
                if work is not None:
                    await work.withdrawn(tx, over, at=at)
        except (Conflict, IllegalTransition):
            return 0
        _log.warning(
            "occurrence_not_begun", schedule=occurrence.schedule_id, due_at=f"{occurrence.due_at}", why=reason
        )
        return 1

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("schedules", self.keep_once, self._every_s, stop)


async def _is_recalled(tx: Transaction, occurrence: Occurrence) -> bool:
    """Return whether the weather kept the vehicles of an occurrence in when they were to begin, or since."""
    service = SERVICE_OF.get(occurrence.kind)
    if service is None:
        return False
    recalls = RecallStore(tx)
    return await recalls.kept_in(occurrence.district, service, occurrence.operator, since=occurrence.due_at)


async def _skip(tx: Transaction, planned: Occurrence, reason: str, at: datetime) -> None:
    skipped = advance(planned, OccurrenceEvent.SKIPPED, at=at, reason=reason)
    await ScheduleStore(tx).move(planned, skipped, at=at)


def _occurrence(schedule: Schedule, slot: Slot, at: datetime) -> Occurrence:
    planned = Occurrence(
        occurrence_id=OccurrenceId(new_id()),
        schedule_id=schedule.schedule_id,
        slot_at=slot.slot_at,
        due_at=slot.due_at,
        kind=schedule.kind,
        subject_id=schedule.subject_id,
        district=schedule.district,
        operator=schedule.operator,
        vehicle_no=schedule.vehicle_no,
    )
    if not slot.left_out:
        return planned
    return msgspec.structs.replace(planned, state=OccurrenceState.SKIPPED, reason=slot.left_out, closed_at=at)
