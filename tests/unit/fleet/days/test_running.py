"""The running day by odometer: rises add up, whatever the order and however often they are told."""

from datetime import date
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import VehicleNo
from fleet.days.running import DRIVEN, DaySoFar, add_readings, known_since, of_vehicles, read_day_so_far
from fleet.history.kept import HISTORY_STATUS
from fleet.links.wire.status import STATUS
from fleet.telemetry.records import Records

T0 = 1_800_000_000_000
NOTHING = np.zeros(0, DRIVEN)

type Reading = tuple[int, int, int]
"""(vehicle, seconds, odometer)."""


def told(before: Records, *readings: Reading) -> Records:
    columns = np.array(readings, np.int64).reshape(-1, 3)
    return add_readings(before, columns[:, 0], T0 + 1000 * columns[:, 1], columns[:, 2])


def driven(rows: Records) -> dict[int, int]:
    return dict(zip(rows["vehicle_no"].tolist(), rows["driven_m"].tolist(), strict=True))


def test_the_first_reading_is_where_the_day_begins_and_rises_add_up() -> None:
    rows = told(NOTHING, (1, 0, 5_000), (1, 30, 5_100), (2, 5, 700))
    assert driven(rows) == {1: 100, 2: 0}
    rows = told(rows, (2, 60, 750), (1, 60, 5_160), (3, 60, 1))
    assert driven(rows) == {1: 160, 2: 50, 3: 0}


def test_what_was_driven_is_known_from_the_first_reading_of_a_vehicle_that_told_two() -> None:
    rows = told(NOTHING, (1, 0, 5_000), (2, 5, 700), (3, 9, 10))
    assert (known_since(NOTHING), known_since(rows)) == (None, None)
    rows = told(rows, (2, 60, 750), (3, 65, 10))
    assert known_since(rows) == T0 + 5_000
    assert known_since(of_vehicles(rows, [VehicleNo(3)])) == T0 + 9_000


def test_a_reading_that_comes_twice_or_late_changes_nothing() -> None:
    rows = told(NOTHING, (1, 0, 5_000), (1, 60, 5_100))
    assert driven(told(rows, (1, 60, 5_100), (1, 30, 5_050))) == {1: 100}


def test_statuses_that_were_lost_in_between_are_made_good_by_the_next_one() -> None:
    assert driven(told(told(NOTHING, (1, 0, 0)), (1, 3_600, 9_000))) == {1: 9_000}


@pytest.mark.parametrize("changed_to", [0, 4_000, 900_000], ids=["zero", "lower", "far higher"])
def test_an_odometer_that_was_changed_goes_on_from_its_new_reading(changed_to: int) -> None:
    rows = told(NOTHING, (1, 0, 5_000), (1, 30, 5_200), (1, 60, changed_to), (1, 90, changed_to + 80))
    assert driven(rows) == {1: 280}


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=20),
    st.lists(st.integers(0, 19), max_size=6),
)
def test_how_the_readings_are_cut_into_looks_does_not_matter(steps: list[int], cuts: list[int]) -> None:
    odometer = np.cumsum(steps)
    readings: list[Reading] = [(1, 30 * row, int(metres)) for row, metres in enumerate(odometer)]
    at_once = told(NOTHING, *reversed(readings))
    rows, bounds = NOTHING, sorted({0, len(readings), *(cut for cut in cuts if cut < len(readings))})
    for first, last in pairwise(bounds):
        rows = told(rows, *readings[first:last])
    assert rows.tolist() == at_once.tolist()
    assert driven(rows) == {1: int(odometer[-1] - odometer[0])}


def test_statuses_without_an_odometer_are_not_asked_and_the_day_survives_its_telling() -> None:
    statuses = np.zeros(3, HISTORY_STATUS)
    said = np.zeros(3, STATUS)
    said["odometer_m"] = 0, 100, 250
    statuses["vehicle_no"], statuses["measured_ms"] = (7, 8, 8), (T0, T0, T0 + 30_000)
    statuses["record"] = said.view(f"V{STATUS.itemsize}")
    empty = DaySoFar(day=date(2027, 1, 15), up_to_serial=3, counted_ms=T0, driven_rows=b"")
    so_far = empty.with_readings(statuses, up_to_serial=4, counted_ms=T0 + 60_000)
    assert driven(so_far.driven()) == {8: 150}
    assert driven(of_vehicles(so_far.driven(), [VehicleNo(7)])) == {}
    assert driven(of_vehicles(so_far.driven(), [VehicleNo(8), VehicleNo(9)])) == {8: 150}


def test_what_cannot_be_read_is_nothing() -> None:
    assert read_day_so_far(None) is None
    assert read_day_so_far(b"\xc1") is None
    an_earlier_layout = {"day": "2027-01-15", "up_to_serial": 3, "counted_ms": T0, "rows": bytes(28)}
    assert read_day_so_far(msgspec.msgpack.encode(an_earlier_layout)) is None
