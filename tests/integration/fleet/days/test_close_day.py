"""Days closed from real history files on both databases: once each, corrected only with a reason."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from core import keys
from core.auth.principal import EVERYTHING, Reach
from core.database import Database
from core.errors import Conflict
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.redis import connect
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.days.close_day import LATE_FACTS, LATE_FRAMES, DayCloser
from fleet.days.durable import DurableMark
from fleet.days.frames import DayFrames
from fleet.days.gather import Counted
from fleet.days.keep_days import SETTLE_MS, DayKeeper, settled_ms
from fleet.days.store import DayFilter, DayPlace, DayStore, StoredDay
from fleet.history.compact import Compactor
from fleet.history.files import RawFiles
from fleet.history.layout import POSITIONS
from fleet.history.ledger import Level
from fleet.telemetry.records import STREAM_STATUS, Records, entry_fields
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.kinds import Duty
from fleet.vehicles.move_duty import move_duty
from fleet.vehicles.paper_store import CompanyStore, VehicleModel
from fleet.vehicles.tables import vehicles
from tests.conftest import SettableClock
from tests.integration.fleet.builders import working_vehicles
from tests.unit.fleet.days.drives import DAY, MIDNIGHT, SPAN, at, drive, frames

CITY = ZoneInfo("Asia/Shanghai")
AFTER = datetime(2026, 7, 1, 16, 10, tzinfo=UTC)
"""Ten minutes after the midnight that ends the day."""
NO_STATUS = np.zeros(0, STREAM_STATUS)


class Town:
    """A database, a history folder and a clock, ten minutes after the day."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.clock = SettableClock(AFTER)
        self.files = RawFiles(folder)
        self.files.prepare()

    def closer(self, **changes: Any) -> DayCloser:
        return DayCloser(
            self.database,
            self.clock,
            DayFrames(self.folder),
            CITY,
            silence_ms=60_000,
            **changes,
        )

    def write(self, *parts: Records) -> None:
        for records in parts:
            self.files.write(
                records, records["measured_ms"] + 50, NO_STATUS, {0: "1-0"}, int(records["measured_ms"].max())
            )

    async def rows(self, day: date = DAY, reach: Reach = EVERYTHING) -> list[StoredDay]:
        async with self.database.read() as tx:
            return await DayStore(tx).page(reach, DayFilter(first=day, last=day))

    async def revisions(self, number: int) -> list[StoredDay]:
        async with self.database.read() as tx:
            return await DayStore(tx).revisions(EVERYTHING, DAY, VehicleNo(number))


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> Town:
    return Town(database, tmp_path / "history")


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


@pytest.mark.parametrize("is_compacted", [False, True], ids=["as a raw file", "when an hour has taken it"])
async def test_frames_that_came_after_the_close_correct_the_row_and_say_why(
    town: Town, is_compacted: bool
) -> None:
    await working_vehicles(town.database, 7, 9)
    town.write(drive(at(11), 60), drive(at(11), 60, number=9))
    await town.closer().close(DAY)
    assert await town.closer().correct_late() == []
    town.write(drive(at(15), 100))
    if is_compacted:
        compactor = Compactor(town.folder, POSITIONS)
        for hour, raw in compactor.due(SPAN.to_ms + 86_400_000, 0).items():
            compactor.write(hour, raw)
    [report] = await town.closer().correct_late()
    assert (report.added, report.corrected) == (0, 1)
    first, second = await town.revisions(7)
    assert (second.revision, second.reason) == (2, LATE_FRAMES)
    assert second.body.metres == pytest.approx(first.body.metres + 400, abs=1)
    assert [row.revision for row in await town.revisions(9)] == [1]
    assert {row.revision for row in await town.rows()} == {1, 2}
    assert await town.closer().correct_late() == []


async def test_an_alarm_that_was_told_after_the_close_corrects_the_row_by_itself(town: Town) -> None:
    await working_vehicles(town.database, 7, 9)
    town.write(drive(at(11), 60), drive(at(11), 60, number=9))
    await town.closer().close(DAY)
    moment = datetime.fromtimestamp(at(20) / 1000, UTC)
    late = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.OVERSPEED, at=moment)
    await AlarmSink(town.database).put([late])
    [report] = await town.closer().correct_late()
    assert (report.day, report.corrected) == (DAY, 1)
    first, second = await town.revisions(7)
    assert (second.reason, dict(first.body.alarms)) == (LATE_FACTS, {})
    assert dict(second.body.alarms) == {"overspeed": 1}
    assert second.body.metres == first.body.metres > 0
    assert [row.revision for row in await town.revisions(9)] == [1]
    assert await town.closer().correct_late() == []


async def test_an_order_that_was_counted_after_the_close_corrects_the_row_by_itself(town: Town) -> None:
    await working_vehicles(town.database, 7)
    orders = 1

    async def count(*_: Any) -> dict[VehicleNo, Counted]:
        return {VehicleNo(7): Counted(orders=orders)}

    closer = town.closer(counters=[count])
    await closer.close(DAY)
    assert await closer.correct_late() == []
    orders = 2
    await closer.correct_late()
    assert [(row.reason, row.body.orders) for row in await town.revisions(7)] == [(None, 1), (LATE_FACTS, 2)]


