"""What may become a fence, and the named refusal of what may not."""

import json
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geofences import shapes
from geofences.geo import distance_m

SQUARE = [[109.80, 39.60], [109.81, 39.60], [109.81, 39.61], [109.80, 39.61], [109.80, 39.60]]
HOLE = [[109.803, 39.603], [109.806, 39.603], [109.806, 39.606], [109.803, 39.606], [109.803, 39.603]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def refused(geometry: object) -> Invalid:
    with pytest.raises(Invalid) as error:
        shapes.area_from_geojson(geometry)
    assert error.value.code == "shape-invalid"
    return error.value


@pytest.mark.parametrize(
    ("geometry", "field"),
    [
        pytest.param(None, "geometry", id="nothing"),
        pytest.param([1, 2], "geometry", id="a list"),
        pytest.param({"type": "Point", "coordinates": [1, 2]}, "geometry.type", id="a point"),
        pytest.param({"type": "Polygon"}, "geometry.coordinates", id="no coordinates"),
        pytest.param(polygon(), "geometry.coordinates", id="no ring"),
        pytest.param({"type": "MultiPolygon", "coordinates": []}, "geometry.coordinates", id="no part"),
        pytest.param(polygon("x"), "geometry.coordinates[0]", id="ring of text"),
        pytest.param(polygon([*SQUARE[:4], ["a", 1]]), "geometry.coordinates[0][4]", id="text"),
        pytest.param(polygon([*SQUARE[:4], [True, 1]]), "geometry.coordinates[0][4]", id="a truth"),
        pytest.param(polygon([*SQUARE[:4], [1]]), "geometry.coordinates[0][4]", id="one number"),
        pytest.param(polygon(SQUARE[:2]), "geometry.coordinates[0][0]", id="two points"),
        pytest.param(polygon([SQUARE[0]] * 5), "geometry.coordinates[0][0]", id="one point five times"),
        pytest.param(polygon(SQUARE[:4]), "geometry.coordinates[0][0]", id="open ring"),
        pytest.param(
            polygon([*SQUARE[:3], [math.nan, 39.6], SQUARE[0]]), "geometry.coordinates[0][0][3]", id="NaN"
        ),
        pytest.param(
            polygon([*SQUARE[:3], [math.inf, 39.6], SQUARE[0]]),
            "geometry.coordinates[0][0][3]",
            id="infinity",
        ),
        pytest.param(
            polygon([*SQUARE[:3], [39.6, 109.8], SQUARE[0]]),
            "geometry.coordinates[0][0][3]",
            id="swapped",
        ),
    ],
)
def test_a_bad_geometry_is_refused_with_the_place_at_fault(geometry: object, field: str) -> None:
    error = refused(geometry)
    assert error.fields["field"] == field
    assert error.fields["limit"]


def test_a_border_that_crosses_itself_is_refused_with_the_crossing() -> None:
    bow_tie = [[109.80, 39.60], [109.81, 39.61], [109.81, 39.60], [109.80, 39.61], [109.80, 39.60]]
    error = refused(polygon(bow_tie))
    assert "Self-intersection" in error.message
    assert (error.fields["lat"], error.fields["lng"]) == pytest.approx((39.605, 109.805))


def test_a_hole_outside_its_ring_is_refused() -> None:
    elsewhere = [[x + 1, y] for x, y in HOLE]
    assert "Hole lies outside" in refused(polygon(SQUARE, elsewhere)).message


def test_parts_that_overlap_are_refused() -> None:
    shifted = [[x + 0.005, y] for x, y in SQUARE]
    refused({"type": "MultiPolygon", "coordinates": [[SQUARE], [shifted]]})


def test_an_area_across_the_world_is_refused() -> None:
    wide = [[-179, 39], [179, 39], [179, 40], [-179, 40], [-179, 39]]
    assert "degrees" in str(refused(polygon(wide)).fields["limit"])


def test_an_area_smaller_than_a_square_metre_is_refused() -> None:
    tiny = [[109.8 + (x - 109.8) / 1e5, 39.6 + (y - 39.6) / 1e5] for x, y in SQUARE]
    assert "m²" in refused(polygon(tiny)).message


def test_too_many_positions_are_refused_before_they_are_read() -> None:
    ring = SQUARE * (shapes.MAX_POSITIONS // 5 + 1)
    assert str(shapes.MAX_POSITIONS) in str(refused(polygon(ring)).fields["limit"])


def test_rings_are_turned_the_right_way_round() -> None:
    area = shapes.area_from_geojson(polygon(SQUARE[::-1], HOLE))
    assert area == shapes.area_from_geojson(polygon(SQUARE, HOLE[::-1]))
    outer, hole = area[0]
    assert shapely.is_ccw(shapely.LinearRing(outer))
    assert not shapely.is_ccw(shapely.LinearRing(hole))


def test_heights_are_dropped() -> None:
    high = [[x, y, 1300.0] for x, y in SQUARE]
    assert shapes.area_from_geojson(polygon(high)) == shapes.area_from_geojson(polygon(SQUARE))


def test_geojson_comes_back_as_it_went_in() -> None:
    several = {
        "type": "MultiPolygon",
        "coordinates": [[SQUARE, HOLE[::-1]], [[[x + 1, y] for x, y in SQUARE]]],
    }
    for geometry in (polygon(SQUARE, HOLE[::-1]), several):
        assert json.loads(json.dumps(shapes.to_geojson(shapes.area_from_geojson(geometry)))) == geometry


@given(st.floats(-60, 60), st.floats(-170, 170), st.floats(2, 5000), st.integers(3, 60))
def test_a_circle_has_its_corners_at_the_radius(
    lat: float, lng: float, radius_m: float, corners: int
) -> None:
    ring = shapes.circle(lat, lng, radius_m, corners)[0][0]
    assert len(ring) == corners + 1
    for x, y in ring:
        assert distance_m(lat, lng, y, x) == pytest.approx(radius_m, rel=1e-6)


def test_a_rectangle_measures_what_was_asked() -> None:
    area = shapes.rectangle(39.6, 109.8, 120.0, 30.0, 30.0)
    assert shapes.areas_m2(np.array([shapes.to_geos(area)]))[0] == pytest.approx(3600, rel=0.01)


def test_a_corridor_has_the_width_of_a_street() -> None:
    area = shapes.corridor([(39.6, 109.8), (39.6, 109.81)], 4.0)
    length = distance_m(39.6, 109.8, 39.6, 109.81)
    assert shapes.areas_m2(np.array([shapes.to_geos(area)]))[0] == pytest.approx(8 * length, rel=0.01)


def test_the_box_of_areas_is_west_south_east_north() -> None:
    assert shapes.bounding_box([shapes.area_from_geojson(polygon(SQUARE))]) == (109.80, 39.60, 109.81, 39.61)
    with pytest.raises(ValueError, match="no areas"):
        shapes.bounding_box([])
