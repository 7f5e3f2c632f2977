"""Which records of a batch are of the same vehicle, found with scratch columns instead of sorting."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

type Rows = NDArray[np.intp]

_SPARSE: Final = 64
"""A batch this many times smaller than the columns is sorted: to look through the columns would cost more."""


class Numbering:
    """Scratch columns by vehicle_no; nothing in them means anything between two calls."""

    def __init__(self, size: int) -> None:
        self._row = np.zeros(size, np.intp)
        self._is_here = np.zeros(size, np.bool_)

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._row):
            self._row = np.zeros(size, np.intp)
            self._is_here = np.zeros(size, np.bool_)

    def are_different(self, numbers: Rows) -> bool:
        """Say whether no number comes twice; they must be below the reserved size."""
        rows = np.arange(len(numbers))
        self._row[numbers] = rows
        return bool((self._row[numbers] == rows).all())

    def last_of_each(self, numbers: Rows) -> tuple[Rows, Rows]:
        """Return (rows that are the last of their number, those numbers), ascending by number."""
        if len(numbers) * _SPARSE < len(self._row):
            rows = last_of_each(numbers)
            return rows, numbers[rows]
        self._row[numbers] = np.arange(len(numbers))  # of equal numbers the last one is written last
        self._is_here[numbers] = True
        found = np.flatnonzero(self._is_here)
        self._is_here[found] = False
        return self._row[found], found


def turns(numbers: NDArray[Any]) -> list[Rows]:
    """Split rows into turns in which every number comes once; a number's rows keep their order."""
    if not len(numbers):
        return []
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    is_first = np.ones(len(ordered), np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    if bool(is_first.all()):
        return [np.arange(len(numbers))]
    starts = np.flatnonzero(is_first)
    nth = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.append(starts, len(ordered))))
    return [order[nth == turn] for turn in range(int(nth.max()) + 1)]


def last_of_each(numbers: NDArray[Any]) -> Rows:
    """Return the rows that are the last of their number, ascending by number."""
    if not len(numbers):
        return np.zeros(0, np.intp)
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    is_last = np.ones(len(ordered), np.bool_)
    is_last[:-1] = ordered[1:] != ordered[:-1]
    last: Rows = order[is_last]
    return last
