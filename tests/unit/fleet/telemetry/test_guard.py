"""Which positions are believed: every refusal has its name, and the order of a vehicle's positions holds."""

from typing import Any

import numpy as np
import pytest

from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.telemetry.guard import Bounds, Guard, GuardLimits
from fleet.telemetry.numbering import last_of_each, turns
from fleet.telemetry.records import STREAM_POSITION
from fleet.telemetry.rejects import Reject, RejectCounts
from fleet.telemetry.roster import Roster, RosterRow

NOW = 1_780_000_000_000


def a_roster(*numbers: int) -> Roster:
    roster = Roster()
    roster.put(
        [
            RosterRow(
                vehicle_no=VehicleNo(number),
                maker=MakerId("m"),
                operator=OperatorId("o"),
                district=DistrictCode("KB"),
                service=ServiceKind.DELIVERY,
            )
            for number in numbers
        ]
    )
    return roster


def a_position(
    number: int = 7, seq: int = 1, ms: int = NOW, lat: float = 39.6, lng: float = 109.8
) -> np.ndarray[Any, Any]:
    record = np.zeros(1, STREAM_POSITION)
    record["vehicle_no"], record["seq"], record["measured_ms"] = number, seq, ms
    record["lat_e7"], record["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
    return record


class Gate:
    """A guard and what it counted."""

    def __init__(self, rate: float = 1.0) -> None:
        self.counts = RejectCounts()
        self.guard = Guard(a_roster(7, 8), self.counts, GuardLimits(), rate=rate)

    def judge(
        self, *positions: np.ndarray[Any, Any], now: int = NOW, received: int | None = None
    ) -> list[bool]:
        records = np.concatenate(positions)
        at = np.full(len(records), now, np.int64)
        return [bool(ok) for ok in self.guard.judge(records, at, now)]


def test_the_first_position_of_a_vehicle_is_believed() -> None:
    assert Gate().judge(a_position()) == [True]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (a_position(seq=1, ms=NOW), Reject.DUPLICATE),
        (a_position(seq=1, ms=NOW - 1000), Reject.DUPLICATE),
        (a_position(seq=2, ms=NOW - 1000), Reject.LATE),
        (a_position(seq=2, ms=NOW), Reject.LATE),
        (a_position(seq=2, ms=NOW + 60_000), Reject.FUTURE),
        (a_position(seq=2, ms=NOW + 1000, lat=39.7), Reject.TELEPORT),
        (a_position(number=9), Reject.UNKNOWN),
        (a_position(number=4_000_000_000), Reject.UNKNOWN),
        (a_position(number=8, lat=1.0, lng=1.0), Reject.OUT_OF_AREA),
        (a_position(number=8, ms=NOW - 1_000_000), Reject.LATE),
    ],
    ids=["the same again", "older and lower", "stepped back", "the same time", "future", "teleport",
         "unknown", "huge number", "null island", "a quarter of an hour late"],
)  # fmt: skip
def test_what_is_refused_has_a_name_and_is_counted_for_its_vehicle(
    second: np.ndarray[Any, Any], reason: Reject
) -> None:
    gate = Gate()
    gate.guard.bounds = Bounds(106.0, 37.0, 112.0, 41.0)
    gate.judge(a_position())
    assert gate.judge(second, now=NOW + 2000) == [False]
    assert {r: gate.counts.total(r) for r in Reject if gate.counts.total(r)} == {reason: 1}


def test_a_vehicle_whose_sequence_began_anew_goes_on_by_its_time() -> None:
    gate = Gate()
    gate.judge(a_position(seq=500))
    assert gate.judge(a_position(seq=1, ms=NOW + 1000), now=NOW + 1000) == [True]


def test_a_batch_with_several_positions_of_a_vehicle_keeps_their_order() -> None:
    steps = [a_position(seq=seq, ms=NOW + seq * 1000, lat=39.6 + seq * 3e-5) for seq in (1, 2, 2, 3)]
    assert Gate().judge(*steps, now=NOW + 5000) == [True, True, False, True]


def test_a_carried_vehicle_is_believed_at_the_third_position_that_agrees() -> None:
    gate = Gate()
    gate.judge(a_position())
    moved = [a_position(seq=seq, ms=NOW + seq * 1000, lat=39.9) for seq in (2, 3, 4, 5)]
    assert [gate.judge(one, now=NOW + 6000)[0] for one in moved] == [False, False, True, True]


def test_a_position_that_jumps_about_is_never_believed() -> None:
    gate = Gate()
    gate.judge(a_position())
    jumps = [a_position(seq=seq, ms=NOW + seq * 1000, lat=39.9 + seq * 0.1) for seq in range(2, 8)]
    assert not any(gate.judge(one, now=NOW + 9000)[0] for one in jumps)


