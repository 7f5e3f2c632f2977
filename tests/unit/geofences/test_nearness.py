"""Who is near whom: the grid against every pair, and hysteresis."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences import geo
from geofences.nearness import Nearness, near_join, near_pairs
from tests.fences import KANGBASHI

places = st.lists(st.tuples(st.floats(-200, 200), st.floats(-200, 200)), max_size=30)


def as_points(found: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([KANGBASHI.lat_lng(*place) for place in found]).reshape(-1, 2)
    return points[:, 0], points[:, 1]


@settings(max_examples=100, deadline=None)
@given(places, places, st.floats(1, 150))
def test_the_grid_finds_what_measuring_every_pair_finds(
    ours: list[tuple[float, float]], theirs: list[tuple[float, float]], radius_m: float
) -> None:
    a, b = as_points(ours), as_points(theirs)
    metres = geo.distances_m(a[0][:, None], a[1][:, None], b[0][None, :], b[1][None, :])
    i, j, found = near_join(a, b, radius_m)
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == list(
        map(tuple, np.argwhere(metres <= radius_m))
    )
    assert (found <= radius_m).all()


@settings(max_examples=100, deadline=None)
@given(places, st.floats(1, 150))
def test_pairs_among_themselves_are_those_of_the_join(
    found: list[tuple[float, float]], radius_m: float
) -> None:
    points = as_points(found)
    i, j, _ = near_join(points, points, radius_m)
    expected = {(a, b) for a, b in zip(i.tolist(), j.tolist(), strict=True) if a < b}
    pairs = near_pairs(*points, radius_m)
    said = [tuple(sorted(pair)) for pair in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)]
    assert (set(said), len(said)) == (expected, len(expected))


def test_each_pair_is_found_once() -> None:
    lat, lng = as_points([(0, 0), (10, 0), (20, 0), (500, 0)])
    i, j, metres = near_pairs(lat, lng, 15.0)
    said = sorted((min(a, b), max(a, b)) for a, b in zip(i.tolist(), j.tolist(), strict=True))
    assert (said, metres.round().tolist()) == ([(0, 1), (1, 2)], [10.0, 10.0])


def test_a_pair_is_near_until_it_is_clearly_farther_away() -> None:
    nearness = Nearness()
    pair, none = np.array([7]), np.empty(0, np.int64)
    looks = [(none, pair), (pair, pair), (none, pair), (pair, pair), (none, none), (none, pair)]
    said = [tuple(len(some) for some in nearness.step(within, still)) for within, still in looks]
    assert said == [(0, 0), (1, 0), (0, 0), (0, 0), (0, 1), (0, 0)]
    assert len(nearness) == 0
