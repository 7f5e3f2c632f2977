"""A way that meets no border ends in the fences in which it began: said of a point only where it is true."""

from typing import Any

import numpy as np
import pytest
import shapely

from geofences.border_grid import REACH_DEG, TOUCH_DEG
from geofences.calm import CalmCircles
from geofences.index import FenceIndex
from geofences.transitions import Transitions
from tests.crossings import pass_by, step
from tests.fences import KANGBASHI, a_fence, a_square, hard_fences, hard_points

SECOND = 1_000


def _at(east_m: float) -> tuple[np.ndarray, np.ndarray]:
    lat, lng = KANGBASHI.lat_lng(east_m, 0.0)
    return np.array([lat]), np.array([lng])


def past(transitions: Transitions, *points: Any) -> list[bool]:
    return list(transitions.came_past_none(*points)[0].tolist())


@pytest.mark.parametrize(
    "metres",
    [
        0.05,
        pytest.param(1.0, marks=pytest.mark.thorough),
        3.0,
        pytest.param(12.0, marks=pytest.mark.thorough),
        40.0,
    ],
)
def test_what_came_past_no_border_is_in_the_fences_of_before(metres: float) -> None:
    fences = hard_fences(seed=9, per_town=100)
    index = FenceIndex.build(fences)
    lat, lng = hard_points(9, fences, scattered=8_000)
    random = np.random.default_rng(9)
    rows = random.permutation(len(lat))[:20_000]
    lat, lng = lat[rows], lng[rows]
    slots = np.arange(len(lat), dtype=np.int32)
    transitions = Transitions(index, len(lat))
    zeros = np.zeros(len(lat), np.int64)
    before = index.match(lat, lng)
    transitions.step(slots, lat, lng, np.full(len(lat), np.nan), zeros, zeros, membership=before)
    heading = random.uniform(0, 2 * np.pi, len(lat))
    to_lat = lat + np.cos(heading) * metres / 111_195
    to_lng = lng + np.sin(heading) * metres / 86_000
    none, room_deg = transitions.came_past_none(slots, to_lat, to_lng, zeros + SECOND)
    inside = [set(part.tolist()) for part in np.split(before[1], before[0][1:-1])]
    offsets, numbers = index.match(to_lat, to_lng)
    after = [set(part.tolist()) for part in np.split(numbers, offsets[1:-1])]
    differs = np.array([one != other for one, other in zip(inside, after, strict=True)])
    assert differs.any()
    assert not (none & differs).any()
    if metres < 5:
        assert none.mean() > 0.3
    borders = shapely.boundary([index.shape(number) for number in range(len(index))])
    tree = shapely.STRtree(borders)
    _, far_deg = tree.query_nearest(shapely.points(to_lng, to_lat), return_distance=True, all_matches=False)
    expected = np.minimum(far_deg, REACH_DEG)
    assert (room_deg <= expected).all()
    assert (expected - room_deg < 2 * TOUCH_DEG).all()


def test_only_a_later_point_of_a_slot_with_a_place_came_past_none() -> None:
    transitions = Transitions(FenceIndex.build([a_fence("f", a_square(50.0))]), 2)
    step(transitions, (0, 5, 10.0))
    one, other = np.array([0]), np.array([1])
    assert past(transitions, one, *_at(12.0), np.array([6 * SECOND])) == [True]
    assert past(transitions, one, *_at(12.0), np.array([5 * SECOND])) == [False]
    assert past(transitions, one, *_at(52.0), np.array([6 * SECOND])) == [False]
    assert past(transitions, other, *_at(12.0), np.array([6 * SECOND])) == [False]


def test_the_way_begins_where_the_slot_passed_by_last() -> None:
    transitions = Transitions(FenceIndex.build([a_fence("f", a_square(50.0))]), 1)
    step(transitions, (0, 5, 40.0))
    pass_by(transitions, (0, 6, 49.0))
    slots = np.array([0])
    assert past(transitions, slots, *_at(51.0), np.array([7 * SECOND])) == [False]


def test_a_slot_is_known_near_where_it_was_looked_up_and_no_farther() -> None:
    """So the H3 cell by which it is shown is never old."""
    clearance = FenceIndex.build([a_fence("f", a_square(500.0))]).clearance
    calm, slots = CalmCircles(2), np.array([0])
    assert calm.knows(slots, *_at(0.0)).tolist() == [False]
    calm.draw(clearance, slots, *_at(0.0))
    calm.move(clearance, slots, *_at(100.0), np.zeros(1))
    assert calm.knows(slots, *_at(140.0)).tolist() == [True]
    assert calm.knows(slots, *_at(160.0)).tolist() == [False]
    assert calm.knows(np.array([1]), *_at(0.0)).tolist() == [False]
    calm.clear()
    assert calm.knows(slots, *_at(0.0)).tolist() == [False]
