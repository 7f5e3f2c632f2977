"""Distinct whole numbers of long arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distinct[T: np.integer[Any]](values: NDArray[T]) -> NDArray[T]:
    """Return the different values of an array of any length, ascending.

    What ``np.unique`` returns; of whole numbers that one makes a hash table first: of 880,000 cell ids 0.3 s
    of CPU (numpy 2.5, 2026-11), where sorting them takes 0.01 s.
    """
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]
