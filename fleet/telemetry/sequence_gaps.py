"""What never came of each vehicle's sequence numbers: some ranges a vehicle, filled by late positions."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.numbering import turns
from fleet.telemetry.records import Records
from fleet.telemetry.roster import longer

type Mask = NDArray[np.bool_]
type Rows = NDArray[np.intp]

RANGES_MOST: Final = 16
"""Ranges a vehicle. A buffer of 32 frames leaves no more in whatever order its frames come, and one that is
sent newest or oldest first leaves one. Beyond it the narrowest is given up: what is in it will be refused."""
GAPS_MOST: Final = 200_000
"""Ranges of all vehicles (10 MB) above which no new gap is noted."""
RANGE: Final = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("first", "<u4"),
        ("end", "<u4"),
        ("next", "<i4"),
        ("after_ms", "<i8"),
        ("before_ms", "<i8"),
        ("after_lat_e7", "<i4"),
        ("after_lng_e7", "<i4"),
        ("before_lat_e7", "<i4"),
        ("before_lng_e7", "<i4"),
    ]
)
"""48 bytes of a range: what is missing from ``first`` up to ``end``, and the positions around it."""
_FIRST_ROWS: Final = 256
_NONE: Final = 0
"""Row that is no range: it holds no number."""


class SequenceGaps:
    """Ranges in one pool of rows, each vehicle's linked from a column by vehicle_no, newest first.

    A vehicle that misses nothing costs 4 bytes; each range 48 more. Rows of ranges are called places.
    """

    def __init__(self, size: int) -> None:
        """Start with nothing missing."""
        self._head = np.zeros(size, np.int32)
        self._pool: Records = np.zeros(_FIRST_ROWS, RANGE)
        self._free = list(range(_FIRST_ROWS - 1, _NONE, -1))

    def __len__(self) -> int:
        return len(self._pool) - 1 - len(self._free)

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._head):
            self._head = longer(self._head, size)

    def forget(self, numbers: NDArray[Any]) -> None:
        """Let nothing be missing of these vehicles."""
        self._let_go(self._places_of(numbers))
        self._head[numbers] = _NONE

    def open(self, numbers: Rows, before: Records, after: Records, old_ms: int) -> Rows:
        """Note what is missing between two positions each of different vehicles.

        Returns the rows of gaps that are the widest of their vehicle: those that begin a buffer. A range
        whose positions would be older than ``old_ms`` waits for nothing any more.
        """
        rows = np.flatnonzero(after["seq"] > before["seq"])
        rows = rows[: self._room_for(len(rows), old_ms)]
        numbers, before, after = numbers[rows], before[rows], after[rows]
        width = after["seq"].astype(np.int64) - before["seq"] - 1
        is_widest = width >= self._make_room(numbers, np.zeros(len(rows), np.intp), old_ms)
        new = np.zeros(len(rows), RANGE)
        new["vehicle_no"], new["first"], new["end"] = numbers, before["seq"] + 1, after["seq"]
        _end_with(new, "after", before)
        _end_with(new, "before", after)
        new["next"] = self._head[numbers]
        self._head[numbers] = self._put(new)
        begins: Rows = rows[is_widest]
        return begins

    def find(self, numbers: Rows, seq: NDArray[np.uint32]) -> Rows:
        """Return the place of the range that each sequence number is missing in, 0 where it is in none."""
        places = self._head[numbers].astype(np.intp)
        for _ in range(RANGES_MOST):
            here = self._pool[places]
            is_other = (places != _NONE) & ((seq < here["first"]) | (seq >= here["end"]))
            if not is_other.any():
                break
            places[is_other] = here["next"][is_other]
        return places

    def at(self, places: Rows) -> Records:
        """Return RANGE[n] at places."""
        found: Records = self._pool[places]
        return found

    def take(self, numbers: Rows, places: Rows, late: Records) -> None:
        """Let these positions of different vehicles, each in its range, not be missing any more."""
        here = self._pool[places]
        seq = late["seq"].astype(np.int64)
        has_below, has_above = here["first"] < seq, seq + 1 < here["end"]
        both = has_below & has_above
        if both.any():
            self._split(numbers[both], places[both], late[both])
        rows = np.flatnonzero(has_above & ~has_below)
        self._narrow(places[rows], "first", "after", seq[rows] + 1, late[rows])
        rows = np.flatnonzero(has_below & ~has_above)
        self._narrow(places[rows], "end", "before", seq[rows], late[rows])
        filled = ~has_below & ~has_above
        self._unlink(numbers[filled], places[filled])

    def lowest(self, numbers: Rows, old_ms: int) -> NDArray[np.int64]:
        """Return the lowest number that each vehicle still waits for, int64[n]; the largest for none."""
        lowest = np.full(len(numbers), np.iinfo(np.int64).max)
        places = self._head[numbers]
        while places.any():
            here = self._pool[places]
            waits = (places != _NONE) & (here["before_ms"] >= old_ms)
            lowest[waits] = np.minimum(lowest[waits], here["first"][waits])
            places = here["next"]
        return lowest

    def export(self, numbers: NDArray[Any], most: int) -> Records:
        """Return RANGE[n] of these vehicles, the ``most`` widest if they are more."""
        found: Records = self._pool[self._places_of(numbers)]
        if len(found) > most:
            width = found["end"] - found["first"]
            found = found[np.sort(np.argsort(width, kind="stable")[-most:])]
        return found

    def restore(self, kept: Records) -> None:
        """Take over what ``export`` gave; those vehicles miss nothing yet."""
        kept = kept[kept["vehicle_no"] < len(self._head)]
        for turn in turns(kept["vehicle_no"])[::-1]:
            new = kept[turn].copy()
            numbers = new["vehicle_no"].astype(np.intp)
            new["next"] = self._head[numbers]
            self._head[numbers] = self._put(new)

    def _places_of(self, numbers: NDArray[Any]) -> Rows:
        """Return the places of all ranges of these vehicles; of each vehicle in their order."""
        found = []
        places = self._head[numbers]
        while len(places := places[places != _NONE]):
            found.append(places)
            places = self._pool["next"][places]
        return np.concatenate(found).astype(np.intp) if found else np.zeros(0, np.intp)

    def _make_room(self, numbers: Rows, but: Rows, old_ms: int) -> NDArray[np.int64]:
        """Give up the narrowest range, not that at ``but``, of vehicles that have as many as they may.

        Returns the width of each vehicle's widest range; one that is too old is 0 wide.
        """
        widest, count = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.int64)
        narrowest, narrow = np.zeros(len(numbers), np.intp), np.full(len(numbers), np.iinfo(np.int64).max)
        places = self._head[numbers].astype(np.intp)
        while places.any():
            here = self._pool[places]
            is_there = places != _NONE
            width = here["end"].astype(np.int64) - here["first"]
            width[here["before_ms"] < old_ms] = 0
            widest, count = np.maximum(widest, width), count + is_there
            is_narrower = is_there & (width <= narrow) & (places != but)
            narrowest[is_narrower], narrow[is_narrower] = places[is_narrower], width[is_narrower]
            places = here["next"].astype(np.intp)
        full = count >= RANGES_MOST
        self._unlink(numbers[full], narrowest[full])
        return widest

    def _split(self, numbers: Rows, places: Rows, late: Records) -> None:
        """Part ranges at a position inside; the upper part stays in its place."""
        self._make_room(numbers, places, 0)
        below = self._pool[places].copy()
        below["end"] = late["seq"]
        _end_with(below, "before", late)
        put = self._put(below)
        self._narrow(places, "first", "after", late["seq"].astype(np.int64) + 1, late)
        self._pool["next"][places] = put

    def _narrow(self, places: Rows, edge: str, side: str, seq: NDArray[np.int64], late: Records) -> None:
        if len(places):
            here = self._pool[places]
            here[edge] = seq
            _end_with(here, side, late)
            self._pool[places] = here

    def _unlink(self, numbers: Rows, places: Rows) -> None:
        """Take one range each of different vehicles out."""
        if not len(numbers):
            return
        following = self._pool["next"]
        after = following[places]
        at = self._head[numbers]
        is_head = at == places
        self._head[numbers[is_head]] = after[is_head]
        looking = np.flatnonzero(~is_head)
        while len(looking):
            comes = following[at[looking]]
            is_it = comes == places[looking]
            following[at[looking[is_it]]] = after[looking[is_it]]
            at[looking] = comes
            looking = looking[~is_it]
        self._let_go(places)

    def _let_go(self, places: Rows) -> None:
        self._pool[places] = np.zeros((), RANGE)
        self._free.extend(places.tolist())

    def _room_for(self, count: int, old_ms: int) -> int:
        """Return how many new gaps fit; what is older than ``old_ms`` makes room for them."""
        if len(self._free) < count:
            self._sweep(old_ms)
        return max(0, GAPS_MOST - len(self))

    def _put(self, new: Records) -> Rows:
        """Store RANGE[n] and return their places."""
        while len(self._free) < len(new):
            size = len(self._pool)
            self._pool = longer(self._pool, size * 2)
            self._free.extend(range(size * 2 - 1, size - 1, -1))
        keep = len(self._free) - len(new)
        places = np.array(self._free[keep:], np.intp)
        del self._free[keep:]
        self._pool[places] = new
        return places

    def _sweep(self, old_ms: int) -> None:
        old = np.flatnonzero((self._pool["end"] != 0) & (self._pool["before_ms"] < old_ms))
        numbers = self._pool["vehicle_no"][old].astype(np.intp)
        for turn in turns(numbers):
            self._unlink(numbers[turn], old[turn])


def _end_with(ranges: Records, side: str, positions: Records) -> None:
    ranges[f"{side}_ms"] = positions["measured_ms"]
    ranges[f"{side}_lat_e7"], ranges[f"{side}_lng_e7"] = positions["lat_e7"], positions["lng_e7"]
