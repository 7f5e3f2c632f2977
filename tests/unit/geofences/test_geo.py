"""Distances, bearings, offsets and the one swap of axes."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geofences import geo

lats = st.floats(-80, 80)
lngs = st.floats(-179.9, 179.9)


def test_a_degree_of_latitude_is_111_km() -> None:
    assert geo.distance_m(39.0, 109.0, 40.0, 109.0) == pytest.approx(111_195, abs=1)


def test_bearings_follow_the_compass() -> None:
    assert geo.bearing_deg(39.6, 109.8, 39.7, 109.8) == pytest.approx(0)
    assert geo.bearing_deg(39.6, 109.8, 39.6, 109.9) == pytest.approx(90, abs=0.1)
    assert geo.bearing_deg(39.6, 109.8, 39.5, 109.8) == pytest.approx(180)
    assert geo.bearing_deg(39.6, 109.8, 39.6, 109.7) == pytest.approx(270, abs=0.1)


def test_a_place_has_no_bearing_to_itself_and_says_zero() -> None:
    assert geo.bearing_deg(39.6, 109.8, 39.6, 109.8) == 0.0


@given(lats, lngs, st.floats(0, 360, exclude_max=True), st.floats(1, 50_000))
def test_an_offset_is_as_far_and_in_the_direction_asked(
    lat: float, lng: float, bearing: float, distance: float
) -> None:
    lat2, lng2 = geo.offset(lat, lng, bearing, distance)
    assert geo.distance_m(lat, lng, lat2, lng2) == pytest.approx(distance, rel=1e-6, abs=1e-3)
    turn = (geo.bearing_deg(lat, lng, lat2, lng2) - bearing + 180) % 360 - 180
    assert abs(math.radians(turn) * distance) < 0.05
    assert -180 <= lng2 < 180


@given(lats, lngs, lats, lngs)
def test_the_array_form_says_the_same_as_the_scalar_one(
    lat1: float, lng1: float, lat2: float, lng2: float
) -> None:
    many = geo.distances_m([lat1], [lng1], [lat2], [lng2])
    assert many[0] == pytest.approx(geo.distance_m(lat1, lng1, lat2, lng2), rel=1e-9, abs=1e-6)


@given(lats, lngs)
def test_axes_are_swapped_and_swapped_back(lat: float, lng: float) -> None:
    assert geo.from_position(geo.to_position(lat, lng)) == (lat, lng)
    assert geo.point(lat, lng).x == lng


def test_positions_are_split_into_lat_and_lng() -> None:
    lat, lng = geo.positions_to_lat_lng([[109.8, 39.6], [109.9, 39.7]])
    np.testing.assert_array_equal(lat, [39.6, 39.7])
    np.testing.assert_array_equal(lng, [109.8, 109.9])


def test_the_border_is_inside_and_a_hole_is_not() -> None:
    shape = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 3), (3, 3), (3, 1)]])
    assert geo.covers(shape, [0, 2, 1, 2, np.nan], [0, 0.5, 2, 2, 1]).tolist() == [
        True,
        True,
        True,
        False,
        False,
    ]


@given(st.floats(-20_000, 20_000), st.floats(-20_000, 20_000))
def test_a_local_plane_gives_back_what_it_was_given(east: float, north: float) -> None:
    plane = geo.LocalPlane(39.6, 109.8)
    east2, north2 = plane.east_north(*plane.lat_lng(east, north))
    assert (east2, north2) == pytest.approx((east, north), abs=1e-6)


@given(st.floats(-20_000, 20_000), st.floats(-20_000, 20_000))
def test_distances_on_a_local_plane_are_right_to_half_a_percent(east: float, north: float) -> None:
    plane = geo.LocalPlane(39.6, 109.8)
    lat, lng = plane.lat_lng(east, north)
    assert math.hypot(east, north) == pytest.approx(geo.distance_m(39.6, 109.8, lat, lng), rel=5e-3, abs=1e-3)
