"""The index as its callers see it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from core.kinds import ServiceKind
from geofences.cover import cells_of
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from tests.fences import KANGBASHI, a_fence, a_limit, a_square


def test_an_empty_index_holds_nobody() -> None:
    index = FenceIndex.build(())
    assert index.at(39.6, 109.8) == ()
    offsets, numbers = index.match(np.array([39.6, 39.7]), np.array([109.8, 109.8]))
    assert offsets.tolist() == [0, 0, 0]
    assert numbers.tolist() == []


def test_no_points_give_no_answers() -> None:
    index = FenceIndex.build([a_fence()])
    offsets, numbers = index.match(np.empty(0), np.empty(0))
    assert offsets.tolist() == [0]
    assert numbers.tolist() == []


def test_fences_at_a_point_come_in_ascending_order() -> None:
    index = FenceIndex.build(
        [a_fence("wide", a_square(500)), a_fence("far", a_square(10, 5000)), a_fence("near")]
    )
    assert index.at(*KANGBASHI.lat_lng(0, 0)) == (0, 2)
    assert index.at(*KANGBASHI.lat_lng(200, 0)) == (0,)
    assert index.at(*KANGBASHI.lat_lng(5000, 0)) == (1,)


def test_places_that_are_none_are_in_no_fence() -> None:
    index = FenceIndex.build([a_fence()])
    offsets, _ = index.match(
        np.array([np.nan, 39.6087, 200.0, KANGBASHI.lat]), np.array([109.8, np.inf, 109.8, KANGBASHI.lng])
    )
    assert np.diff(offsets).tolist() == [0, 0, 0, 1]


def test_cells_that_are_known_already_need_not_be_computed_again() -> None:
    index = FenceIndex.build([a_fence()])
    lat, lng = np.array([KANGBASHI.lat]), np.array([KANGBASHI.lng])
    cells = cells_of(lat, lng, index.resolution)
    assert index.match(lat, lng, cells)[1].tolist() == [0]


def test_two_versions_of_a_fence_do_not_go_into_one_index() -> None:
    with pytest.raises(ValueError, match="one version"):
        FenceIndex.build([a_fence("f", version=1), a_fence("f", version=2)])


def test_a_small_fence_makes_the_index_finer_and_a_large_one_does_not() -> None:
    assert FenceIndex.build([a_fence("f", a_square(5000))]).resolution == 9
    assert FenceIndex.build([a_fence("f", a_square(5))]).resolution == 12


def test_near_border_measures_from_both_sides_and_in_metres() -> None:
    index = FenceIndex.build([a_fence("f", a_square(50))])
    places = [KANGBASHI.lat_lng(east, 0) for east in (30, 48, 52, 70)]
    lat, lng = np.array(places).T
    near = index.near_border(np.zeros(4, np.int32), lat, lng, 5.0)
    assert near.tolist() == [False, True, True, False]
    assert not index.near_border(np.zeros(4, np.int32), lat, lng, 0.0).any()


def test_the_rule_at_a_point_names_the_fence_that_decided() -> None:
    fences = [
        a_fence("wide", a_square(500), kind=FenceKind.OPERATING_AREA, rules=a_limit(6.0)),
        a_fence("school", a_square(50), rules=a_limit(3.0)),
    ]
    index = FenceIndex.build(fences, set_version=7)
    rule = index.rules_at(*KANGBASHI.lat_lng(0, 0), datetime(2026, 7, 1, tzinfo=UTC), ServiceKind.DELIVERY)
    assert rule.speed_limit_mps == 3.0
    assert rule.decided_by["speed_limit_mps"].fence_id == "school"
    assert [fence.fence_id for fence in rule.fences] == ["school", "wide"]
    assert "2 fences" in repr(index)
    assert "set version 7" in repr(index)


def test_columns_of_different_lengths_are_refused() -> None:
    index = FenceIndex.build([a_fence("f")])
    for lat, lng in (([39.6], [109.8, 109.9]), ([39.6, 39.7], [109.8]), (39.6, 109.8), ([[39.6]], [[109.8]])):
        with pytest.raises(ValueError, match="columns of one length"):
            index.match(lat, lng)


def test_an_area_that_puts_latitude_first_is_refused_by_name() -> None:
    swapped = tuple(
        tuple(tuple((lat, lng) for lng, lat in ring) for ring in polygon) for polygon in a_square(50.0)
    )
    with pytest.raises(ValueError, match=r"fence gate reaches .* \(lng, lat\)"):
        FenceIndex.build([a_fence("gate", swapped)])
