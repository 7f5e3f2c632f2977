"""What never came of each vehicle's sequence numbers: the widest gap, filled by late positions from below."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import Records
from fleet.telemetry.roster import longer

type Mask = NDArray[np.bool_]
type Rows = NDArray[np.intp]
_COLUMNS = ("_first", "_end", "_after_ms", "_before_ms", "lat_e7", "lng_e7")


class SequenceGaps:
    """One gap a vehicle, 32 bytes, as columns by vehicle_no: a hole in the radio makes one. Never grows
    with what is missing.

    Of two gaps the wider is kept. Late positions must come in their order, as buffers are sent; one that
    was overtaken by a later one of its gap is not told from one that came before.
    """

    def __init__(self, size: int) -> None:
        """Start with nothing missing."""
        self._first = np.zeros(size, np.uint32)
        self._end = np.zeros(size, np.uint32)
        self._after_ms = np.zeros(size, np.int64)
        self._before_ms = np.zeros(size, np.int64)
        self.lat_e7 = np.zeros(size, np.int32)
        """Place of the last position before what is missing."""
        self.lng_e7 = np.zeros(size, np.int32)

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._first):
            for name in _COLUMNS:
                setattr(self, name, longer(getattr(self, name), size))

    def forget(self, numbers: NDArray[Any]) -> None:
        """Let nothing be missing of these vehicles."""
        self._first[numbers] = self._end[numbers] = 0

    def open(self, numbers: Rows, before: Records, after: Records, old_ms: int) -> Rows:
        """Note gaps between two positions each of different vehicles; return the rows that were noted.

        A gap whose positions would be older than ``old_ms`` waits for nothing any more.
        """
        width = self._end[numbers].astype(np.int64) - self._first[numbers]
        width[self._before_ms[numbers] < old_ms] = 0
        wider = after["seq"].astype(np.int64) - before["seq"] - 1 >= width
        rows = np.flatnonzero(wider & (after["seq"] > before["seq"]))
        numbers, before, after = numbers[rows], before[rows], after[rows]
        self._first[numbers], self._end[numbers] = before["seq"] + 1, after["seq"]
        self._after_ms[numbers], self._before_ms[numbers] = before["measured_ms"], after["measured_ms"]
        self.lat_e7[numbers], self.lng_e7[numbers] = before["lat_e7"], before["lng_e7"]
        return rows

    def miss(self, numbers: Rows, seq: NDArray[np.uint32]) -> Mask:
        """Say of each sequence number whether it never came."""
        missing: Mask = (seq >= self._first[numbers]) & (seq < self._end[numbers])
        return missing

    def elapsed_ms(self, numbers: Rows, measured_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the time since the last position before what is missing, 0 for one outside the gap."""
        since: NDArray[np.int64] = measured_ms - self._after_ms[numbers]
        since[measured_ms >= self._before_ms[numbers]] = 0
        return since.clip(min=0)

    def take(self, numbers: Rows, late: Records) -> None:
        """Let these positions of different vehicles not be missing any more, nor what is before them."""
        self._first[numbers] = late["seq"] + 1
        self._after_ms[numbers] = late["measured_ms"]
        self.lat_e7[numbers], self.lng_e7[numbers] = late["lat_e7"], late["lng_e7"]
