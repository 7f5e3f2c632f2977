"""WGS-84, GCJ-02 and BD-09: against vectors of two independent packages, and properties."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.datum import (
    Floats,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from geofences.geo import distance_m

VECTORS = Path(__file__).parents[2] / "fixtures" / "datum" / "vectors.json"
type Convert = Callable[[Any, Any], tuple[Floats, Floats]]

ordos_lat = st.floats(37.5, 41.0)
ordos_lng = st.floats(106.5, 111.8)
china_lat = st.floats(18.0, 53.0)
china_lng = st.floats(74.0, 134.5)


@pytest.fixture(scope="module")
def vectors() -> Floats:
    return np.array(json.loads(VECTORS.read_text())["rows"])


def test_gcj02_equals_the_published_vectors_to_a_billionth_of_a_degree(vectors: Floats) -> None:
    lat, lng = wgs84_to_gcj02(vectors[:, 0], vectors[:, 1])
    np.testing.assert_allclose(lat, vectors[:, 2], rtol=0, atol=1e-9)
    np.testing.assert_allclose(lng, vectors[:, 3], rtol=0, atol=1e-9)


def test_bd09_equals_the_published_vectors_to_a_billionth_of_a_degree(vectors: Floats) -> None:
    lat, lng = wgs84_to_bd09(vectors[:, 0], vectors[:, 1])
    np.testing.assert_allclose(lat, vectors[:, 4], rtol=0, atol=1e-9)
    np.testing.assert_allclose(lng, vectors[:, 5], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        pytest.param(wgs84_to_gcj02, gcj02_to_wgs84, id="gcj02"),
        pytest.param(gcj02_to_bd09, bd09_to_gcj02, id="bd09"),
        pytest.param(wgs84_to_bd09, bd09_to_wgs84, id="both"),
    ],
)
@given(lat=china_lat, lng=china_lng)
def test_there_and_back_is_the_same_place_to_a_micrometre(
    there: Convert, back: Convert, lat: float, lng: float
) -> None:
    lat2, lng2 = back(*there(lat, lng))
    assert distance_m(lat, lng, float(lat2), float(lng2)) < 1e-6


@given(lat=ordos_lat, lng=ordos_lng)
def test_the_shift_at_ordos_lies_in_the_measured_range(lat: float, lng: float) -> None:
    lat2, lng2 = wgs84_to_gcj02(lat, lng)
    assert 360 < distance_m(lat, lng, float(lat2), float(lng2)) < 640


def test_a_place_outside_the_box_is_not_shifted() -> None:
    lat, lng = wgs84_to_gcj02([48.85, -33.9], [2.35, 151.2])
    np.testing.assert_array_equal(lat, [48.85, -33.9])
    np.testing.assert_array_equal(lng, [2.35, 151.2])


def test_nan_stays_nan_and_disturbs_no_neighbour() -> None:
    lat, lng = wgs84_to_gcj02([39.6087, float("nan")], [109.7816, 109.0])
    assert np.isnan(lat[1])
    assert lng[0] == pytest.approx(109.7873123, abs=1e-7)
    assert lat[0] == pytest.approx(39.6097177, abs=1e-7)


def test_shapes_are_kept_and_scalars_broadcast() -> None:
    lat, lng = wgs84_to_gcj02(39.6, np.full((2, 3), 109.8))
    assert lat.shape == lng.shape == (2, 3)
