"""Days closed from real history files on both databases: once each, corrected only with a reason."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core import keys
from core.auth.principal import EVERYTHING, Reach
from core.database import Database
from core.errors import Conflict
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.redis import connect
from fleet.days.durable import DurableMark
from fleet.days.keep_days import SETTLE_MS, DayKeeper, settled_ms
from fleet.days.store import DayFilter, DayPlace, DayStore
from fleet.telemetry.records import entry_fields
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.kinds import Duty
from fleet.vehicles.move_duty import move_duty
from fleet.vehicles.paper_store import CompanyStore, VehicleModel
from fleet.vehicles.tables import vehicles
from tests.conftest import SettableClock
from tests.integration.fleet.builders import working_vehicles
from tests.integration.fleet.days.town import AFTER, CITY, Town
from tests.unit.fleet.days.drives import DAY, MIDNIGHT, SPAN, at, drive, frames


async def test_a_closed_day_has_a_row_for_every_vehicle_and_says_what_it_drove(town: Town) -> None:
    await working_vehicles(town.database, 7, 9)
    town.write(drive(at(11), 600), drive(at(12), 100, number=9, mode_flags=2))
    report = await town.closer().close(DAY)
    assert (report.vehicles, report.frames, report.added, report.corrected) == (2, 702, 2, 0)
    seven, nine = await town.rows()
    assert (seven.revision, seven.reason, seven.computed_at) == (1, None, AFTER)
    assert seven.body.metres == pytest.approx(2400, abs=1)
    assert [part.mode for part in nine.body.parts] == ["remote_drive"]
    async with town.database.read() as tx:
        assert await DayStore(tx).has_closed(DAY)


async def test_energy_is_the_battery_used_of_what_the_models_data_sheet_says(town: Town) -> None:
    await working_vehicles(town.database, 7, 9)
    async with town.database.write() as tx:
        await CompanyStore(tx).put_model(VehicleModel(model="other", maker=MakerId("m"), battery_wh=1.0))
        await tx.execute(update(vehicles).where(vehicles.c.vehicle_no == 7).values(hardware_model="known"))
        await CompanyStore(tx).put_model(VehicleModel(model="known", maker=MakerId("m"), battery_wh=12_000.0))
    before, after = drive(at(11), 60, battery_200=150), drive(at(12), 60, battery_200=140)
    other = drive(at(11), 60, number=9)
    town.write(before, after, other)
    await town.closer().close(DAY)
    seven, nine = await town.rows()
    assert seven.body.kwh == pytest.approx(0.05 * 12)
    assert nine.body.kwh is None


async def test_closing_again_writes_nothing(town: Town) -> None:
    await working_vehicles(town.database, 7)
    town.write(drive(at(11), 60))
    await town.closer().close(DAY)
    before = await town.rows()
    town.clock.advance(60)
    again = await town.closer().close(DAY)
    assert (again.added, again.corrected) == (0, 0)
    assert await town.rows() == before


async def test_two_that_close_at_once_leave_one_row_a_vehicle(town: Town) -> None:
    await working_vehicles(town.database, *range(1, 30))
    town.write(*(drive(at(11), 60, number=number) for number in range(1, 30)))
    reports = await asyncio.gather(*(town.closer().close(DAY) for _ in range(3)))
    assert {report.vehicles for report in reports} == {29}
    found = [await town.revisions(number) for number in range(1, 30)]
    assert [[row.revision for row in rows] for rows in found] == [[1]] * 29


async def test_a_day_that_is_not_over_is_not_closed(town: Town) -> None:
    with pytest.raises(Conflict, match="not over"):
        await town.closer().close(DAY + timedelta(days=1))


async def test_duties_of_the_day_are_those_that_were_held_then(town: Town) -> None:
    await working_vehicles(town.database, 7)
    moments = ((13, DutyEvent.SENT_TO_STOP), (14, DutyEvent.TASK_ENDED), (25, DutyEvent.SENT_TO_STOP))
    for hour, event in moments:
        async with town.database.write() as tx:
            moment = datetime.fromtimestamp(at(hour) / 1000, UTC)
            await move_duty(tx, VehicleNo(7), event, at=moment)
    await town.closer().close(DAY)
    [row] = await town.rows()
    registered_at = 10
    assert row.body.minutes_by_duty == {Duty.IDLE: (24 - registered_at - 1) * 60, Duty.TO_STOP: 60}


async def test_rows_outside_the_reach_are_not_seen(town: Town) -> None:
    await working_vehicles(town.database, 7)
    await working_vehicles(town.database, 9, district="DS", operator="op-b")
    await town.closer().close(DAY)
    ours = Reach(districts=frozenset({DistrictCode("DS")}), operators=frozenset({OperatorId("op-b")}))
    assert [row.body.vehicle_no for row in await town.rows(reach=ours)] == [9]
    none = Reach(districts=frozenset({DistrictCode("DS")}), operators=frozenset({OperatorId("op-a")}))
    assert await town.rows(reach=none) == []
    async with town.database.read() as tx:
        span = DayFilter(first=DAY, last=DAY)
        assert await DayStore(tx).revisions(ours, DAY, VehicleNo(7)) == []
        assert (await DayStore(tx).sums(ours, span)).vehicle_days == 1
        assert (await DayStore(tx).sums(none, span)).vehicle_days == 0


async def test_pages_give_every_row_once_and_sums_count_only_what_counts(town: Town) -> None:
    await working_vehicles(town.database, 1, 2, 3)
    town.write(*(drive(at(11), 100, number=number) for number in (1, 2, 3)))
    await town.closer().close(DAY)
    town.write(drive(at(15), 100, number=2))
    await town.closer().correct_late()
    found, after = [], None
    while True:
        async with town.database.read() as tx:
            page = await DayStore(tx).page(EVERYTHING, DayFilter(first=DAY, last=DAY), after=after, limit=1)
        if not page:
            break
        found += [(row.body.vehicle_no, row.revision) for row in page]
        after = DayPlace(page[-1].body.day, page[-1].body.vehicle_no)
    assert found == [(1, 1), (2, 2), (3, 1)]
    async with town.database.read() as tx:
        sums = await DayStore(tx).sums(EVERYTHING, DayFilter(first=DAY, last=DAY))
    assert (sums.vehicle_days, sums.vehicles, sums.days, sums.corrected) == (3, 3, 1, 1)
    assert sums.metres == pytest.approx(1600, abs=2)
    assert (sums.orders, sums.m2) == (None, None)


async def test_without_a_closed_day_closing_begins_with_the_history(town: Town) -> None:
    assert await town.closer().pending(settled_ms(town.clock)) == []
    town.write(frames([MIDNIGHT - 3_600_000]))
    assert await town.closer().pending(settled_ms(town.clock)) == [DAY - timedelta(days=1), DAY]
    town.clock.set(AFTER - timedelta(minutes=6))
    assert await town.closer().pending(settled_ms(town.clock)) == [DAY - timedelta(days=1)]


CLOSE = """
import asyncio, sys
from pathlib import Path
from core import crashpoints
from core.database import Database
from tests.integration.fleet.days.town import DAY, Town

