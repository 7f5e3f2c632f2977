"""Covers of many fences as one sorted line of cell ids, cut into pieces with the same candidates."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences.cover import DEFAULT_RESOLUTION, Cells, Cover, descendant_ranges
from geofences.distinct import distinct

type Indices = NDArray[np.int32]

EDGE: Final = 1
"""Lowest bit of an entry: the polygon must decide."""


def finest(covers: Iterable[Cover]) -> int:
    """Return the finest resolution of any cell of some covers, at least the default one."""
    finest = DEFAULT_RESOLUTION
    for one in covers:
        if len(one.cells):
            finest = max(finest, int((one.cells.max() >> np.uint64(52)) & np.uint64(0xF)))
    return finest


def segments(covers: Sequence[Cover], resolution: int) -> tuple[Cells, Indices, Indices]:
    """Cut the id line at the ends of every run and list the candidates of each piece.

    Returns ``(starts uint64[m], offsets int32[m + 1], entries int32[k])``: from cell ``starts[i]`` of the
    resolution up to the next start the candidates are ``entries[offsets[i]:offsets[i + 1]]``, each twice the
    fence's number and ``EDGE`` where the polygon must decide; ascending.
    """
    sizes = [len(one.cells) for one in covers]
    cells = np.concatenate([one.cells for one in covers] or [np.empty(0, np.uint64)])
    inside = np.concatenate([one.inside for one in covers] or [np.empty(0, np.bool_)])
    codes = np.repeat(np.arange(len(covers), dtype=np.int32) * 2, sizes) + np.where(inside, 0, EDGE)
    first, last = descendant_ranges(cells, resolution)
    after = last + np.uint64(1)
    starts = distinct(np.concatenate((first, after, np.zeros(1, np.uint64))))
    begin = np.searchsorted(starts, first)
    width = np.searchsorted(starts, after) - begin
    total = int(width.sum())
    step = np.arange(total) - np.repeat(np.cumsum(width) - width, width)
    segment = np.repeat(begin, width) + step
    entries = np.repeat(codes.astype(np.int32), width)
    order = np.lexsort((entries, segment))
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(np.bincount(segment, minlength=len(starts)), out=offsets[1:])
    return starts, offsets, entries[order]
