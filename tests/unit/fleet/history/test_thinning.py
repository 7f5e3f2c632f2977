"""What thinning keeps, and that it keeps it again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.history.kept import HISTORY
from fleet.history.protection import EVERYBODY, NOTHING, Protected, mode_changes
from fleet.history.thinning import thinned
from fleet.telemetry.records import Records

T0 = 1_800_000_000_000
SECOND_LAT_E7 = 720
"""8 m to the north."""


def a_drive(seconds: int, vehicle_no: int = 1, **columns: object) -> Records:
    """A position a second of a vehicle that stands still, unless columns say otherwise."""
    records = np.zeros(seconds, HISTORY)
    records["vehicle_no"] = vehicle_no
    records["measured_ms"] = T0 + np.arange(seconds) * 1000
    records["seq"] = np.arange(seconds)
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_098_000_000
    for name, values in columns.items():
        records[name] = values
    return records


def kept_seconds(records: Records, protected: Protected = NOTHING) -> list[int]:
    kept = thinned(records, protected.holds(records))
    return [int(ms - T0) // 1000 for ms in records["measured_ms"][kept]]


def test_a_vehicle_that_stands_is_kept_every_ten_seconds() -> None:
    assert kept_seconds(a_drive(31)) == [0, 10, 20, 30]


def test_a_vehicle_that_drives_is_kept_every_twenty_five_metres() -> None:
    north = 396_000_000 + np.arange(9) * SECOND_LAT_E7
    assert kept_seconds(a_drive(9, lat_e7=north)) == [0, 4, 8]


def test_metres_to_the_east_count_as_long_as_they_are_here() -> None:
    """25 m are 2,918 ten-millionths of a degree of longitude at 39.6°."""
    east = 1_098_000_000 + np.arange(4) * 1460
    assert kept_seconds(a_drive(4, lng_e7=east)) == [0, 2]


@pytest.mark.parametrize("to_256", [14, 242])
def test_a_turn_of_twenty_degrees_is_kept_either_way(to_256: int) -> None:
    heading = [0, 0, to_256, to_256, to_256]
    assert kept_seconds(a_drive(5, heading_256=heading)) == [0, 2]


def test_a_change_of_mode_or_flag_is_kept() -> None:
    assert kept_seconds(a_drive(6, mode_flags=[0, 0, 3, 3, 3 | 64, 3 | 64])) == [0, 2, 4]


def test_the_last_position_before_a_silence_is_kept() -> None:
    records = a_drive(6)
    records["measured_ms"][4:] += 60_000
    assert kept_seconds(records) == [0, 3, 64]


def test_vehicles_are_thinned_apart() -> None:
    both = np.concatenate((a_drive(12, 1), a_drive(12, 2)))
    assert kept_seconds(both) == [0, 10, 0, 10]


def test_what_is_protected_stays_whole_and_only_for_its_vehicle() -> None:
    both = np.concatenate((a_drive(20, 1), a_drive(20, 2)))
    around = Protected.of([(2, T0 + 3000, T0 + 6000)])
    assert kept_seconds(both, around) == [0, 10, 0, 3, 4, 5, 6, 16]


def test_a_span_of_everybody_protects_everybody() -> None:
    both = np.concatenate((a_drive(20, 1), a_drive(20, 2)))
    assert kept_seconds(both, Protected.of([(EVERYBODY, T0 + 3000, T0 + 4000)])) == [0, 3, 4, 14] * 2


@pytest.mark.parametrize(
    ("from_s", "to_s", "held"),
    [(-900, -1, []), (-900, 1, [0, 1]), (18, 9000, [18, 19]), (400, 900, []), (-900, 900, list(range(20)))],
)
def test_spans_that_reach_beyond_the_block_protect_what_lies_in_it(
    from_s: int, to_s: int, held: list[int]
) -> None:
    records = a_drive(20, 7)
    protected = Protected.of([(7, T0 + from_s * 1000, T0 + to_s * 1000), (8, T0, T0 + 20_000)])
    assert np.flatnonzero(protected.holds(records)).tolist() == held


def test_five_minutes_around_a_change_of_mode_are_protected_also_from_the_block_before() -> None:
    last_modes: dict[int, int] = {}
    assert len(mode_changes(a_drive(3, 5), last_modes)) == 0
    later = a_drive(3, 5, mode_flags=2)
    later["measured_ms"] += 300_000
    found = mode_changes(later, last_modes)
    assert (found.vehicles.tolist(), found.from_ms.tolist(), found.to_ms.tolist()) == (
        [5],
        [T0],
        [T0 + 600_000],
    )
    assert last_modes == {5: 2}


def test_another_flag_is_no_change_of_mode() -> None:
    assert len(mode_changes(a_drive(2, 5, mode_flags=[1, 1 | 8]), {})) == 0


@given(
    moves=st.lists(st.integers(-4000, 4000), min_size=1, max_size=60),
    gaps=st.lists(st.integers(100, 15_000), min_size=60, max_size=60),
    headings=st.lists(st.integers(0, 255), min_size=60, max_size=60),
    vehicles=st.integers(1, 3),
)
def test_what_was_kept_is_kept_again(
    moves: list[int], gaps: list[int], headings: list[int], vehicles: int
) -> None:
    count = len(moves)
    records = a_drive(count, lat_e7=396_000_000 + np.cumsum(moves), heading_256=headings[:count])
    records["measured_ms"] = T0 + np.cumsum(gaps[:count]) % 300_000
    records["vehicle_no"] = 1 + np.arange(count) * vehicles // count
    records = records[np.lexsort((records["measured_ms"], records["vehicle_no"]))]
    once = records[thinned(records, np.zeros(count, np.bool_))]
    assert thinned(once, np.zeros(len(once), np.bool_)).all()
