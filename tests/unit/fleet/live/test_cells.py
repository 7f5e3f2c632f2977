"""Vehicles counted by H3 cell: the cell is what H3 gives, the count is what counting gives."""

from typing import Any

import h3
import numpy as np
import pytest
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.live.aggregates import Aggregate, resolution_for
from fleet.live.cell_messages import cells_body, read_cells
from fleet.live.cells import FINEST, CellBook
from fleet.live.mirror import Box
from fleet.live.reach import ReachMask
from fleet.live.subscription import Form, Mode, form_of
from fleet.telemetry.records import LIVE, STATE, LiveKind, live_head
from fleet.telemetry.roster import Roster, RosterRow
from fleet.telemetry.shown import shown_records
from fleet.telemetry.steps.alarms import ALARM_BITS
from geofences.cover import cells_of

MANY = 4_000
ORDOS = (37.6, 106.7, 40.9, 111.5)
EAST = (39.2, 110.2, 40.6, 111.5)
"""Of base cell 24, which is a pentagon."""
PENTAGON = h3.cell_to_latlng(h3.cell_to_center_child("8031fffffffffff", FINEST))
AT_PENTAGON = (PENTAGON[0] - 0.02, PENTAGON[1] - 0.02, PENTAGON[0] + 0.02, PENTAGON[1] + 0.02)

type Place = tuple[float, float, float, float]


def a_city(districts: str = "KB", many: int = MANY) -> Roster:
    """Vehicles of the named districts in turn."""
    codes = districts.split()
    roster = Roster()
    roster.put(
        [
            RosterRow(
                vehicle_no=VehicleNo(number), maker=MakerId("m"), operator=OperatorId("o"),
                district=DistrictCode(codes[number % len(codes)]), service=ServiceKind.DELIVERY,
            )
            for number in range(1, many + 1)
        ]
    )  # fmt: skip
    return roster


def some_records(rng: np.random.Generator, place: Place, many: int = MANY) -> Any:
    south, west, north, east = place
    records = np.zeros(many + 1, LIVE)
    records["vehicle_no"][1:] = np.arange(1, many + 1)
    records["lat_e7"][1:] = rng.uniform(south, north, many) * 1e7
    records["lng_e7"][1:] = rng.uniform(west, east, many) * 1e7
    records["flags"] = rng.integers(0, 5, many + 1) | rng.integers(0, 4, many + 1) << 6
    return records


def driven(rng: np.random.Generator, records: Any, step_e7: int) -> NDArray[np.intp]:
    """Move half of the vehicles up to a step, some of them change their condition; return who."""
    numbers = np.flatnonzero(rng.random(len(records)) < 0.5)[1:]
    for axis in ("lat_e7", "lng_e7"):
        records[axis][numbers] += rng.integers(-step_e7, step_e7 + 1, len(numbers))
    turned = numbers[rng.random(len(numbers)) < 0.1]
    records["flags"][turned] = rng.integers(0, 5, len(turned)) | rng.integers(0, 4, len(turned)) << 6
    return numbers


@pytest.mark.parametrize("place", [ORDOS, EAST, AT_PENTAGON], ids=["Ordos", "east", "pentagon"])
@pytest.mark.parametrize("step_e7", [300, 3_000, 200_000], ids=["3 m", "30 m", "2 km"])
def test_the_cell_of_a_vehicle_is_the_cell_that_h3_gives(place: Place, step_e7: int) -> None:
    rng = np.random.default_rng(5)
    records = some_records(rng, place)
    book = CellBook()
    numbers = np.arange(1, MANY + 1)
    for _ in range(40):
        book.take(records, numbers)
        asked = cells_of(records["lat_e7"] * 1e-7, records["lng_e7"] * 1e-7, FINEST)
        assert (book.cells[1:] == asked[1:]).all()
        numbers = driven(rng, records, step_e7)