async def main():
    town = Town(await Database.open(sys.argv[1]), Path(sys.argv[2]))
    crashpoints.arm(sys.argv[3], int(sys.argv[4]))
    await town.closer().close(DAY)

import fleet.days.close_day as module
module.VEHICLES_AT_ONCE = 2
asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["before_day_rows", "after_day_rows", "before_commit", "before_day_closed"])
@pytest.mark.parametrize("passes", [0, pytest.param(1, marks=pytest.mark.thorough)])
async def test_a_close_that_is_killed_between_any_two_steps_is_finished_by_the_next(
    sqlite_database: Database, tmp_path: Path, point: str, passes: int
) -> None:
    town = Town(sqlite_database, tmp_path / "history")
    await working_vehicles(town.database, 1, 2, 3, 4, 5)
    town.write(*(drive(at(11), 60, number=number) for number in range(1, 6)))
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    words = [sys.executable, "-c", CLOSE, url, str(town.folder), point, str(passes)]
    killed = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=60)
    expected = 0 if (point, passes) == ("before_day_closed", 1) else -9
    assert killed.returncode == expected, killed.stderr
    await town.closer().close(DAY)
    found = [await town.revisions(number) for number in range(1, 6)]
    assert [[(row.revision, row.reason) for row in rows] for rows in found] == [[(1, None)]] * 5
    assert all(rows[0].body.metres == pytest.approx(240, abs=1) for rows in found)


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Any]:
    opened = connect(valkey_url)
    yield opened
    await opened.aclose()


async def test_a_day_waits_until_its_positions_are_on_disk(redis: Any) -> None:
    clock = SettableClock(AFTER)
    mark = DurableMark(redis, clock, partitions=2)
    closes_ms = SPAN.to_ms + SETTLE_MS
    assert await mark.has_passed(closes_ms), "nothing was ever said"
    before = f"{closes_ms - 1000}-0"
    await redis.xadd(keys.telemetry(1), entry_fields(closes_ms - 1000, drive(at(11), 1), None), id=before)
    assert not await mark.has_passed(closes_ms), "the archiver has not said anything"
    await redis.hset(keys.durable(), "1", f"{closes_ms - 5000}-0")
    assert not await mark.has_passed(closes_ms), "the archiver is behind"
    await redis.hset(keys.durable(), "1", before)
    assert await mark.has_passed(closes_ms), "nothing lies beyond the mark"
    later = f"{closes_ms + 1000}-0"
    await redis.xadd(keys.telemetry(1), entry_fields(closes_ms + 1000, drive(at(11), 1), None), id=later)
    assert not await mark.has_passed(closes_ms)
    await redis.hset(keys.durable(), "1", f"{closes_ms + 1}-0")
    assert await mark.has_passed(closes_ms), "what lies beyond was received later"
    clock.set(AFTER - timedelta(minutes=6))
    assert not await mark.has_passed(closes_ms), "the day has not settled"


async def test_the_keeper_closes_a_day_once_and_then_looks_for_late_frames_now_and_then(
    redis: Any, sqlite_database: Database, tmp_path: Path
) -> None:
    town = Town(sqlite_database, tmp_path / "history")
    await working_vehicles(town.database, 7)
    town.write(drive(at(11), 60))
    ran: list[int] = []

    async def start(_stop: asyncio.Event) -> int:
        ran.append(len(ran))
        for day in await town.closer().pending(settled_ms(town.clock)):
            await town.closer().close(day)
        await town.closer().correct_late()
        return 0

    mark = DurableMark(redis, town.clock, partitions=2)
    keeper = DayKeeper(town.database, town.clock, mark, CITY, start, late_every_s=600)
    assert [await keeper.look_once() for _ in range(3)] == [True, False, False]
    assert len(await town.rows()) == 1
    town.clock.advance(601)
    assert await keeper.look_once()
    assert len(ran) == 2
