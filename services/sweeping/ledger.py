"""What was really swept, by H3 cell and in m²: from where the vehicle was with its brush down. Pure.

A metre counts when the brush was known to be down and turning at both of its ends, the speed was one at which
brushes clean, and the two positions are near enough in time to know the way between. What counts is the strip
as wide as the brushes, once however often it was driven, and only inside what was planned.
"""

from collections.abc import Sequence
from typing import Final

import h3
import h3.api.basic_int as h3i
import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fleet.links.wire.status import STATUS_EVERY_S, Brush
from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane, from_position
from services.sweeping.ground import polygons

RESOLUTION: Final = 13
"""44 m² a cell: a lane of 2 m is seen to be missing in it."""
SLOWEST_MPS, FASTEST_MPS = 0.2, 2.5
"""Speeds at which a brush cleans; slower the position stands, faster the brush jumps. Ours, as defaults."""
GAP_MOST_MS: Final = 10_000
"""Positions further apart leave the way between unknown, and unswept."""
BRUSH_KNOWN_MS: Final = 2 * STATUS_EVERY_S * 1000
"""A status says how the brush stands until the next one is overdue."""
SWEPT_SHARE: Final = 0.6
"""A cell is swept when this share of what was planned in it is; receivers err by a metre."""
RECEIVER_M: Final = 1.0
"""What a receiver errs by: a gap beside swept ground that is no wider is not told apart from its error."""
SMALLEST_M2: Final = 2.0
"""Slivers of cells at the border that no vehicle is sent out for."""

type Floats = NDArray[np.float64]
type Millis = NDArray[np.int64]


class Track(Struct, frozen=True, kw_only=True):
    """Where one vehicle was, oldest first: ``measured_ms[n]``, degrees, speed, and ``Brush`` values."""

    measured_ms: Millis
    lat: Floats
    lng: Floats
    speed_mps: Floats
    brush: NDArray[np.uint8]


class CellSwept(Struct, frozen=True):
    """One cell of a plan: m² planned in it, and m² of them swept."""

    cell: int
    planned_m2: float
    swept_m2: float

    @property
    def share(self) -> float:
        """Return how much of it is swept, 0 to 1; 1 where next to nothing was planned."""
        return min(1.0, self.swept_m2 / self.planned_m2) if self.planned_m2 > 0 else 1.0

    @property
    def is_swept(self) -> bool:
        """Return whether enough of it is swept."""
        return self.swept_m2 >= SWEPT_SHARE * self.planned_m2

    @property
    def is_missed(self) -> bool:
        """Return whether a vehicle is sent out for it again."""
        return not self.is_swept and self.planned_m2 >= SMALLEST_M2


class Ledger(Struct, frozen=True, kw_only=True):
    """What a run swept of its plan. ``verified_m2`` is exact ground, not cells; ``cells`` are by number."""

    planned_m2: float
    verified_m2: float
    cells: tuple[CellSwept, ...]

    @property
    def missed(self) -> tuple[CellSwept, ...]:
        """Return the cells that are to be swept again."""
        return tuple(cell for cell in self.cells if cell.is_missed)