def test_vehicles_that_stay_in_their_cell_cost_no_look_up() -> None:
    rng = np.random.default_rng(6)
    records = some_records(rng, (39.60, 109.75, 39.64, 109.79))
    book = CellBook()
    for _ in range(15):
        book.take(records, np.arange(1, MANY + 1))
        driven(rng, records, 300)
    before = book.asked
    for _ in range(10):
        driven(rng, records, 300)
        book.take(records, np.arange(1, MANY + 1))
    assert book.asked - before < 0.06 * 10 * MANY


def counted(records: Any, mask: ReachMask, resolution: int) -> dict[int, tuple[list[int], int]]:
    """Count the plain way: cell → (by condition, worst)."""
    whole: dict[int, tuple[list[int], int]] = {}
    numbers = np.arange(1, len(records))
    for number in numbers[mask.over(numbers)].tolist():
        record = records[number]
        fine = h3.latlng_to_cell(float(record["lat_e7"]) * 1e-7, float(record["lng_e7"]) * 1e-7, FINEST)
        cell = h3.str_to_int(h3.cell_to_parent(fine, resolution))
        conditions, worst = whole.setdefault(cell, ([0] * 5, 0))
        condition, severity = int(record["flags"]) & 7, int(record["flags"]) >> 6
        conditions[condition] += 1
        whole[cell] = conditions, max(worst, severity + 1 if condition == 4 else 0)
    return whole


def told(data: bytes) -> dict[int, tuple[list[int], int]]:
    rows = read_cells(data)
    assert (rows.conditions.sum(axis=0) == rows.counts).all()
    return {
        int(cell): (rows.conditions[:, at].tolist(), int(rows.worst[at]))
        for at, cell in enumerate(rows.cells)
    }


def message(aggregate: Aggregate, kind: LiveKind, since: int | None, box: Box | None = None) -> bytes:
    count, body = cells_body(aggregate, box, since)
    return live_head(kind, 1, 2, count) + body


@pytest.mark.parametrize("resolution", [3, 5, 7, 9])
def test_counts_that_follow_the_vehicles_are_those_of_counting_again(resolution: int) -> None:
    rng = np.random.default_rng(resolution)
    records = some_records(rng, EAST, 600)
    roster = a_city("KB DL ET", 600)
    mask = ReachMask(roster, Reach(districts=frozenset({DistrictCode("KB"), DistrictCode("ET")})))
    book = CellBook()
    book.take(records, np.arange(1, 601))
    aggregate = Aggregate(mask, resolution, book)
    shown = told(message(aggregate, LiveKind.CELLS_SNAPSHOT, None))
    for round_ in range(8):
        version = aggregate.version
        if round_ == 5:
            roster.put([a_row_of(7, "KB"), a_row_of(9, "DL")])
        aggregate.take(book.take(records, driven(rng, records, 500_000)))
        changed = told(message(aggregate, LiveKind.CELLS_DELTA, version))
        shown = {cell: row for cell, row in (shown | changed).items() if sum(row[0])}
        assert shown == counted(records, mask, resolution)


def a_row_of(number: int, district: str) -> RosterRow:
    return RosterRow(
        vehicle_no=VehicleNo(number), maker=MakerId("m"), operator=OperatorId("o"),
        district=DistrictCode(district), service=ServiceKind.DELIVERY,
    )  # fmt: skip


def test_a_box_is_told_the_cells_that_touch_it_with_all_of_their_vehicles() -> None:
    rng = np.random.default_rng(9)
    records = some_records(rng, ORDOS)
    book = CellBook()
    book.take(records, np.arange(1, MANY + 1))
    aggregate = Aggregate(ReachMask(a_city(), Reach()), 5, book)
    box = Box(109.0, 39.0, 110.0, 40.0)
    part = told(message(aggregate, LiveKind.CELLS_SNAPSHOT, None, box))
    whole = told(message(aggregate, LiveKind.CELLS_SNAPSHOT, None))
    inside = records[box.holds(records)]
    touched = counted(inside_only(inside), ReachMask(a_city(), Reach()), 5)
    assert touched.keys() <= part.keys()
    assert part == {cell: whole[cell] for cell in part}
    assert len(part) < len(whole) / 3


