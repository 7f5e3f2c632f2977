"""Schedules over one database, with keepers that a test runs by hand."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.database import Database
from core.ids import ScheduleId
from services.schedules.calendar import Calendar, Cron, SlotChange
from services.schedules.edit_schedule import Draft, change_schedule, change_slot, make_schedule
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import OccurrenceState, WorkKind
from services.schedules.schedule import Occurrence, Schedule
from services.schedules.store import ScheduleStore
from tests.conftest import SettableClock
from tests.integration.fleet.builders import a_principal
from tests.integration.services.schedules.logbook import BEAT, Logbook

HOURLY = Calendar(timing=Cron(expression="0 * * * *"), zone="Asia/Shanghai")
LEAD = a_principal(Role.SHIFT_LEAD)
S = OccurrenceState


def a_draft(**changes: Any) -> Draft:
    draft = Draft(name="夜巡", kind=WorkKind.PATROL_BEAT, subject_id=BEAT.subject_id, calendar=HOURLY)
    return msgspec.structs.replace(draft, **changes)


class Office:
    """Schedules over one database, with keepers that a test runs by hand."""

    def __init__(self, database: Database, clock: SettableClock) -> None:
        self.database = database
        self.clock = clock
        self.book = Logbook()
        self.plugged = {WorkKind.PATROL_BEAT: self.book}

    def keeper(self) -> ScheduleKeeper:
        return ScheduleKeeper(self.database, self.clock, self.plugged)

    async def make(self, **changes: Any) -> Schedule:
        async with self.database.write() as tx:
            return await make_schedule(tx, LEAD, self.plugged, a_draft(**changes), at=self.clock.now())

    async def change(self, schedule: Schedule, **changes: Any) -> Schedule:
        async with self.database.write() as tx:
            return await change_schedule(
                tx,
                LEAD,
                self.plugged,
                schedule.schedule_id,
                a_draft(**changes),
                version=schedule.version,
                at=self.clock.now(),
            )

    async def change_slot(
        self, schedule: Schedule, slot_at: datetime, move_to: datetime | None = None, **more: Any
    ) -> Schedule:
        change = SlotChange(slot_at=slot_at, move_to=move_to, reason="道路施工")
        given: dict[str, Any] = {
            "is_restored": False,
            "version": schedule.version,
            "at": self.clock.now(),
        } | more
        async with self.database.write() as tx:
            return await change_slot(tx, LEAD, schedule.schedule_id, change, **given)

    async def pass_hours(self, hours: float) -> None:
        self.clock.advance(hours * 3600)
        await self.keeper().keep_once()

    async def rows(self) -> list[Occurrence]:
        """Return the occurrences of the last days, and those to come within a day."""
        at = self.clock.now()
        async with self.database.read() as tx:
            return await ScheduleStore(tx).between(
                EVERYTHING, begin=at - timedelta(days=30), end=at + timedelta(days=1)
            )

    async def past(self) -> list[tuple[int, OccurrenceState]]:
        """Return hour (Shanghai) and state of every slot until now."""
        now = self.clock.now()
        return [((row.slot_at.hour + 8) % 24, row.state) for row in await self.rows() if row.slot_at <= now]

    async def current(self, schedule_id: ScheduleId) -> Schedule:
        async with self.database.read() as tx:
            return await ScheduleStore(tx).get(schedule_id, EVERYTHING)
