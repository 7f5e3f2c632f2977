"""Covers: bits of H3, and what a cover promises."""

import h3.api.basic_int as h3i
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences import cover, shapes
from geofences.fences import Area
from geofences.geo import LocalPlane
from tests.fences import EASTERN_ORDOS, KANGBASHI


def _cover(area: Area, resolution: int) -> cover.Cover:
    return cover.covers(np.array([shapes.to_geos(area)], np.object_), [resolution])[0]


ordos_lat = st.floats(37.5, 41.0)
ordos_lng = st.floats(106.5, 112.0)


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 15), st.integers(0, 15))
def test_parents_by_bits_are_those_of_h3(lat: float, lng: float, one: int, other: int) -> None:
    fine, coarse = max(one, other), min(one, other)
    cells = cover.cells_of(np.array([lat]), np.array([lng]), fine)
    assert cells[0] == h3i.latlng_to_cell(lat, lng, fine)
    assert cover.parents(cells, coarse)[0] == h3i.cell_to_parent(int(cells[0]), coarse)


@given(ordos_lat, ordos_lng, st.integers(4, 9), st.integers(0, 3))
def test_descendants_are_one_run_of_ids_and_nobody_else_is_in_it(
    lat: float, lng: float, resolution: int, deeper: int
) -> None:
    cell = h3i.latlng_to_cell(lat, lng, resolution)
    first, last = cover.descendant_ranges(np.array([cell], np.uint64), resolution + deeper)
    children = np.array(h3i.cell_to_children(cell, resolution + deeper), np.uint64)
    assert ((children >= first) & (children <= last)).all()
    for neighbour in set(h3i.grid_disk(cell, 1)) - {cell}:
        others = np.array(h3i.cell_to_children(neighbour, resolution + deeper), np.uint64)
        assert not ((others >= first) & (others <= last)).any()


def test_a_cell_has_no_descendants_at_a_coarser_resolution() -> None:
    cell = np.array([h3i.latlng_to_cell(39.6, 109.8, 9)], np.uint64)
    with pytest.raises(ValueError, match="no descendants"):
        cover.descendant_ranges(cell, 8)


def test_points_that_are_no_places_have_no_cell() -> None:
    cells = cover.cells_of(np.array([np.nan, 91.0, 39.6]), np.array([109.8, 109.8, np.inf]), 9)
    assert cells.tolist() == [0, 0, 0]
    assert cover.parents(cells, 5).tolist() == [0, 0, 0]


@pytest.mark.parametrize("plane", [KANGBASHI, EASTERN_ORDOS], ids=["kangbashi", "pentagon"])
def test_cells_of_a_cover_do_not_overlap(plane: LocalPlane) -> None:
    found = _cover(shapes.circle(plane.lat, plane.lng, 3000.0), 10)
    first, last = cover.descendant_ranges(found.cells, 12)
    order = np.argsort(first)
    assert (first[order][1:] > last[order][:-1]).all()


@pytest.mark.parametrize(
    ("area_m2", "resolution"),
    [(8e9, 9), (1.1e6, 9), (40_000, 11), (20_000, 12), (400, 12), (25, 12)],
)
def test_small_fences_are_covered_finer(area_m2: float, resolution: int) -> None:
    assert cover.resolution_for(area_m2) == resolution


def test_a_cover_of_a_district_stays_small() -> None:
    found = _cover(shapes.circle(39.6, 109.8, 50_000.0, 200), 9)
    assert len(found.cells) < 15_000  # 78,000 cells at resolution 9 alone
    assert found.inside.any()
    assert not found.inside.all()