def brush_at(measured_ms: Millis, status_ms: Millis, brush: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return how the brush stood at each moment by the last status before it, oldest first; ``ABSENT`` where
    none is recent enough."""
    found = np.full(len(measured_ms), Brush.ABSENT, np.uint8)
    if len(status_ms):
        last = np.searchsorted(status_ms, measured_ms, side="right") - 1
        is_known = (last >= 0) & (measured_ms - status_ms[last] <= BRUSH_KNOWN_MS)
        found[is_known] = brush[last[is_known]]
    return found


def track_of(
    measured_ms: Millis,
    lat: Floats,
    lng: Floats,
    speed_mps: Floats,
    status_ms: Millis,
    brush: NDArray[np.uint8],
) -> Track:
    """Return positions with how the brush stood at each by the statuses, all oldest first.

    Where the brush changed between two positions that are near enough in time, the place of that moment is
    put between them, once as it stood before and once as it stood after: a lane begins and ends there.
    """
    changes = status_ms[1:][np.diff(brush.astype(np.int8)) != 0]
    after = np.searchsorted(measured_ms, changes, side="right")
    is_between = (after > 0) & (after < len(measured_ms))
    changes, after = changes[is_between], after[is_between]
    changes = changes[measured_ms[after] - measured_ms[after - 1] <= GAP_MOST_MS]
    at_ms = np.concatenate((measured_ms, changes, changes))
    stood = np.concatenate(
        [brush_at(moments, status_ms, brush) for moments in (measured_ms, changes - 1, changes)]
    )
    turn = np.repeat((1, 0, 2), (len(measured_ms), len(changes), len(changes)))
    order = np.lexsort((turn, at_ms))
    at_ms = at_ms[order]
    return Track(
        measured_ms=at_ms,
        lat=np.interp(at_ms, measured_ms, lat),
        lng=np.interp(at_ms, measured_ms, lng),
        speed_mps=np.interp(at_ms, measured_ms, speed_mps),
        brush=stood[order],
    )


def ledger(ground: Area, width_m: float, tracks: Sequence[Track]) -> Ledger:
    """Return what brushes of a width swept of the ground that a plan covers.

    Several tracks are several vehicles or parts of a run; ground swept twice counts once.
    """
    shape = shapes.to_geos(ground)
    plane = LocalPlane.around(shape)
    return _ledger(plane, plane.project(shape), width_m, tracks)


def missed_ground(ground: Area, missed: Sequence[CellSwept]) -> Area:
    """Return the part of a plan's ground that lies in missed cells: what a repair run sweeps; empty for
    none."""
    if not missed:
        return ()
    shape = shapes.to_geos(ground)
    plane = LocalPlane.around(shape)
    cells = shapely.union_all([_outline(each.cell, plane) for each in missed])
    parts = polygons(cells.intersection(plane.project(shape)))
    return shapes.from_geos(plane.unproject(shapely.union_all(parts))) if parts else ()


def _ledger(plane: LocalPlane, planned: BaseGeometry, width_m: float, tracks: Sequence[Track]) -> Ledger:
    swept = _without_slivers(planned, swept_ground(tracks, width_m, plane).intersection(planned))
    cells = []
    for cell in _cells(shapes.from_geos(plane.unproject(planned))):
        outline = _outline(cell, plane)
        wanted = float(planned.intersection(outline).area)
        if wanted > 0:
            cells.append(CellSwept(cell, wanted, float(swept.intersection(outline).area)))
    return Ledger(planned_m2=float(planned.area), verified_m2=float(swept.area), cells=tuple(cells))


def _without_slivers(planned: BaseGeometry, swept: BaseGeometry) -> BaseGeometry:
    """Return swept ground with the gaps beside it that are within a receiver's error.

    Lanes lie edge to edge, so half a metre of error leaves slivers between any two that were really swept.
    """
    missed = planned.difference(swept)
    wide = missed.buffer(-RECEIVER_M / 2).buffer(RECEIVER_M / 2)
    slivers = missed.difference(wide).intersection(swept.buffer(RECEIVER_M))
    return shapely.union_all([swept, slivers])


def swept_ground(tracks: Sequence[Track], width_m: float, plane: LocalPlane) -> BaseGeometry:
    """Return the ground, in metres on ``plane``, over which a brush of this width was drawn."""
    lines = [line for track in tracks for line in _lines(track, plane)]
    return shapely.union_all(shapely.buffer(lines, width_m / 2)) if lines else shapely.Polygon()


def _lines(track: Track, plane: LocalPlane) -> list[shapely.LineString]:
    """Return the runs of positions along which a track swept."""
    cleans = track.brush == Brush.DOWN_TURNING
    cleans &= (track.speed_mps >= SLOWEST_MPS) & (track.speed_mps <= FASTEST_MPS)
    joined = cleans[1:] & cleans[:-1] & (np.diff(track.measured_ms) <= GAP_MOST_MS)
    points = [plane.east_north(float(lat), float(lng)) for lat, lng in zip(track.lat, track.lng, strict=True)]
    edges = np.diff(np.concatenate(([False], joined, [False])).astype(np.int8))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [
        shapely.LineString(points[begin : end + 1])
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
    ]


def _cells(area: Area) -> list[int]:
    """Return the cells that an area touches, by number: each once, however many of its parts lie in it."""
    polys = [
        h3.LatLngPoly(*([from_position(position) for position in ring] for ring in rings)) for rings in area
    ]
    return sorted(set(h3i.h3shape_to_cells_experimental(h3.LatLngMultiPoly(*polys), RESOLUTION, "overlap")))


def _outline(cell: int, plane: LocalPlane) -> shapely.Polygon:
    return shapely.Polygon([plane.east_north(lat, lng) for lat, lng in h3i.cell_to_boundary(cell)])
