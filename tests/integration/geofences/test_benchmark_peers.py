"""The peers of the fence benchmark answer what the index answers, or their row does not pass."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.fences import against_peers, city_fences, city_points
from benchmarks.peers import GeoSearch, NotInstalled, Strtree, sorted_pairs, valkey
from geofences.index import FenceIndex

RANDOM = np.random.default_rng(5)
INDEX = FenceIndex.build(city_fences(RANDOM, 120))
LAT, LNG = city_points(RANDOM, 1_500)
SHAPES = np.array([INDEX.shape(number) for number in range(len(INDEX))], object)


class NothingInstalled:
    """A machine without PostGIS."""

    def __enter__(self) -> tuple[Callable[[Any], Any], Any]:
        raise NotInstalled("PostGIS is not there")

    def __exit__(self, *_: object) -> None: ...


def test_peers_find_the_pairs_of_the_index() -> None:
    offsets, numbers = INDEX.match(LAT, LNG)
    ours = sorted_pairs(np.repeat(np.arange(len(LAT)), np.diff(offsets)), numbers)
    assert len(ours) > 1_000
    np.testing.assert_array_equal(Strtree(SHAPES, LAT, LNG).pairs(), ours)
    with valkey() as client:
        np.testing.assert_array_equal(GeoSearch(client, SHAPES, LAT, LNG).pairs(), ours)


@pytest.mark.slow
def test_a_peer_that_is_not_installed_makes_the_row_incomplete_and_never_passed() -> None:
    row = against_peers(INDEX, LAT, LNG, 1e12, database=NothingInstalled)
    assert row["verdict"] == "incomplete"
    assert row["missing"] == ["PostGIS is not there"]
    assert row["peers_points_per_s"]["postgis"] is None
