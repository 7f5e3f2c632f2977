"""A plan sweeps what can be swept, leaves nothing of the vehicle outside, and turns on its radius."""

import math
from itertools import pairwise

import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.zones import KINDS, generated_zones
from core.errors import Invalid
from services.sweeping.cover import Cover, PieceKind, cover
from services.sweeping.curves import STEP_RAD, Pose, drive, words
from services.sweeping.equipment import Equipment

SWEEPER = Equipment(width_m=2.0, body_m=2.0, turning_radius_m=1.5)


def test_a_square_is_swept_to_its_corners_by_little_more_than_its_area() -> None:
    plan = cover(shapely.box(0, 0, 40, 40), SWEEPER)
    assert plan.covered_ratio() > 0.99
    assert plan.ground.unreachable_m2 == pytest.approx(4 - math.pi, abs=0.1), "four corners beside the disc"
    assert plan.length_m() * SWEEPER.width_m / 1600 < 1.15


@pytest.mark.parametrize("kind", KINDS)
def test_no_part_of_the_vehicle_leaves_a_zone_and_nothing_is_left(kind: str) -> None:
    zone = next(zone for found, zone in generated_zones(seed=7, count=3) if found == kind)
    plan = cover(zone, SWEEPER)
    assert _body(plan, SWEEPER).difference(zone).area == 0.0
    assert plan.covered_ratio() >= 0.99
    assert plan.length_m() * SWEEPER.width_m / plan.ground.reachable.area <= 1.3
    assert plan.skipped_m == 0.0


@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(KINDS),
    width=st.floats(1.0, 2.4),
    wider=st.floats(0.0, 0.4),
    radius=st.floats(0.8, 2.5),
)
@example(seed=3455, kind="narrow", width=1.5, wider=0.25, radius=1.5).via("no turn at the end of a dead end")
def test_whatever_the_zone_and_the_vehicle_the_body_stays_inside_and_the_path_hangs_together(
    seed: int, kind: str, width: float, wider: float, radius: float
) -> None:
    zone = generated_zones(seed, 3)[KINDS.index(kind)][1]
    vehicle = Equipment(width_m=width, body_m=width + wider, turning_radius_m=radius)
    plan = cover(zone, vehicle)
    assert _body(plan, vehicle).difference(zone).area < 1e-9
    assert all(math.dist(a.points[-1], b.points[0]) < 1e-6 for a, b in pairwise(plan.pieces))
    assert plan.covered_ratio() > 0.97


def test_the_path_never_bends_more_than_the_turning_radius_allows() -> None:
    """Heading, seen in the gear that is driven, goes on over every joint; within a piece it turns by no more
    than a chord of the circle."""
    zone = generated_zones(seed=5, count=2)[1][1]
    plan = cover(zone, SWEEPER)
    for piece in plan.pieces:
        for a, b, c in zip(piece.points, piece.points[1:], piece.points[2:], strict=False):
            bend = abs(math.remainder(_angle(b, c) - _angle(a, b), 2 * math.pi))
            if math.dist(a, b) > 1e-6 and math.dist(b, c) > 1e-6:
                assert bend <= STEP_RAD + 1e-3
    for one, other in pairwise(plan.pieces):
        before = _angle(one.points[-2], one.points[-1]) + one.is_backwards * math.pi
        after = _angle(other.points[0], other.points[1]) + other.is_backwards * math.pi
        assert abs(math.remainder(after - before, 2 * math.pi)) <= STEP_RAD + 1e-3


def test_what_lies_behind_a_gap_that_the_vehicle_does_not_fit_through_is_told_not_swept() -> None:
    yards = shapely.union_all(
        [shapely.box(0, 0, 30, 20), shapely.box(29, 9, 41, 10.5), shapely.box(40, 0, 60, 20)]
    )
    plan = cover(yards, SWEEPER)
    assert plan.ground.cut_off_m2 == pytest.approx(18 * 18, rel=0.02)
    assert plan.ground.reachable.area == pytest.approx(600, rel=0.02)
    assert plan.covered_ratio() > 0.99


def test_a_zone_narrower_than_the_vehicle_is_refused_with_the_width_it_needs() -> None:
    with pytest.raises(Invalid) as refused:
        cover(shapely.box(0, 0, 100, 1.9), SWEEPER)
    assert refused.value.code == "sweeping-zone-too-narrow"
    assert refused.value.fields["needed_m"] == 2.0


def test_a_blind_alley_too_narrow_to_turn_in_is_swept_and_left_again() -> None:
    yard = shapely.union_all([shapely.box(0, 0, 30, 20), shapely.box(29, 8, 60, 10.6)])
    plan = cover(yard, SWEEPER)
    alley = shapely.box(31, 8, 58, 10.6)
    assert plan.swept().intersection(alley).area / alley.area > 0.985
    assert any(piece.is_backwards for piece in plan.pieces)
    assert plan.outside_m() == 0.0


@settings(max_examples=25, deadline=None)
@given(x=st.floats(-9, 9), y=st.floats(-9, 9), heading=st.floats(-math.pi, math.pi), radius=st.floats(0.5, 3))
def test_every_word_of_a_turn_ends_where_it_should(x: float, y: float, heading: float, radius: float) -> None:
    start, end = Pose(1.0, 2.0, 0.7), Pose(1.0 + x, 2.0 + y, heading)
    found = list(words(start, end, radius))
    assert found, "a vehicle that goes both ways comes everywhere"
    assert [length for length, _ in found] == sorted(length for length, _ in found)
    for length, word in found[:5]:
        points = [point for _, run in drive(start, word, radius) for point in run]
        if points:
            assert math.dist(points[-1], end[:2]) < 1e-4 * max(1.0, radius)
        assert length >= math.dist(start[:2], end[:2]) - 1e-6


def _body(plan: Cover, vehicle: Equipment) -> shapely.Geometry:
    lines = [shapely.LineString(piece.points) for piece in plan.pieces]
    return shapely.union_all(shapely.buffer(lines, vehicle.clearance_m, quad_segs=16))


def _angle(one: tuple[float, float], other: tuple[float, float]) -> float:
    return math.atan2(other[1] - one[1], other[0] - one[0])


def test_the_brush_is_up_on_the_ways_between() -> None:
    plan = cover(shapely.box(0, 0, 20, 20), SWEEPER)
    swept, moved = plan.length_m(PieceKind.SWEEP), plan.length_m(PieceKind.MOVE)
    assert swept + moved == pytest.approx(plan.length_m())
    assert 0 < moved < swept
