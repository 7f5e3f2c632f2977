"""Who is near whom: a radius that moves with a vehicle or stands around a place, as array work.

A grid with cells as wide as the radius is joined with itself, so that only points of neighbouring cells are
measured; the distance itself is the great circle's.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences import geo

type Floats = NDArray[np.float64]
type Longs = NDArray[np.int64]
type Rows = NDArray[np.intp]
type Pairs = tuple[Rows, Rows, Floats]

LEAVE_RATIO: Final = 1.25
"""Whoever came within the radius is near until he is this much farther away: receivers tremble."""
NEAR_NAMES: Final = {"near": ("接近", "Near"), "far": ("远离", "Apart")}
"""Kind of event → (zh, en)."""
_STRIDE: Final = 2**31


def near_pairs(lat: Floats, lng: Floats, radius_m: float) -> Pairs:
    """Return ``(i, j, metres)`` of all pairs of n points within a radius, each once, in no order.

    Finite degrees between 85° south and north. 20 ms for 100,000 points of which few are near each other.
    """
    if len(lat) < 2:
        return _none()
    tall, wide = _cell(radius_m, float(np.abs(lat).max()))
    keys = _keys(lat, lng, tall, wide)
    order = np.argsort(keys)
    keys = keys[order]
    mine = np.arange(len(keys))
    # behind itself in its own column, and in the next column: every pair is met from one side only
    first = (mine + 1, np.searchsorted(keys, keys + (_STRIDE - 1), side="left"))
    end = (
        np.searchsorted(keys, keys + 1, side="right"),
        np.searchsorted(keys, keys + (_STRIDE + 1), side="right"),
    )
    met = [_spread(mine, start, stop) for start, stop in zip(first, end, strict=True)]
    i, j = (order[np.concatenate(side)] for side in zip(*met, strict=True))
    return _measured((lat, lng), (lat, lng), i, j, radius_m)


def near_join(ours: tuple[Floats, Floats], theirs: tuple[Floats, Floats], radius_m: float) -> Pairs:
    """Return ``(i, j, metres)`` of all pairs of one of n points with one of m within a radius, in no order.

    ``ours``, ``theirs``: ``(lat, lng)`` in finite degrees, between 85° south and north.
    """
    if not len(ours[0]) or not len(theirs[0]):
        return _none()
    farthest = max(float(np.abs(ours[0]).max()), float(np.abs(theirs[0]).max()))
    tall, wide = _cell(radius_m, farthest)
    keys = _keys(*theirs, tall, wide)
    order = np.argsort(keys)
    keys = keys[order]
    middle = _keys(*ours, tall, wide)
    mine = np.arange(len(middle))
    met = []
    for step in (-_STRIDE, 0, _STRIDE):
        first = np.searchsorted(keys, middle + (step - 1), side="left")
        met.append(_spread(mine, first, np.searchsorted(keys, middle + (step + 1), side="right")))
    i, j = (np.concatenate(side) for side in zip(*met, strict=True))
    return _measured(ours, theirs, i, order[j], radius_m)


def _cell(radius_m: float, farthest_deg: float) -> tuple[float, float]:
    """Return height and width in degrees of a cell that is nowhere smaller than the radius."""
    tall = radius_m / geo.METRES_PER_DEGREE * 1.001
    return tall, tall / float(np.cos(np.radians(farthest_deg)))


def _keys(lat: Floats, lng: Floats, tall: float, wide: float) -> Longs:
    found: Longs = np.floor(lng / wide).astype(np.int64) * _STRIDE + np.floor(lat / tall).astype(np.int64)
    return found


def _spread(mine: Rows, first: Rows, end: Rows) -> tuple[Rows, Rows]:
    """Return each of ``mine`` beside every place from its ``first`` to before its ``end``."""
    count = np.maximum(end - first, 0)
    some = np.flatnonzero(count)
    first, count = first[some], count[some]
    place = np.arange(int(count.sum())) + np.repeat(first - (np.cumsum(count) - count), count)
    return np.repeat(mine[some], count), place


def _measured(
    ours: tuple[Floats, Floats], theirs: tuple[Floats, Floats], i: Rows, j: Rows, radius_m: float
) -> Pairs:
    metres = geo.distances_m(ours[0][i], ours[1][i], theirs[0][j], theirs[1][j])
    near = metres <= radius_m
    return i[near], j[near], metres[near]


def _none() -> Pairs:
    return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)


class Nearness:
    """Which pairs are near, from one look to the next: said when they come and when they have gone."""

    def __init__(self) -> None:
        """Start with nobody near."""
        self._near: Longs = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._near)

    def step(self, within: Longs, still: Longs) -> tuple[Longs, Longs]:
        """Take the codes of pairs within the radius and within ``LEAVE_RATIO`` of it; return (came, went).

        A code names a pair in any way that stays the same; both arrays hold each once.
        """
        came = np.setdiff1d(within, self._near)
        went = np.setdiff1d(self._near, still)
        self._near = np.union1d(np.setdiff1d(self._near, went), came)
        return came, went
