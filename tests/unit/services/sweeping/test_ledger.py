"""What counts as swept: brush down, a sweeping speed, no gap; each m² once; the rest is swept again."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import shapely

from fleet.links.wire.status import Brush
from geofences import shapes
from geofences.geo import LocalPlane
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment
from services.sweeping.ground import ground_of
from services.sweeping.ledger import BRUSH_KNOWN_MS, Track, brush_at, ledger, missed_ground, track_of
from services.sweeping.plan import Plan
from services.sweeping.work_out import work_out, work_out_repair
from services.sweeping.zone import Drawing, ZoneKind

SWEEPER = Equipment(width_m=2.0, body_m=2.0, turning_radius_m=1.5)
YARD = shapes.rectangle(39.6, 109.78, 40.0, 30.0, 20.0)
DRAWING = Drawing(kind=ZoneKind.GROUND, area=YARD, equipment=SWEEPER)
PLAN, GROUND = work_out(DRAWING)
PLANE = LocalPlane.around(shapes.to_geos(YARD))


def driven(plan: Plan, *, speed_mps: float = 1.2, every_s: float = 1.0, share: float = 1.0) -> Track:
    """Return what a receiver says of a vehicle that drives a plan, with the brush as the plan has it."""
    rows: list[tuple[float, float, int]] = []
    for piece in plan.pieces:
        is_down = piece.kind is PieceKind.SWEEP
        for (lat, lng), (lat2, lng2) in pairwise(piece.points):
            steps = max(1, math.ceil(math.hypot(lat2 - lat, lng2 - lng) * 111_000 / (speed_mps * every_s)))
            for k in range(steps + 1):
                part = k / steps
                brush = Brush.DOWN_TURNING if is_down else Brush.UP
                rows.append((lat + part * (lat2 - lat), lng + part * (lng2 - lng), brush))
    rows = rows[: int(len(rows) * share)]
    columns = np.array(rows)
    return Track(
        measured_ms=np.arange(len(rows)) * int(every_s * 1000),
        lat=columns[:, 0],
        lng=columns[:, 1],
        speed_mps=np.full(len(rows), speed_mps),
        brush=columns[:, 2].astype(np.uint8),
    )


def test_a_plan_that_is_driven_with_the_brush_down_is_verified_whole() -> None:
    found = ledger(GROUND, SWEEPER.width_m, [driven(PLAN)])
    assert found.planned_m2 == pytest.approx(PLAN.reachable_m2)
    assert found.verified_m2 / found.planned_m2 > 0.99
    assert found.missed == ()
    assert sum(cell.planned_m2 for cell in found.cells) == pytest.approx(found.planned_m2, rel=1e-3)


def test_a_cell_in_which_two_strips_lie_is_counted_once_with_both() -> None:
    kerbs = (
        *shapes.rectangle(39.6, 109.78, 40.0, 2.0),
        *shapes.rectangle(39.6, 109.78005, 40.0, 2.0),
    )
    found = ledger(kerbs, SWEEPER.width_m, [])
    assert len({cell.cell for cell in found.cells}) == len(found.cells)
    assert sum(cell.planned_m2 for cell in found.cells) == pytest.approx(found.planned_m2, rel=1e-3)
    assert found.planned_m2 == pytest.approx(160.0, rel=0.01)


def test_ground_that_is_swept_twice_counts_once() -> None:
    once, twice = (ledger(GROUND, SWEEPER.width_m, [driven(PLAN)] * times) for times in (1, 2))
    assert twice == once


@pytest.mark.parametrize(
    "change",
    [
        {"brush": Brush.UP},
        {"brush": Brush.DOWN_STILL},
        {"speed_mps": 4.0},
        {"speed_mps": 0.0},
        {"every_ms": 20_000},
    ],
    ids=["brush up", "brush still", "too fast", "standing", "gaps"],
)
def test_what_is_driven_otherwise_is_not_swept(change: dict[str, float]) -> None:
    track = driven(PLAN)
    count = len(track.measured_ms)
    changed = Track(
        measured_ms=np.arange(count) * int(change.get("every_ms", 1000)),
        lat=track.lat,
        lng=track.lng,
        speed_mps=np.full(count, change.get("speed_mps", 1.2)),
        brush=np.full(count, int(change.get("brush", Brush.DOWN_TURNING)), np.uint8),
    )
    found = ledger(GROUND, SWEEPER.width_m, [changed])
    assert found.verified_m2 == 0
    assert {cell.cell for cell in found.missed} <= {cell.cell for cell in found.cells}
    assert found.missed


def test_half_a_run_leaves_cells_that_a_repair_run_sweeps() -> None:
    half = driven(PLAN, share=0.5)
    before = ledger(GROUND, SWEEPER.width_m, [half])
    assert 0.2 < before.verified_m2 / before.planned_m2 < 0.8
    missed = missed_ground(GROUND, before.missed)
    again = work_out_repair(DRAWING, PLAN, missed)
    assert again.estimate.swept_m < 0.75 * PLAN.estimate.swept_m
    assert again.pieces[0].points[0] == pytest.approx(PLAN.pieces[0].points[0]), "by the same gate"
    free = ground_of(PLANE.project(shapes.to_geos(YARD)), SWEEPER).free.buffer(0.02)
    path = [[PLANE.east_north(*point) for point in piece.points] for piece in again.pieces]
    assert all(free.covers(shapely.LineString(line)) for line in path)
    after = ledger(GROUND, SWEEPER.width_m, [half, driven(again)])
    assert after.missed == ()


def test_a_receivers_error_is_not_taken_off_what_was_swept_and_a_lane_left_out_is() -> None:
    track = driven(PLAN)
    lot = np.random.default_rng(7)
    drift_m = np.zeros((2, len(track.lat)))
    for n in range(1, len(track.lat)):
        drift_m[:, n] = 0.9 * drift_m[:, n - 1] + lot.normal(0.0, 0.25, 2)
    errs = msgspec.structs.replace(
        track, lat=track.lat + drift_m[0] / 111_195, lng=track.lng + drift_m[1] / 85_700
    )
    found = ledger(GROUND, SWEEPER.width_m, [errs])
    assert found.verified_m2 / found.planned_m2 > 0.86, "without it 0.81"
    left_out = track.brush.copy()
    begin, end = _longest_lane(track)
    left_out[begin:end] = Brush.UP
    without = ledger(GROUND, SWEEPER.width_m, [msgspec.structs.replace(track, brush=left_out)])
    lane_m2 = 1.2 * (end - begin) * SWEEPER.width_m
    assert found.planned_m2 - without.verified_m2 == pytest.approx(lane_m2, rel=0.25)


def _longest_lane(track: Track) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], track.brush == Brush.DOWN_TURNING, [0]))))
    lanes = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    inner = lanes[1:]
    return max(inner, key=lambda lane: lane[1] - lane[0])


def test_a_lane_begins_and_ends_where_the_brush_moved_between_two_positions() -> None:
    measured_ms = np.arange(0, 40_000, 4_000)
    north = np.arange(10) * 4.8 / 111_195
    status_ms = np.array([-1_000, 6_000, 30_000])
    brush = np.array([Brush.UP, Brush.DOWN_TURNING, Brush.UP], np.uint8)
    track = track_of(measured_ms, 39.6 + north, np.full(10, 109.78), np.full(10, 1.2), status_ms, brush)
    down = track.measured_ms[track.brush == Brush.DOWN_TURNING]
    assert (down.min(), down.max()) == (6_000, 30_000)
    assert track.lat[track.measured_ms == 6_000] == pytest.approx([39.6 + 7.2 / 111_195] * 2, abs=1e-9)
    far = track_of(measured_ms * 3, 39.6 + north, np.full(10, 109.78), np.full(10, 1.2), status_ms, brush)
    assert len(far.measured_ms) == 10, "12 s apart nobody knows the way between"


def test_nothing_missed_is_no_repair() -> None:
    assert missed_ground(GROUND, ()) == ()


def test_a_status_says_how_the_brush_stands_until_it_is_too_old() -> None:
    status_ms = np.array([10_000, 20_000])
    brush = np.array([Brush.DOWN_TURNING, Brush.UP], np.uint8)
    moments = np.array([9_999, 10_000, 19_999, 20_000, 20_000 + BRUSH_KNOWN_MS, 20_001 + BRUSH_KNOWN_MS])
    expected = [Brush.ABSENT, Brush.DOWN_TURNING, Brush.DOWN_TURNING, Brush.UP, Brush.UP, Brush.ABSENT]
    assert brush_at(moments, status_ms, brush).tolist() == expected
    assert brush_at(moments, status_ms[:0], brush[:0]).tolist() == [Brush.ABSENT] * 6
