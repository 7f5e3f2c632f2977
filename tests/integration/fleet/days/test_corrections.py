"""Closed days are corrected by what comes late, with a reason, and never from less than they were made of."""

from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.errors import Conflict
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.days.close_day import LATE_FACTS, LATE_FRAMES
from fleet.days.gather import Counted
from fleet.history.compact import Compactor
from fleet.history.files import RawFiles
from fleet.history.layout import POSITIONS
from fleet.history.ledger import Level
from tests.integration.fleet.builders import working_vehicles
from tests.integration.fleet.days.town import Town
from tests.unit.fleet.days.drives import DAY, SPAN, at, drive


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


async def test_a_day_whose_hours_were_thinned_is_not_computed_again(town: Town) -> None:
    await working_vehicles(town.database, 7)
    town.write(drive(at(11), 60))
    await town.closer().close(DAY)
    compactor = Compactor(town.folder, POSITIONS)
    for hour, raw in compactor.due(SPAN.to_ms + 86_400_000, 0).items():
        compactor.write(hour, raw, level=Level.THINNED)
    with pytest.raises(Conflict, match="thinned"):
        await town.closer().recompute(DAY, "too late")
