"""How far every fence border surely is from a point: what lets a moving point skip all fences for a while.

A plane of (lng x ``squeeze``, lat) in degrees is laid over the fences. Straight edges stay straight on it, so
"no border within a circle of this plane" is exact for membership in degrees, whatever the true metres are.
Each level covers the plane with squares of side ``4 * reach``, placed at every half side, so that each point
lies in the middle half of one square (``floor(2x - 1/2)`` finds it), at least ``reach`` from all its sides.
The borders are sampled every ``SPACING_M``; a square without a sample holds no border point further than half
a spacing inside, so nothing is within ``reach - SPACING_M / 2`` of the point.

The squares that hold samples are one hashed bitset. Two squares that share a bit only make a point look
nearer to a border than it is, which costs time and changes no answer.
"""

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.distinct import distinct
from geofences.geo import METRES_PER_DEGREE, positions_to_lat_lng

type Floats = NDArray[np.float64]
type Squares = NDArray[np.int64]

SPACING_M: Final = 2.0
REACHES_M: Final = (80.0, 40.0, 20.0, 10.0, 5.0)
"""Widest first, each twice the next. The widest bounds how old the H3 cell of a calm vehicle can be; the
narrowest is worth a step of a vehicle at 3 m/s."""
_SAFETY_M: Final = 0.01
"""Far above what float64 degrees round (0.01 micrometres) and GEOS decides."""
_CHUNK: Final = 200_000
"""Samples of one piece of work: the thread that builds lets others run in between."""
_BITS_A_SQUARE: Final = 5
"""Bits for each square, of which fences share many: one clear square in ten to twenty looks occupied."""
_CROWDED_BITS: Final = 2
_LEAST_BITS: Final = 1 << 16
_X, _Y = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(0xC2B2_AE3D_27D4_EB4F)
_LEVEL, _MIX = np.uint64(0x1656_67B1_9E37_79F9), np.uint64(0xD6E8_FEB8_6659_FD93)
"""Odd constants of splitmix64, xxHash and Fibonacci hashing; any odd ones would do."""


