"""The fences that each slot is coming into, in or leaving: a run of *places* a slot, all runs in one pool.

Most vehicles are in two or three fences and a few in twenty: a table as wide as the widest would be empty
nearly everywhere, and looked at nearly everywhere in vain. A place without a fence is empty.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Rows = NDArray[np.intp]

EMPTY: Final = -1
"""Fence number of an empty place."""
FEWEST: Final = 4
"""Places of a slot to begin with: a district, a park, a zone and one more. The run of a slot that needs more
is doubled. Above one, or ``Runs.each`` could not reduce by run."""
GROWTH: Final = 8
"""The pool grows by an eighth at least, so that a crowd does not copy it again and again."""


class Runs(NamedTuple):
    """The places of n slots, one run after another."""

    line: Rows
    """intp[k]: whose place it is, as a row of the slots asked for, ascending."""
    place: Rows
    """intp[k]: index in the columns of Places."""
    start: Rows
    """intp[n]: where the run of each row begins in the two above; no run is empty."""


class Places:
    """Columns by place: 22 bytes a place, and 8 a slot for its run. Owned by one thread."""

    def __init__(self, capacity: int) -> None:
        """Give every slot its first run."""
        self._first = np.arange(capacity, dtype=np.int32) * FEWEST
        self._width = np.full(capacity, FEWEST, np.int32)
        self._free: dict[int, list[int]] = {}
        """First places of runs that nobody has, by their width."""
        self.fence = np.empty(0, np.int32)
        """Fence number, or ``EMPTY``."""
        self.phase = np.empty(0, np.int8)
        """Of transitions.Phase; of an empty place ``OUTSIDE``, which is 0."""
        self.since_ms = np.empty(0, np.int64)
        """Measured time of the first point of the present phase."""
        self.stay_ms = np.empty(0, np.int64)
        """Measured time of the first point of the present stay; ``stays.FAR`` once its ``dwell`` was said."""
        self._marked = np.empty(0, np.bool_)
        """Scratch of ``among``: false between two calls."""
        self._grow(capacity * FEWEST)

    def reserve(self, capacity: int) -> None:
        """Make room for slots up to ``capacity``; never shrinks."""
        more = capacity - len(self._first)
        if more > 0:
            first = len(self.fence) + np.arange(more, dtype=np.int32) * FEWEST
            self._first = np.concatenate((self._first, first))
            self._width = np.concatenate((self._width, np.full(more, FEWEST, np.int32)))
            self._grow(more * FEWEST)

    def of(self, slots: NDArray[np.integer]) -> Runs:
        """Return all places of these slots, the empty ones too."""
        width = self._width[slots].astype(np.intp)
        start = np.cumsum(width) - width
        line = np.repeat(np.arange(len(slots)), width)
        place = np.arange(len(line)) + np.repeat(self._first[slots] - start, width)
        return Runs(line, place, start)

    def find(self, slots: NDArray[np.integer], fence: Indices) -> Rows:
        """Return the place in which each of k slots has each of k fences, intp[k]; -1 where it has none."""
        line, place, _ = self.of(slots)
        has = self.fence[place] == fence[line]
        found = np.full(len(slots), -1, np.intp)
        found[line[has]] = place[has]
        return found

    def among(self, place: Rows, some: Rows) -> NDArray[np.bool_]:
        """Say of each place whether it is one of some others, bool[len(place)]."""
        self._marked[some] = True
        found: NDArray[np.bool_] = self._marked[place]
        self._marked[some] = False
        return found

    def insert(
        self, slots: Indices, fence: Indices, phase: NDArray[np.int8], since_ms: Longs, stay_ms: Longs
    ) -> None:
        """Put fences into empty places of their slots; a run that has none left is doubled."""
        if not len(slots):
            return
        owners, owner = np.unique(slots, return_inverse=True)
        wanted = np.bincount(owner)
        while True:
            _, place, start = self.of(owners)
            is_empty = self.fence[place] == EMPTY
            empty = np.add.reduceat(is_empty, start, dtype=np.intp)
            if not (short := wanted > empty).any():
                break
            self._double(owners[short])
        order = np.argsort(owner, kind="stable")
        nth = np.arange(len(order)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
        into = place[is_empty][(np.cumsum(empty) - empty)[owner[order]] + nth]
        self.fence[into] = fence[order]
        self.phase[into] = phase[order]
        self.since_ms[into] = since_ms[order]
        self.stay_ms[into] = stay_ms[order]

    def empty(self, places: NDArray[np.integer]) -> None:
        """Let these places have no fence."""
        self.fence[places] = EMPTY
        self.phase[places] = 0

    def _double(self, slots: Indices) -> None:
        """Move these slots, each once, to runs of twice their width."""
        for width in np.unique(self._width[slots]).tolist():
            movers = slots[self._width[slots] == width]
            old = self._first[movers]
            new = self._taken(2 * width, len(movers))
            at, to = (first[:, None] + np.arange(width) for first in (old, new))
            for column in (self.fence, self.phase, self.since_ms, self.stay_ms):
                column[to] = column[at]
            self.empty(at.ravel())
            self._free.setdefault(width, []).extend(old.tolist())
            self._first[movers] = new
            self._width[movers] = 2 * width

    def _taken(self, width: int, count: int) -> Indices:
        """Return the first places of so many empty runs that somebody has from now on."""
        free = self._free.get(width, [])
        again = free[max(0, len(free) - count) :]
        del free[len(free) - len(again) :]
        more = count - len(again)
        if more:
            begin = len(self.fence)
            room = max(more, begin // GROWTH // width)
            self._grow(room * width)
            fresh = range(begin, begin + room * width, width)
            again += fresh[:more]
            self._free.setdefault(width, []).extend(fresh[more:])
        return np.array(again, np.int32)

    def _grow(self, places: int) -> None:
        self.fence = np.concatenate((self.fence, np.full(places, EMPTY, np.int32)))
        self.phase = np.concatenate((self.phase, np.zeros(places, np.int8)))
        self.since_ms = np.concatenate((self.since_ms, np.zeros(places, np.int64)))
        self.stay_ms = np.concatenate((self.stay_ms, np.zeros(places, np.int64)))
        self._marked = np.zeros(len(self.fence), np.bool_)
