"""Who is first heard outside a fence that concerns it."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences.fences import FenceKind
from geofences.index import FenceIndex

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Booleans = NDArray[np.bool_]
type Rows = NDArray[np.intp]
type Concern = Callable[[Indices, Indices], Booleans]
"""(slots[k], fences[k]) → bool[k]: whether a fence concerns the vehicle of a slot."""

PAIRS_AT_ONCE: Final = 1_000_000
"""Bounds the memory of the moment at which a whole fleet is heard for the first time."""


class FirstOutside:
    """Fences of which ``outside`` is said. Of operating areas it is said only to a vehicle that is in none of
    those that concern it: being in one of its areas is being where it may be."""

    def __init__(self, index: FenceIndex, asks: Booleans) -> None:
        """Take the index and which of its fences ask, ``bool[fences]``."""
        self._asking = np.flatnonzero(asks).astype(np.int32)
        is_area = [fence.kind is FenceKind.OPERATING_AREA for fence in index.fences]
        self._is_area = np.array(is_area, np.bool_)

    def of(
        self,
        slots: Indices,
        heard_of: Longs,
        membership: tuple[Longs, Indices],
        born: Indices,
        concern: Concern | None,
    ) -> tuple[Rows, Indices]:
        """Return the pairs (row, fence) to say ``outside`` of, for one point each of different slots.

        ``heard_of``: generation that each slot was last judged in, below all when it never was;
        ``membership``: of the points, as ``FenceIndex.match`` says; ``born``: generation of each fence.
        """
        if not len(self._asking) or not len(slots):
            return np.empty(0, np.intp), np.empty(0, np.int32)
        new = np.flatnonzero(heard_of < born[self._asking].max())
        some = max(1, PAIRS_AT_ONCE // len(self._asking))
        found = [
            self._of_some(new[first : first + some], slots, heard_of, membership, born, concern)
            for first in range(0, len(new), some)
        ]
        rows = np.concatenate([row for row, _ in found] or [np.empty(0, np.intp)])
        return rows, np.concatenate([fence for _, fence in found] or [np.empty(0, np.int32)])

    def _of_some(
        self,
        new: Rows,
        slots: Indices,
        heard_of: Longs,
        membership: tuple[Longs, Indices],
        born: Indices,
        concern: Concern | None,
    ) -> tuple[Rows, Indices]:
        offsets, numbers = membership
        held = np.repeat(np.arange(len(slots)), np.diff(offsets)) * len(born) + numbers
        line, place = np.nonzero(heard_of[new][:, None] < born[self._asking][None, :])
        row, fence = new[line], self._asking[place]
        concerned = np.ones(len(row), np.bool_) if concern is None else concern(slots[row], fence)
        line, row, fence = line[concerned], row[concerned], fence[concerned]
        inside = np.isin(row * len(born) + fence, held)
        at_home = np.zeros(len(new), np.bool_)
        at_home[line[inside & self._is_area[fence]]] = True
        said = ~inside & ~(self._is_area[fence] & at_home[line])
        return row[said], fence[said]
