"""A point's clearance is true: no border lies nearer, whatever the fences look like."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geofences.calm import CalmCircles
from geofences.clearance import Clearance
from geofences.fences import Fence
from geofences.geo import METRES_PER_DEGREE
from geofences.index import FenceIndex
from tests.fences import KANGBASHI, a_fence, a_square, hard_fences, hard_points

type Floats = NDArray[np.float64]
type World = tuple[list[Fence], FenceIndex, Floats, Floats]


@pytest.fixture(scope="module")
def world() -> World:
    fences = hard_fences(seed=7, per_town=100)
    lat, lng = hard_points(7, fences, scattered=8_000)
    rows = np.random.default_rng(7).permutation(len(lat))[:20_000]
    index = FenceIndex.build(fences)
    # it is drawn up when it is first asked for: here, so that no test waits for another to ask
    index.clearance.around(lat[:1], lng[:1])
    return fences, index, lat[rows], lng[rows]


def _too_near(index: FenceIndex, squeeze: float, lat: Floats, lng: Floats, radius: Floats) -> int:
    """Count points that GEOS finds nearer to some border than they were said to be."""
    shapes = np.array([index.shape(number) for number in range(len(index))])
    flat = shapely.transform(shapely.boundary(shapes), lambda xy: xy * (squeeze, 1.0))
    points = shapely.points(lng * squeeze, lat)
    _, nearest = shapely.STRtree(flat).query_nearest(points, return_distance=True, all_matches=False)
    return int((nearest < radius).sum())


def test_no_border_is_nearer_than_a_points_clearance(world: World) -> None:
    _, index, lat, lng = world
    radius = index.clearance.around(lat, lng)
    assert (radius > 0).mean() > 0.2
    assert _too_near(index, index.clearance.squeeze, lat, lng, radius) == 0


def test_geos_notices_a_clearance_that_is_too_wide(world: World) -> None:
    _, index, lat, lng = world
    radius = index.clearance.around(lat, lng) * 1.5
    assert _too_near(index, index.clearance.squeeze, lat, lng, radius) > 0


def test_without_fences_everywhere_is_clear() -> None:
    clearance = Clearance.of(np.empty(0, np.object_))
    assert clearance.around(np.array([39.6]), np.array([109.8]))[0] * METRES_PER_DEGREE > 70


def test_a_point_on_a_border_has_no_clearance() -> None:
    index = FenceIndex.build([a_fence("f", a_square(50.0))])
    lat, lng = KANGBASHI.lat_lng(50.0, 10.0)
    assert index.clearance.around(np.array([lat]), np.array([lng]))[0] == 0.0


def test_borders_of_a_later_publish_are_added_and_the_earlier_clearance_stays_as_it_is(world: World) -> None:
    fences, index, lat, lng = world
    before = index.clearance.around(lat, lng)
    more = FenceIndex.build([*fences, a_fence("more", a_square(400.0))], known=index)
    radius = more.clearance.around(lat, lng)
    assert _too_near(more, more.clearance.squeeze, lat, lng, radius) == 0
    assert (radius < before).any()
    np.testing.assert_array_equal(index.clearance.around(lat, lng), before)


def test_the_first_fences_of_a_city_find_room_in_the_clearance(world: World) -> None:
    fences, index, lat, lng = world
    empty = FenceIndex.build(())
    assert not empty.clearance.is_crowded
    first = FenceIndex.build(fences, known=empty)
    assert not first.has_worn_clearance
    np.testing.assert_array_equal(first.clearance.around(lat, lng), index.clearance.around(lat, lng))


def test_when_many_fences_are_gone_a_fresh_clearance_forgets_their_borders(world: World) -> None:
    fences, index, lat, lng = world
    fewer = FenceIndex.build(fences[: len(fences) // 2], known=index)
    before = fewer.clearance.around(lat, lng)
    np.testing.assert_array_equal(before, index.clearance.around(lat, lng))
    assert fewer.has_worn_clearance
    fresh = fewer.with_clearance(fewer.fresh_clearance(), fewer)
    assert not fresh.has_worn_clearance
    assert fresh.clearance.around(lat, lng).sum() > before.sum()
    assert fresh.fences is fewer.fences


def test_a_fresh_clearance_takes_what_was_published_while_it_was_made(world: World) -> None:
    fences, index, lat, lng = world
    fewer = FenceIndex.build(fences[: len(fences) // 2], known=index)
    assert fewer.has_worn_clearance
    made = fewer.fresh_clearance()
    later = FenceIndex.build([*fewer.fences[1:], a_fence("more", a_square(400.0, 30_000.0))], known=fewer)
    fresh = later.with_clearance(made, fewer)
    border = tuple(np.array([degrees]) for degrees in KANGBASHI.lat_lng(30_400.0, 10.0))
    assert made.around(*border)[0] > 0
    assert fresh.clearance.around(*border)[0] == 0
    assert _too_near(later, made.squeeze, lat, lng, fresh.clearance.around(lat, lng)) == 0


def test_a_slot_is_calm_inside_its_circle_and_not_outside_of_it() -> None:
    index = FenceIndex.build([a_fence("f", a_square(500.0))])
    calm = CalmCircles(2)
    slots = np.array([0])
    calm.draw(index.clearance, slots, *_at(0.0))
    assert calm.holds(slots, *_at(60.0)).tolist() == [True]
    assert calm.holds(slots, *_at(90.0)).tolist() == [False]
    assert calm.holds(np.array([1]), *_at(0.0)).tolist() == [False]
    calm.forget(slots)
    assert calm.holds(slots, *_at(0.0)).tolist() == [False]


def test_a_slot_near_a_border_is_never_calm() -> None:
    index = FenceIndex.build([a_fence("f", a_square(500.0))])
    calm = CalmCircles(1)
    slots = np.array([0])
    calm.draw(index.clearance, slots, *_at(499.0))
    assert calm.holds(slots, *_at(499.0)).tolist() == [False]


def _at(east_m: float) -> tuple[Floats, Floats]:
    lat, lng = KANGBASHI.lat_lng(east_m, 0.0)
    return np.array([lat]), np.array([lng])
