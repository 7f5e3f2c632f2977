"""A city counted once comes out as the live feed counts it."""

import numpy as np
import pytest

from core.auth.principal import Reach
from core.ids import VehicleNo
from fleet.live.aggregates import MOST_CELLS, Aggregate
from fleet.live.cells import CellBook
from fleet.live.counted import count_cells
from fleet.live.reach import ReachMask, choices_of
from tests.unit.fleet.live.test_cells import MANY, ORDOS, a_city, some_records


@pytest.mark.parametrize("zoom", [4.0, 7.0, 9.9, 13.0])
def test_counted_once_is_what_screens_are_told(zoom: float) -> None:
    records = some_records(np.random.default_rng(5), ORDOS)
    standing = {7: 3, 8: 1, 9: 0, 10**6: 2}
    book = CellBook()
    book.take(records, np.arange(1, MANY + 1))
    book.stand(standing)
    book.take(records, np.zeros(0, np.intp))
    counted = count_cells(records[1:], standing, zoom, 5)
    told = Aggregate(ReachMask(a_city(), Reach()), counted.resolution, book)
    rows = told.shown_in(None)
    assert counted.cells.tolist() == told.cells[rows].tolist()
    assert counted.conditions.tolist() == told.conditions[rows].tolist()
    assert counted.worst.tolist() == told.worst_of(rows).tolist()
    assert len(counted.cells) <= MOST_CELLS


def test_nobody_is_no_cell() -> None:
    counted = count_cells(some_records(np.random.default_rng(1), ORDOS)[:0], {}, 9, 5)
    assert (len(counted.cells), counted.conditions.shape, len(counted.worst)) == (0, (0, 5), 0)


def test_choices_are_of_the_vehicles_within_reach() -> None:
    roster = a_city("KB DS", 9)
    assert choices_of(roster, Reach()).districts == {"KB": 4, "DS": 5}
    few = choices_of(roster, Reach(vehicles=frozenset({VehicleNo(2), VehicleNo(4)})))
    assert (few.districts, few.services, few.operators) == ({"KB": 2}, {"delivery": 2}, {"o": 2})
