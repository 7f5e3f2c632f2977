"""What a rehearsed day is judged by: what fell due in it, not what falls due as it ends."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest

from core.database import Database
from core.ids import VehicleNo
from fleet.vehicles.last_heard import LastHeard
from services.schedules.kinds import OccurrenceState
from steppe.rehearsal.scenario import Window
from steppe.rehearsal.verdict import read_end
from tests.conftest import SettableClock
from tests.integration.services.schedules.office import Office

BEGINS = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)


class _NobodyHeard:
    async def last_heard(self, _numbers: Collection[VehicleNo]) -> dict[VehicleNo, LastHeard]:
        return {}


@pytest.mark.parametrize(
    ("hours", "due"), [(0.5, 0), (0.51, 1), (1.5, 1), (2.5, 2)], ids=["as it ends", "in it", "two", "three"]
)
async def test_a_schedule_that_falls_due_as_the_day_ends_is_the_next_days(
    sqlite_database: Database, clock: SettableClock, hours: float, due: int
) -> None:
    clock.set(BEGINS)
    office = Office(sqlite_database, clock)
    await office.make(start_within_s=1200)
    await office.keeper().keep_once()
    await office.pass_hours(3)
    window = Window(begins=BEGINS, ends=BEGINS + timedelta(hours=hours))
    end = await read_end(sqlite_database, _NobodyHeard(), window, clock.now())
    assert len(end.slots) == due
    assert all(state != OccurrenceState.PLANNED for _, _, state, _ in end.slots)