class Clearance:
    """The borders of some fences as a bitset. Immutable; safe to share between threads."""

    def __init__(self, squeeze: float, bits: NDArray[np.uint8], squares: int) -> None:
        """Use ``of`` or ``adding``; ``bits``: uint8[2^k], eight squares a byte."""
        self.squeeze = squeeze
        """Factor of longitudes: about the cosine of the fences' latitude."""
        self.squares = squares
        """How many were marked, counting what several fences share more than once."""
        self.bits = bits
        self._shift = np.uint64(64 - (8 * len(bits) - 1).bit_length())

    @classmethod
    def of(cls, shapes: NDArray[np.object_]) -> "Clearance":
        """Return the clearance of n fences (GEOS, degrees, x = lng); none give an endless one.

        About 1.5 seconds of CPU for 10,000 fences of 1.3 km around.
        """
        starts, ends = _edges(shapes)
        middle = float(np.mean(starts[:, 1])) if len(starts) else 0.0
        squeeze = max(0.1, math.cos(math.radians(middle)))
        squares = _squares(starts, ends, squeeze)
        count = sum(map(len, squares))
        size = 1 << (max(_LEAST_BITS, _BITS_A_SQUARE * count) - 1).bit_length()
        return _marked(cls(squeeze, np.zeros(size // 8, np.uint8), 0), squares)

    def adding(self, shapes: NDArray[np.object_]) -> "Clearance":
        """Return one with the borders of more fences: milliseconds for a few; this one stays as it is."""
        return _marked(self, _squares(*_edges(shapes), self.squeeze))

    @property
    def is_crowded(self) -> bool:
        """Whether so much was added that a new one of the same fences would find more room."""
        return self.squares * _CROWDED_BITS > 8 * len(self.bits)

    def __repr__(self) -> str:
        return f"Clearance({len(self.bits)} bytes)"

    @property
    def nbytes(self) -> int:
        """Bytes of the bitset."""
        return self.bits.nbytes

    def around(self, lat: Floats, lng: Floats) -> Floats:
        """Return a radius in degrees of the plane within which no border lies, float64[n].

        0 where one may be within 5 m. ``lat``, ``lng``: float64[n] degrees, finite. About 0.1 µs a point.
        """
        radius = np.zeros(len(lat))
        left = np.arange(len(lat))
        x, y = lng * self.squeeze, lat
        for level, reach in enumerate(REACHES_M):
            scale = 2 / _side_deg(reach)
            column = np.floor(x * scale - 0.5).astype(np.int64)
            row = np.floor(y * scale - 0.5).astype(np.int64)
            place = self.places(level, column, row)
            byte = self.bits[(place >> np.uint64(3)).astype(np.intp)]
            clear = (byte >> (place & np.uint64(7)).astype(np.uint8)) & np.uint8(1) == 0
            radius[left[clear]] = (reach - SPACING_M / 2 - _SAFETY_M) / METRES_PER_DEGREE
            near = ~clear
            left, x, y = left[near], x[near], y[near]
            if not len(left):
                break
        return radius

    def places(self, level: int, column: Squares, row: Squares) -> NDArray[np.uint64]:
        """Return the bit of each square of a level."""
        mixed = column.astype(np.uint64) * _X + row.astype(np.uint64) * _Y
        mixed += np.uint64((int(_LEVEL) * (level + 1)) & 0xFFFF_FFFF_FFFF_FFFF)
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX
        places: NDArray[np.uint64] = mixed >> self._shift
        return places


def _marked(clearance: Clearance, squares: list[Squares]) -> Clearance:
    bits = clearance.bits.copy()
    for level, of_level in enumerate(squares):
        place = clearance.places(level, of_level[:, 0], of_level[:, 1])
        bit = np.uint8(1) << (place & np.uint64(7)).astype(np.uint8)
        np.bitwise_or.at(bits, (place >> np.uint64(3)).astype(np.intp), bit)
    return Clearance(clearance.squeeze, bits, clearance.squares + sum(map(len, squares)))


def _side_deg(reach_m: float) -> float:
    return 4 * reach_m / METRES_PER_DEGREE


def _edges(shapes: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Return both ends of every edge, float64[m, 2] as (lng, lat)."""
    rings: Any = shapely.get_rings(shapely.get_parts(shapes))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    return corners[:-1][joined], corners[1:][joined]


def _squares(starts: Floats, ends: Floats, squeeze: float) -> list[Squares]:
    """Return for each level the squares that hold a sample of an edge, int64[k, 2] as (column, row)."""
    if not len(starts):
        return [np.zeros((0, 2), np.int64) for _ in REACHES_M]
    lat, lng = positions_to_lat_lng(starts)
    to_lat, to_lng = positions_to_lat_lng(ends)
    x, y = lng * squeeze, lat
    d_x, d_y = to_lng * squeeze - x, to_lat - y
    pieces = np.ceil(np.hypot(d_x, d_y) * (METRES_PER_DEGREE / SPACING_M)).astype(np.int64) + 1
    half_deg = _side_deg(REACHES_M[-1]) / 2
    halves = distinct(
        np.concatenate(
            [
                _halves(x[part], y[part], d_x[part], d_y[part], pieces[part], half_deg)
                for part in _parts(pieces)
            ]
        )
    )
    column, row = halves >> 32, (halves & 0xFFFF_FFFF) - (1 << 31)
    levels = [_around_halves(column, row)]
    for _ in REACHES_M[1:]:
        halves = distinct((column >> 1 << 32) | ((row >> 1) + (1 << 31)))
        column, row = halves >> 32, (halves & 0xFFFF_FFFF) - (1 << 31)
        levels.append(_around_halves(column, row))
    return levels[::-1]


def _around_halves(column: Squares, row: Squares) -> Squares:
    """Return the four squares of two half sides that hold each of these half squares."""
    return np.concatenate([np.column_stack((column - right, row - up)) for right in (0, 1) for up in (0, 1)])


def _parts(pieces: Squares) -> list[slice]:
    """Cut the edges so that each part has about ``_CHUNK`` samples."""
    number = np.cumsum(pieces) // _CHUNK
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(pieces)]
    return [slice(a, b) for a, b in pairwise(cuts) if b > a]


def _halves(x: Floats, y: Floats, d_x: Floats, d_y: Floats, pieces: Squares, half_deg: float) -> Squares:
    """Return the half squares that these edges' samples fall into, once each: column << 32 | row + 2^31."""
    edge = np.repeat(np.arange(len(x)), pieces)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = nth / np.repeat(np.maximum(pieces - 1, 1), pieces)
    column = np.floor((x[edge] + share * d_x[edge]) / half_deg).astype(np.int64)
    row = np.floor((y[edge] + share * d_y[edge]) / half_deg).astype(np.int64)
    halves: Squares = distinct((column << 32) | (row + (1 << 31)))
    return halves
