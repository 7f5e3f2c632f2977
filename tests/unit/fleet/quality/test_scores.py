"""What a score is made of, and how minutes add up to windows and days."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.quality.counting import LISTED_MINUTES, ROWS_MOST, Harvest
from fleet.quality.score import WEIGHTS, faults, quality_of
from fleet.quality.step import QualityStep
from fleet.quality.tallies import COLUMN, COLUMNS, Minute, Tallies
from fleet.quality.windows import PART_MS, PARTS, SHORT_MS, Windows, read_windows
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry
from fleet.telemetry.rejects import SEEN_AT_ONCE, SEEN_MOST, Reject, RejectCounts
from fleet.telemetry.roster import Roster, RosterRow

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
CITY = ZoneInfo("Asia/Shanghai")


def a_row(**counts: int) -> Any:
    row = np.zeros(len(COLUMNS), np.int64)
    for name, count in counts.items():
        row[COLUMN[name]] = count
    return row


def a_roster(*numbers: int, maker: str = "east") -> Roster:
    roster = Roster()
    roster.put(
        [
            RosterRow(
                vehicle_no=VehicleNo(number),
                maker=MakerId(maker),
                operator=OperatorId("o"),
                district=DistrictCode("KB"),
                service=ServiceKind.DELIVERY,
            )
            for number in numbers
        ]
    )
    return roster


def test_nothing_to_complain_of_is_one() -> None:
    quality = quality_of(a_row(believed=300, sampled=25, duplicate=40))
    assert (quality.score, quality.positions) == (1.0, 300)
    assert quality.shares == {"duplicate": pytest.approx(40 / 300, abs=1e-6)}


@pytest.mark.parametrize("name", [name for name, weight in WEIGHTS.items() if weight])
def test_every_fault_costs_its_weight_times_its_share(name: str) -> None:
    looks = name in ("inaccurate", "skewed")
    row = a_row(believed=100, sampled=100, **{name: 10}) if looks else a_row(believed=90, **{name: 10})
    assert quality_of(row).score == pytest.approx(1 - WEIGHTS[name] * 0.1)
    assert faults(row.reshape(1, -1))[0] == 10


def test_a_score_never_falls_below_zero() -> None:
    assert quality_of(a_row(missing=10, sampled=10, inaccurate=10, skewed=10)).score == 0.0


class Vehicle:
    """One vehicle in front of a pipeline with the step."""

    def __init__(self) -> None:
        self.step = QualityStep()
        self.pipeline = Pipeline(a_roster(7), more_steps=(self.step,))
        self.harvest = Harvest(lambda: self.pipeline.roster, lambda: self.pipeline.counts)
        self.at = NOW
        self.seq = 0

    def says(self, *, skip: int = 0, accuracy_dm: int = 10, age_s: float = 0.0) -> None:
        """Send the next position, some numbers later, a second after the last."""
        self.at += timedelta(seconds=1)
        self.seq += 1 + skip
        at_ms = round(self.at.timestamp() * 1000)
        record = np.zeros(1, STREAM_POSITION)
        record["vehicle_no"], record["seq"] = 7, self.seq
        record["measured_ms"] = at_ms - round(age_s * 1000)
        record["lat_e7"], record["lng_e7"] = 396_000_000, 1_098_000_000
        record["accuracy_dm"] = accuracy_dm
        entry = Entry(at_ms, record, np.zeros(0, STREAM_STATUS))
        self.pipeline.process([entry], at=self.at, is_silence_due=True)

    def minute(self) -> Minute:
        columns = self.step.harvest(self.pipeline.live.state)
        return self.harvest.minute(round(self.at.timestamp() * 1000), columns=columns)

    def row(self) -> dict[str, int]:
        row = self.minute().tallies().row(7)
        return {name: int(n) for name, n in zip(COLUMNS, row, strict=True) if n}


def test_a_healthy_vehicle_is_in_its_makers_sum_and_needs_no_row() -> None:
    vehicle = Vehicle()
    for _ in range(5):
        vehicle.says()
    minute = vehicle.minute()
    assert len(minute.tallies()) == 0
    assert minute.makers["east"][COLUMN["believed"]] == 5


def test_numbers_that_never_came_are_missing() -> None:
    vehicle = Vehicle()
    vehicle.says()
    vehicle.minute()
    vehicle.says(skip=3)
    vehicle.says()
    assert vehicle.row() == {"believed": 2, "missing": 3, "sampled": 2}
    vehicle.says()
    assert vehicle.row() == {"believed": 1, "sampled": 1}


def test_a_number_that_the_guard_refused_is_not_missing() -> None:
    vehicle = Vehicle()
    vehicle.says()
    vehicle.minute()
    vehicle.says(age_s=1_000)
    vehicle.says()
    assert vehicle.row() == {"believed": 1, "late": 1, "sampled": 1}


def test_a_bad_fix_and_a_clock_that_is_off_are_seen_in_the_looks() -> None:
    vehicle = Vehicle()
    vehicle.says(accuracy_dm=101)
    vehicle.says(accuracy_dm=255)
    vehicle.says(age_s=-1.5)
    assert vehicle.row() == {"believed": 3, "sampled": 3, "inaccurate": 1, "skewed": 1}


def test_a_vehicle_is_reported_for_a_day_after_its_last_fault() -> None:
    vehicle = Vehicle()
    vehicle.says(accuracy_dm=200)
    assert vehicle.row() == {"believed": 1, "sampled": 1, "inaccurate": 1}
    for _ in range(LISTED_MINUTES - 1):
        vehicle.minute()
    vehicle.says()
    assert len(vehicle.minute().tallies()) == 0


def test_a_tracker_that_takes_a_vehicle_over_misses_nothing_that_came_before() -> None:
    vehicle = Vehicle()
    vehicle.says()
    other = Vehicle()
    other.at, other.seq = vehicle.at, 50
    state = vehicle.pipeline.live.state[[7]].copy()
    state["seq"] = 50
    other.pipeline.recall(state, None)
    other.says()
    assert other.minute().makers["east"][COLUMN["missing"]] == 0


def test_what_somebody_else_sends_for_a_vehicle_is_not_its_fault() -> None:
    roster, counts = a_roster(7), RejectCounts()
    harvest = Harvest(lambda: roster, lambda: counts, by_senders=True)
    counts.add(Reject.FOREIGN, np.array([7, 7], np.uint32), roster.size)
    counts.add(Reject.FLOOD, np.array([7], np.uint32), roster.size)
    against = {"west": a_row(foreign=2).tolist()}
    minute = harvest.minute(NOW_MS, against=against)
    assert minute.makers == {"east": a_row(flood=1).tolist(), "west": a_row(foreign=2).tolist()}
    assert minute.tallies().row(7).tolist() == a_row(flood=1).tolist()


def test_a_minute_says_something_about_so_many_vehicles_and_takes_the_worst() -> None:
    roster, counts = a_roster(*range(1, ROWS_MOST + 11)), RejectCounts()
    harvest = Harvest(lambda: roster, lambda: counts)
    everybody = np.arange(1, ROWS_MOST + 11, dtype=np.uint32)
    counts.add(Reject.TELEPORT, everybody, roster.size)
    counts.add(Reject.TELEPORT, everybody[-5:], roster.size)
    minute = harvest.minute(NOW_MS)
    assert len(minute.tallies()) == ROWS_MOST
    assert set(everybody[-5:].tolist()) <= set(minute.tallies().numbers.tolist())
    assert minute.makers["east"][COLUMN["teleport"]] == ROWS_MOST + 15


def a_minute(at_ms: int, number: int = 7, **counts: int) -> Minute:
    numbers, packed = Tallies.of(np.array([number]), a_row(**counts).reshape(1, -1)).packed()
    return Minute(at_ms=at_ms, makers={"east": a_row(**counts).tolist()}, numbers=numbers, counts=packed)


def test_the_short_window_forgets_after_five_minutes_and_the_long_one_after_a_day() -> None:
    windows = Windows()
    windows.take([a_minute(NOW_MS, late=1)], NOW_MS, NOW)
    assert windows.short().tallies().row(7)[COLUMN["late"]] == 1
    later = NOW_MS + SHORT_MS
    windows.take([a_minute(later, late=10)], later, NOW)
    assert windows.short().tallies().row(7)[COLUMN["late"]] == 10
    assert windows.long().makers["east"][COLUMN["late"]] == 11
    next_day = NOW_MS + PART_MS * (PARTS + 1)
    windows.take([], next_day, NOW)
    assert windows.long().makers == {}


def test_the_day_ends_at_the_citys_midnight() -> None:
    windows = Windows()
    before = datetime(2026, 7, 1, 15, 59, tzinfo=UTC)
    assert windows.take([a_minute(NOW_MS, late=1)], NOW_MS, before.astimezone(CITY)) is None
    after = before + timedelta(minutes=1)
    over = windows.take([a_minute(NOW_MS, late=5)], NOW_MS, after.astimezone(CITY))
    assert over is not None
    assert over.day.isoformat() == "2026-07-01"
    assert over.sums.makers["east"][COLUMN["late"]] == 1
    assert windows.today.makers["east"][COLUMN["late"]] == 5


def test_windows_that_cannot_be_read_begin_anew() -> None:
    assert read_windows(None) == Windows()
    assert read_windows(b"nonsense") == Windows()


def test_of_a_flood_the_newest_records_are_kept_and_no_more() -> None:
    counts = RejectCounts()
    records = np.zeros(50, STREAM_POSITION)
    records["seq"] = np.arange(50)
    counts.note(Reject.FLOOD, records, np.arange(50, dtype=np.int64))
    kept = list(counts.seen())
    assert [seen.received_ms for seen in kept] == [48, 49]
    assert len(kept) == SEEN_AT_ONCE
    for _ in range(SEEN_MOST):
        counts.note(Reject.LATE, records, np.arange(50, dtype=np.int64))
    assert len(list(counts.seen())) == SEEN_MOST
    assert list(counts.seen()) == []
