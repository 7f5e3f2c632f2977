"""A plan as passes: nothing of it is lost where it is cut, and the brush is down where it sweeps."""

from itertools import pairwise

import pytest

from geofences import shapes
from geofences.geo import distance_m, offset
from services.routing.polyline import decode, metres_along
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment
from services.sweeping.estimate import Supply, SupplyStop
from services.sweeping.passes import PASS_M, passes_of
from services.sweeping.work_out import work_out
from services.sweeping.zone import Drawing, ZoneKind

HERE = (39.6, 109.78)
SWEEPER = Equipment()
YARD = shapes.rectangle(*HERE, 50.0, 40.0)
FAR = shapes.rectangle(*offset(*HERE, 90, 300.0), 20.0, 15.0)
PLAN, _ = work_out(Drawing(kind=ZoneKind.GROUND, area=(*YARD, *FAR)))
DRY = SupplyStop(piece=4, along_m=3.0, supplies=(Supply.WATER, Supply.DUMP), battery_ratio=0.5)


@pytest.mark.parametrize("stops", [(), (DRY,)], ids=["full", "runs dry"])
def test_passes_are_the_whole_path(stops: tuple[SupplyStop, ...]) -> None:
    passes = passes_of(PLAN.pieces, stops, SWEEPER)
    swept = sum(span.to_m - span.from_m for each in passes for span in each.leg.sweeps)
    assert swept == pytest.approx(PLAN.estimate.swept_m, abs=0.1 * len(PLAN.pieces))
    driven = sum(each.leg.length_m for each in passes)
    assert driven == pytest.approx(PLAN.estimate.swept_m + PLAN.estimate.moved_m, rel=0.01)
    for each in passes:
        points = decode(each.leg.polyline6)
        assert metres_along(points)[-1] == pytest.approx(each.leg.length_m, rel=0.03)
        assert distance_m(*points[0], *each.begin) < 0.2
        assert distance_m(*points[-1], *each.end) < 0.2
        assert each.leg.length_m < PASS_M + 60
    assert [each.supplies for each in passes if each.supplies] == [stop.supplies for stop in stops]


def test_a_path_is_left_where_its_polygons_lie_apart_and_slower_where_it_sweeps() -> None:
    passes = passes_of(PLAN.pieces, (), SWEEPER)
    jumps = [distance_m(*a.end, *b.begin) for a, b in pairwise(passes)]
    assert sum(jump > 50 for jump in jumps) == 1
    speeds = {limit.speed_mps for each in passes for limit in each.leg.limits}
    assert speeds == {SWEEPER.sweep_mps, SWEEPER.transit_mps}
    kinds = {piece.kind for piece in PLAN.pieces}
    assert kinds == {PieceKind.SWEEP, PieceKind.MOVE}


def test_a_vehicle_that_runs_dry_goes_on_where_it_left() -> None:
    passes = passes_of(PLAN.pieces, (DRY,), SWEEPER)
    cut = next(number for number, each in enumerate(passes) if each.supplies)
    assert distance_m(*passes[cut].end, *passes[cut + 1].begin) < 0.1
