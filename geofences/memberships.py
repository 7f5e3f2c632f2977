"""What a position is in, as a fixed key: whoever is still in the same fences need not be judged again."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Booleans = NDArray[np.bool_]
type Keys = NDArray[np.uint64]
"""uint64[n, 2]: eight places of 16 bits, a fence's number + 1 each, ascending; 0 is no fence."""

MOST: Final = 8
"""Fences that a key has places for."""
NONE: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
"""First half of a key that is the same as no other, not even itself."""
_NUMBERS_MOST: Final = 0xFFFE


def keys_of(offsets: Longs, numbers: Indices) -> Keys:
    """Return the key of each row of ``FenceIndex.match``; equal keys mean the same fences, exactly.

    A position in more than eight fences, or in one beyond the 65,534th, has none (``NONE``).
    """
    count = np.diff(offsets)
    places = np.zeros((len(count), MOST), np.uint16)
    if len(numbers):
        row = np.repeat(np.arange(len(count)), count)
        nth = np.arange(len(numbers)) - np.repeat(offsets[:-1], count)
        if int(count.max()) <= MOST and int(numbers.max()) < _NUMBERS_MOST:
            places[row, nth] = numbers + 1
            return places.view(np.uint64)
        fits = (nth < MOST) & (numbers < _NUMBERS_MOST)
        places[row[fits], nth[fits]] = numbers[fits] + 1
        keys = places.view(np.uint64)
        keys[row[~fits], 0] = NONE
        return keys
    return places.view(np.uint64)


def no_keys(size: int) -> Keys:
    """Return keys of rows of which nothing is known."""
    return np.full((size, 2), NONE, np.uint64)


def same(keys: Keys, known: Keys) -> Booleans:
    """Say for each row whether the two keys stand for the same fences, bool[n]."""
    found: Booleans = (keys[:, 0] == known[:, 0]) & (keys[:, 1] == known[:, 1]) & (keys[:, 0] != NONE)
    return found


def rows_of(offsets: Longs, numbers: Indices, rows: NDArray[np.intp]) -> tuple[Longs, Indices]:
    """Return some rows of ``FenceIndex.match``, in the order asked for, as ``(offsets, numbers)``."""
    starts = offsets[rows]
    count = offsets[rows + 1] - starts
    picked = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(count, out=picked[1:])
    return picked, numbers[np.repeat(starts - picked[:-1], count) + np.arange(picked[-1])]