def test_after_a_long_silence_a_far_place_is_no_teleport() -> None:
    gate = Gate()
    gate.judge(a_position())
    later = NOW + 3_600_000
    assert gate.judge(a_position(seq=2, ms=later, lat=39.9), now=later) == [True]


def test_a_memory_from_a_city_clock_that_ran_ahead_judges_nobody() -> None:
    gate = Gate()
    gate.judge(a_position(seq=900, ms=NOW + 36_000_000), now=NOW + 36_000_000)
    assert gate.judge(a_position(seq=1, ms=NOW, lat=39.9)) == [True]


def test_city_time_that_runs_sixty_times_forgives_five_wall_seconds() -> None:
    assert Gate(rate=60).judge(a_position(ms=NOW + 200_000)) == [True]
    assert Gate(rate=1).judge(a_position(ms=NOW + 200_000)) == [False]


def test_a_forgotten_vehicle_begins_anew() -> None:
    gate = Gate()
    gate.judge(a_position(seq=5))
    gate.guard.forget(np.array([7]))
    assert gate.judge(a_position(seq=1, lat=39.9)) == [True]


def test_turns_hold_every_row_once_and_each_number_once_a_turn() -> None:
    values = np.array([5, 3, 5, 5, 3, 9])
    found = turns(values)
    assert sorted(np.concatenate(found).tolist()) == list(range(6))
    assert [values[turn].tolist() for turn in found] == [[3, 5, 9], [3, 5], [5]]


def test_the_last_row_of_each_number_is_found() -> None:
    assert last_of_each(np.array([5, 3, 5, 9, 3])).tolist() == [4, 2, 3]
    assert last_of_each(np.array([], np.uint32)).tolist() == []


class TestAGap:
    """Sequences 1 and 10 came; 2…9 are in the vehicle's buffer."""

    def gate(self) -> Gate:
        gate = Gate()
        assert gate.judge(a_position(), a_position(seq=10, ms=NOW + 9000), now=NOW + 9000) == [True, True]
        assert gate.guard.returned.tolist() == [7]
        return gate

    def test_what_never_came_is_taken_late_once_and_counted_for_nothing(self) -> None:
        gate = self.gate()
        missing = [a_position(seq=seq, ms=NOW + seq * 1000 - 1000) for seq in range(2, 10)]
        assert gate.judge(*missing, now=NOW + 10_000) == [False] * 8
        assert gate.guard.late.tolist() == list(range(8))
        assert not any(gate.counts.total(reason) for reason in Reject)
        assert gate.judge(*missing, now=NOW + 11_000) == [False] * 8
        assert gate.guard.late.tolist() == []
        assert {r: gate.counts.total(r) for r in Reject if gate.counts.total(r)} == {Reject.DUPLICATE: 8}

    @pytest.mark.parametrize(
        ("late", "now", "reason"),
        [
            (a_position(seq=5, ms=NOW), NOW + 10_000, Reject.LATE),
            (a_position(seq=5, ms=NOW + 9000), NOW + 10_000, Reject.LATE),
            (a_position(seq=5, ms=NOW + 4000, lat=39.9), NOW + 10_000, Reject.LATE),
            (a_position(seq=5, ms=NOW + 4000), NOW + 1_000_000, Reject.LATE),
            (a_position(seq=10, ms=NOW + 9000), NOW + 10_000, Reject.DUPLICATE),
            (a_position(seq=1, ms=NOW), NOW + 10_000, Reject.DUPLICATE),
        ],
        ids=["measured before the gap", "measured after it", "far away", "a quarter of an hour late",
             "came: the end", "came: the beginning"],
    )  # fmt: skip
    def test_what_does_not_fit_into_it_is_refused_by_its_name(
        self, late: np.ndarray[Any, Any], now: int, reason: Reject
    ) -> None:
        gate = self.gate()
        assert gate.judge(late, now=now) == [False]
        assert gate.guard.late.tolist() == []
        assert {r: gate.counts.total(r) for r in Reject if gate.counts.total(r)} == {reason: 1}

    def test_a_single_lost_position_does_not_close_a_wide_gap(self) -> None:
        gate = self.gate()
        gate.judge(a_position(seq=12, ms=NOW + 11_000), now=NOW + 11_000)
        gate.judge(a_position(seq=4, ms=NOW + 3000), now=NOW + 12_000)
        assert gate.guard.late.tolist() == [0]

    def test_a_forgotten_vehicle_misses_nothing(self) -> None:
        gate = self.gate()
        gate.guard.forget(np.array([7]))
        gate.judge(a_position(seq=10, ms=NOW + 9000), now=NOW + 9000)
        gate.judge(a_position(seq=4, ms=NOW + 3000), now=NOW + 12_000)
        assert gate.guard.late.tolist() == []