async def test_a_late_alarm_of_a_day_that_was_thinned_holds_nothing_else_up(town: Town) -> None:
    await working_vehicles(town.database, 7)
    town.write(drive(at(11), 60))
    await town.closer().close(DAY)
    compactor = Compactor(town.folder, POSITIONS)
    for hour, raw in compactor.due(SPAN.to_ms + 86_400_000, 0).items():
        compactor.write(hour, raw, level=Level.THINNED)
    moment = datetime.fromtimestamp(at(20) / 1000, UTC)
    late = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.OVERSPEED, at=moment)
    await AlarmSink(town.database).put([late])
    assert await town.closer().correct_late() == []
    assert [row.revision for row in await town.revisions(7)] == [1]


async def test_late_positions_of_a_day_that_was_thinned_leave_its_rows_and_are_said_once(
    town: Town,
) -> None:
    await working_vehicles(town.database, 7)
    town.write(drive(at(11), 60))
    await town.closer().close(DAY)
    compactor = Compactor(town.folder, POSITIONS)
    for hour, raw in compactor.due(SPAN.to_ms + 86_400_000, 0).items():
        compactor.write(hour, raw, level=Level.THINNED)
    town.write(drive(at(13), 60))
    with capture_logs() as entries:
        assert await town.closer().correct_late() == []
        assert await town.closer().correct_late() == []
    said = [entry for entry in entries if entry["event"] == "late_frames_not_counted"]
    assert [(entry["day"], "thinned" in entry["why"]) for entry in said] == [(str(DAY), True)]
    assert [row.revision for row in await town.revisions(7)] == [1]


async def test_a_row_is_never_corrected_from_fewer_positions_than_it_was_made_of(town: Town) -> None:
    await working_vehicles(town.database, 7, 9)
    town.write(drive(at(11), 60), drive(at(11), 60, number=9))
    await town.closer().close(DAY)
    for file in RawFiles.all(town.folder / POSITIONS.name):
        file.path.unlink()
    town.files.prepare()
    town.write(drive(at(11), 90, number=9))
    with capture_logs() as entries:
        report = await town.closer().recompute(DAY, "the disk lost files")
    assert report.corrected == 1
    assert [entry["rows_left_as_they_are"] for entry in entries if "lost" in entry["event"]] == [1]
    assert [row.revision for row in await town.revisions(7)] == [1]
    assert [row.revision for row in await town.revisions(9)] == [1, 2]


async def test_facts_of_a_vehicle_without_a_row_ask_for_nothing(town: Town) -> None:
    await working_vehicles(town.database, 7)
    await town.closer().close(DAY)
    await working_vehicles(town.database, 9)

    async def count(*_: Any) -> dict[VehicleNo, Counted]:
        return {VehicleNo(9): Counted(orders=1), VehicleNo(7): Counted(orders=0)}

    assert await town.closer(counters=[count]).correct_late() == []


async def test_recomputing_corrects_with_the_reason_that_was_given(town: Town) -> None:
    await working_vehicles(town.database, 7)

    async def three(*_: Any) -> dict[VehicleNo, Counted]:
        return {VehicleNo(7): Counted(orders=3, m2=1.5)}

    await town.closer().close(DAY)
    report = await town.closer(counters=[three]).recompute(DAY, "orders are counted now")
    assert report.corrected == 1
    _, second = await town.revisions(7)
    assert (second.reason, second.body.orders, second.body.m2) == ("orders are counted now", 3, 1.5)
    same = await town.closer(counters=[three]).recompute(DAY, "again")
    assert same.corrected == 0


async def test_an_open_day_is_not_recomputed(town: Town) -> None:
    with pytest.raises(Conflict, match="not closed"):
        await town.closer().recompute(DAY, "why not")


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


async def test_a_day_whose_hours_were_thinned_is_not_computed_again(town: Town) -> None:
    await working_vehicles(town.database, 7)
    town.write(drive(at(11), 60))
    await town.closer().close(DAY)
    compactor = Compactor(town.folder, POSITIONS)
    for hour, raw in compactor.due(SPAN.to_ms + 86_400_000, 0).items():
        compactor.write(hour, raw, level=Level.THINNED)
    with pytest.raises(Conflict, match="thinned"):
        await town.closer().recompute(DAY, "too late")


CLOSE = """
import asyncio, sys
from pathlib import Path
from core import crashpoints
from core.database import Database
from tests.integration.fleet.days.test_close_day import DAY, Town

async def main():
    town = Town(await Database.open(sys.argv[1]), Path(sys.argv[2]))
    crashpoints.arm(sys.argv[3], int(sys.argv[4]))
    await town.closer().close(DAY)

import fleet.days.close_day as module
module.VEHICLES_AT_ONCE = 2
asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["before_day_rows", "after_day_rows", "before_commit", "before_day_closed"])
@pytest.mark.parametrize("passes", [0, 1])
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
