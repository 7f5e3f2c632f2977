"""What a plan leaves out of a zone, and for which reason."""

import pytest
import shapely

from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane
from services.sweeping.equipment import Equipment
from services.sweeping.left_out import Why, left_out
from services.sweeping.street import StreetLine, joined
from services.sweeping.work_out import work_out
from services.sweeping.zone import Drawing, ZoneKind

PLANE = LocalPlane(39.6, 109.78)


def ground(*boxes: tuple[float, float, float, float]) -> Area:
    """Return boxes in metres as one drawn area."""
    return shapes.from_geos(PLANE.unproject(shapely.union_all([shapely.box(*box) for box in boxes])))


def left(drawing: Drawing) -> dict[Why, float]:
    plan, _ = work_out(drawing)
    return {each.why: each.m2 for each in left_out(drawing, plan)}


def test_an_open_yard_leaves_its_four_corners_and_nothing_else() -> None:
    found = left(Drawing(kind=ZoneKind.GROUND, area=ground((0, 0, 30, 20))))
    assert found == {Why.NARROW: pytest.approx(4 * (1 - 3.1416 / 4), abs=0.15)}


def test_a_yard_behind_a_gap_is_cut_off_and_the_gap_is_too_narrow() -> None:
    area = ground((0, 0, 30, 20), (29, 9, 41, 10.5), (40, 0, 60, 20))
    drawing = Drawing(kind=ZoneKind.GROUND, area=area)
    found = left(drawing)
    assert found[Why.CUT_OFF] == pytest.approx(400, rel=0.01)
    assert found[Why.NARROW] == pytest.approx(10 * 1.5 + 4 * 0.215, abs=1.5)
    plan, _ = work_out(drawing)
    drawn = {each.why: PLANE.project(shapes.to_geos(each.area)) for each in left_out(drawing, plan)}
    assert drawn[Why.CUT_OFF].centroid.distance(shapely.Point(50, 10)) < 1
    assert float(drawn[Why.CUT_OFF].area) == pytest.approx(found[Why.CUT_OFF], rel=0.01)


def test_a_body_wider_than_its_brushes_leaves_a_strip_along_the_border() -> None:
    wide = Drawing(
        kind=ZoneKind.GROUND,
        area=ground((0, 0, 30, 20)),
        equipment=Equipment(width_m=1.6, body_m=2.0),
    )
    assert left(wide)[Why.NARROW] == pytest.approx(100 * 0.2, rel=0.2)


def test_all_that_is_left_out_and_all_that_is_swept_are_the_zone() -> None:
    area = ground((0, 0, 30, 20), (29, 9, 41, 10.5), (40, 0, 60, 20))
    drawing = Drawing(kind=ZoneKind.GROUND, area=area)
    plan, _ = work_out(drawing)
    assert sum(left(drawing).values()) + plan.covered_m2 == pytest.approx(plan.zone_m2, rel=0.01)


def test_parts_of_a_set_are_added_up_by_reason() -> None:
    one, two = ground((0, 0, 30, 20)), ground((100, 0, 130, 20))
    single = left(Drawing(kind=ZoneKind.GROUND, area=one))
    both = left(Drawing(kind=ZoneKind.GROUND, area=(*one, *two)))
    assert both[Why.NARROW] == pytest.approx(2 * single[Why.NARROW], abs=0.15)


def test_streets_are_swept_whole() -> None:
    lines = (StreetLine(street_id="a", points=((39.6, 109.78), (39.601, 109.78))),)
    assert left(Drawing(kind=ZoneKind.STREETS, streets=joined(lines))) == {}