def inside_only(records: Any) -> Any:
    return np.concatenate((np.zeros(1, LIVE), records))[np.arange(len(records) + 1)]


def test_a_message_of_cells_that_is_cut_is_refused() -> None:
    book = CellBook()
    book.take(some_records(np.random.default_rng(1), EAST, 30), np.arange(1, 31))
    data = message(Aggregate(ReachMask(a_city(many=30), Reach()), 6, book), LiveKind.CELLS_SNAPSHOT, None)
    assert read_cells(data).resolution == 6
    with pytest.raises(ValueError, match="do not hold"):
        read_cells(data[:-1])
    with pytest.raises(ValueError, match="no message of cells"):
        read_cells(live_head(LiveKind.DELTA, 1, 2, 0))


@pytest.mark.parametrize(
    ("zoom", "resolution"),
    [(0, 3), (5.5, 3), (6, 4), (7, 5), (8.3, 5), (8.5, 6), (10, 7), (12, 8), (13, 9), (19, 9)],
)
def test_cells_are_as_fine_as_leaves_room_for_a_count(zoom: float, resolution: int) -> None:
    assert resolution_for(zoom) == resolution


@pytest.mark.parametrize(
    ("mode", "zoom", "in_view", "before", "form"),
    [
        (Mode.AUTO, 6, 206, None, Form.VEHICLES),
        (Mode.AUTO, 6, 2_000, None, Form.VEHICLES),
        (Mode.AUTO, 6, 2_001, None, Form.CELLS),
        (Mode.AUTO, 6, 1_900, Form.CELLS, Form.CELLS),
        (Mode.AUTO, 6, 1_600, Form.CELLS, Form.VEHICLES),
        (Mode.AUTO, 6, 1_900, Form.VEHICLES, Form.VEHICLES),
        (Mode.AUTO, 14, 19_000, None, Form.VEHICLES),
        (Mode.AUTO, 14, 20_001, None, Form.CELLS),
        (Mode.VEHICLES, 6, 100_000, None, Form.VEHICLES),
        (Mode.CELLS, 14, 3, None, Form.CELLS),
    ],
)
def test_a_view_gets_vehicles_or_cells_by_zoom_and_number(
    mode: Mode, zoom: float, in_view: int, before: Form | None, form: Form
) -> None:
    assert form_of(mode, zoom, in_view, before) is form


def test_a_live_record_says_how_grave_the_worst_standing_alarm_is() -> None:
    state = np.zeros(3, STATE)
    state["condition"], state["mode_flags"] = (2, 4, 4), (1, 1, 0)
    kinds = [kind.value for kind in ALARM_BITS]
    state["alarms"][1] = 1 << kinds.index("low_battery")
    state["alarms"][2] = 1 << kinds.index("no_go_entry") | 1 << kinds.index("low_battery")
    flags = shown_records(state)["flags"].tolist()
    assert [(one & 7, one >> 3 & 7, one >> 6) for one in flags] == [(2, 1, 0), (4, 1, 1), (4, 0, 3)]


def test_an_alarm_that_only_facts_know_is_counted_in_its_cell_until_it_is_cleared() -> None:
    records = np.zeros(5, LIVE)
    records["vehicle_no"] = np.arange(5)
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_098_000_000
    records["flags"] = (0, 1, 2, 4 | 1 << 6, 0)
    book = CellBook()
    book.take(records, np.arange(1, 5))
    aggregate = Aggregate(ReachMask(a_city(many=4), Reach()), 6, book)

    def now() -> list[tuple[list[int], int]]:
        aggregate.take(book.take(records, np.zeros(0, np.intp)))
        return list(told(message(aggregate, LiveKind.CELLS_SNAPSHOT, None)).values())

    assert now() == [([1, 1, 1, 0, 1], 2)]
    book.stand({1: 3, 2: 0, 4: 2})
    assert now() == [([0, 0, 1, 0, 3], 4)]
    book.stand({4: 2})
    assert now() == [([0, 1, 1, 0, 2], 3)]
    book.stand({})
    assert now() == [([1, 1, 1, 0, 1], 2)]
