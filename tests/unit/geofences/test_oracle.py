"""Exact means exact: the index against GEOS over every point and every fence."""

import pickle

import h3
import numpy as np
import pytest
from numpy.typing import NDArray

from geofences.cover import covers
from geofences.fences import Fence
from geofences.index import FenceIndex
from tests.fences import EASTERN_ORDOS, disagreements, hard_fences, hard_points

type World = tuple[list[Fence], FenceIndex, NDArray[np.float64], NDArray[np.float64]]

MEMBERSHIPS_LEAST = 300_000


class CellsOnly(FenceIndex):
    """A mutant: believes the cover and asks no polygon."""

    def decide(
        self, numbers: NDArray[np.int32], lat: NDArray[np.float64], lng: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        return np.ones(len(numbers), np.bool_)


@pytest.fixture(scope="module")
def world() -> World:
    fences = hard_fences(seed=2026, per_town=140)
    lat, lng = hard_points(2026, fences, scattered=90_000)
    return fences, FenceIndex.build(fences), lat, lng


def test_index_and_geos_agree_on_every_point_and_fence(world: World) -> None:
    fences, index, lat, lng = world
    memberships, wrong = disagreements(index, fences, lat, lng)
    assert memberships >= MEMBERSHIPS_LEAST
    assert wrong == 0


def test_the_oracle_notices_an_index_that_trusts_cells(world: World) -> None:
    fences, index, lat, lng = world
    mutant = CellsOnly(index.fences, np.array([index.shape(n) for n in range(len(index))]), index.covers)
    memberships, wrong = disagreements(mutant, fences, lat, lng)
    assert wrong > memberships / 1000


def test_the_oracle_notices_cells_called_inside_too_early(world: World) -> None:
    fences, index, lat, lng = world
    shapes = np.array([index.shape(n) for n in range(len(index))])
    tight = covers(shapes, [9] * len(index), disc_factor=0.9)
    mutant = FenceIndex(index.fences, shapes, tight)
    assert disagreements(mutant, fences, lat, lng)[1] > 0


def test_the_hard_set_reaches_the_pentagon_of_eastern_ordos() -> None:
    cell = h3.latlng_to_cell(EASTERN_ORDOS.lat, EASTERN_ORDOS.lng, 9)
    assert h3.get_base_cell_number(cell) == 24
    assert h3.is_pentagon(h3.cell_to_parent(cell, 0))


def test_a_pickled_index_answers_the_same(world: World) -> None:
    _, index, lat, lng = world
    again = pickle.loads(pickle.dumps(index))
    assert again.fences == index.fences
    for mine, theirs in zip(index.match(lat, lng), again.match(lat, lng), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_an_index_built_upon_another_answers_the_same(world: World) -> None:
    fences, index, lat, lng = world
    half = FenceIndex.build(fences[::2])
    again = FenceIndex.build(fences, known=half)
    for mine, theirs in zip(index.match(lat, lng), again.match(lat, lng), strict=True):
        np.testing.assert_array_equal(mine, theirs)
