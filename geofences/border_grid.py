"""Which short segments come anywhere near crossing a border: a coarse question answered for whole batches.

Borders are cut into pieces and noted in the buckets of a hash grid, each in every cell that a segment of at
most ``REACH_M`` which meets it can end in. So one look-up a segment finds all pieces that it may meet, and
plain arithmetic on columns says of nearly all of them that it does not. What is left goes to GEOS.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences import geo

type Longs = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]

CELL_DEG: Final = 64.0 / geo.METRES_PER_DEGREE
"""Height and width of a cell; pieces are no longer. Wider cells hold more pieces, smaller ones hold them more
often: 64 m was the quickest of 32 to 128 with 10,000 fences."""
REACH_DEG: Final = 16.0 / geo.METRES_PER_DEGREE
"""Longest segment that is answered, each way: a low-speed vehicle's way of a second."""
TOUCH_DEG: Final = 1e-9
"""What rounding may hide, 0.1 mm: a segment this near to a piece may meet it."""
_NO_LENGTH: Final = 1e-30
"""Square of a length that only a piece of two equal ends falls short of."""
_SPREAD: Final = (np.int64(73_856_093), np.int64(19_349_663))
"""Teschner et al., Optimized Spatial Hashing for Collision Detection (2003)."""


class BorderGrid:
    """Immutable; safe to share between threads. About 64 bytes a piece."""

    def __init__(self, shapes: NDArray[np.object_]) -> None:
        """Take GEOS (multi)polygons in degrees. 0.1 s for 10,000 of 16 corners."""
        start, end, owner = _pieces(shapes)
        low = np.floor((np.minimum(start, end) - REACH_DEG) / CELL_DEG).astype(np.int64)
        high = np.floor((np.maximum(start, end) + REACH_DEG) / CELL_DEG).astype(np.int64)
        wide, tall = (high - low + 1).T
        count = wide * tall
        piece = np.repeat(np.arange(len(start)), count)
        nth = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
        column = low[piece, 0] + nth % wide[piece]
        row = low[piece, 1] + nth // wide[piece]
        self._mask = np.int64(2 ** max(4, int(len(piece) // 2).bit_length()) - 1)
        bucket = self._bucket(column, row)
        order = np.argsort(bucket, kind="stable")
        self._entries = piece[order].astype(np.int32)
        self._offsets = np.zeros(int(self._mask) + 2, np.int32)
        np.cumsum(np.bincount(bucket, minlength=int(self._mask) + 1), out=self._offsets[1:])
        self._ends = np.ascontiguousarray(np.concatenate((start, end), axis=1))
        self._owner = owner

    def __repr__(self) -> str:
        return f"BorderGrid({len(self._ends)} pieces, {len(self._entries)} entries)"

    @property
    def nbytes(self) -> int:
        """Bytes of the look-up arrays."""
        return self._entries.nbytes + self._offsets.nbytes + self._ends.nbytes + self._owner.nbytes

    def may_meet(self, start: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> Booleans:
        """Return which segments may meet a border, bool[n]; False is certain.

        ``start``, ``end``: ``(lat[n], lng[n])`` degrees, finite. A segment beyond ``REACH_DEG`` may.
        """
        may = self.is_long(start, end)
        may[self.meets(start, end)[0]] = True
        return may

    def passes(self, start: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> tuple[Booleans, Floats]:
        """Return which segments meet no border for certain, bool[n], and how much room each end has.

        Room is float64[n], degrees on the plane of (lng, lat): no border lies within it of the segment's end.
        At most ``REACH_DEG``, and 0 where a border may be touched.
        """
        (y0, x0), (y1, x1) = start, end
        way, piece, count = self._near(end)
        ax, ay, bx, by = self._ends.take(piece, axis=0).T
        dx, dy, px, py = bx - ax, by - ay, x1[way] - ax, y1[way] - ay
        left, right = dx * (y0[way] - ay) - dy * (x0[way] - ax), dx * py - dy * px
        near = (np.abs(dx) + np.abs(dy)) * TOUCH_DEG
        both = np.flatnonzero((np.minimum(left, right) <= near) & (np.maximum(left, right) >= -near))
        along, square = dx * px + dy * py, np.maximum(dx * dx + dy * dy, _NO_LENGTH)
        beyond = np.maximum(np.maximum(-along, along - square), 0.0)
        room = _least((right * right + beyond * beyond) / square, count, REACH_DEG * REACH_DEG)
        way, piece = way[both], piece[both]
        met = _astride((x0[way], y0[way], x1[way], y1[way]), self._ends.take(piece, axis=0).T)
        passed = ~self.is_long(start, end)
        passed[way[met]] = False
        return passed, np.maximum(np.sqrt(room) - TOUCH_DEG, 0.0)

    @staticmethod
    def is_long(start: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> Booleans:
        """Say which segments are beyond ``REACH_DEG``, of which the grid knows nothing, bool[n]."""
        (y0, x0), (y1, x1) = start, end
        long: Booleans = (np.abs(x1 - x0) > REACH_DEG) | (np.abs(y1 - y0) > REACH_DEG)
        return long

    def meets(
        self, start: tuple[Floats, Floats], end: tuple[Floats, Floats]
    ) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return pairs (segment, shape) of which the one may meet the other's border; some come twice.

        Of segments that are not ``is_long`` no pair is missing.
        """
        (y0, x0), (y1, x1) = start, end
        way, piece, _ = self._near(end)
        # Nearly all ways lie on one side of the piece: the other half is asked of those that do not.
        met = _astride(self._ends.take(piece, axis=0).T, (x0[way], y0[way], x1[way], y1[way]))
        way, piece = way[met], piece[met]
        met = _astride((x0[way], y0[way], x1[way], y1[way]), self._ends.take(piece, axis=0).T)
        return way[met], self._owner[piece[met]]

    def _near(
        self, end: tuple[Floats, Floats]
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]:
        """Return pairs (segment, piece) of which the piece is noted where the segment ends, and how many each
        segment has."""
        lat, lng = end
        bucket = self._bucket(
            np.floor(lng / CELL_DEG).astype(np.int64), np.floor(lat / CELL_DEG).astype(np.int64)
        )
        first = self._offsets[bucket]
        count = self._offsets[bucket + 1] - first
        way = np.repeat(np.arange(len(count)), count)
        place = np.arange(len(way)) + np.repeat(first - (np.cumsum(count) - count), count)
        return way, self._entries[place], count

    def _bucket(self, column: Longs, row: Longs) -> Longs:
        found: Longs = (column * _SPREAD[0] ^ row * _SPREAD[1]) & self._mask
        return found


def _astride(lines: Sequence[Floats] | Floats, others: Sequence[Floats] | Floats) -> NDArray[np.intp]:
    """Return the rows whose other segment does not lie clearly on one side of the line, ascending.

    Both are four columns: x and y of the one end and of the other.
    """
    ax, ay, bx, by = lines
    x0, y0, x1, y1 = others
    dx, dy = bx - ax, by - ay
    near = (np.abs(dx) + np.abs(dy)) * TOUCH_DEG
    left, right = dx * (y0 - ay) - dy * (x0 - ax), dx * (y1 - ay) - dy * (x1 - ax)
    apart = (np.minimum(left, right) > near) | (np.maximum(left, right) < -near)
    return np.flatnonzero(~apart)


def _least(values: Floats, count: NDArray[np.integer], most: float) -> Floats:
    """Return the least value of each run of ``count[i]`` values and of ``most``, float64[len(count)]."""
    least = np.full(len(count), most)
    some = np.flatnonzero(count)
    if len(some):
        first = (np.cumsum(count) - count)[some]
        least[some] = np.minimum(least[some], np.minimum.reduceat(values, first))
    return least


def _pieces(shapes: NDArray[np.object_]) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Return the ends of the pieces of all rings, float64[k, 2] each as (x, y), none longer than a cell, and
    the number of each piece's shape."""
    parts, shape = shapely.get_parts(shapes, return_index=True)
    rings: Any
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    joined = np.flatnonzero(ring[1:] == ring[:-1])
    start, end = corners[joined], corners[joined + 1]
    count = np.maximum(1, np.ceil(np.abs(end - start).max(axis=1, initial=0.0) / CELL_DEG)).astype(np.int64)
    edge = np.repeat(np.arange(len(start)), count)
    nth = (np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count))[:, None]
    step = (end - start)[edge] / count[edge][:, None]
    owner = shape[part[ring[joined]]][edge].astype(np.int32)
    return start[edge] + step * nth, start[edge] + step * (nth + 1), owner
