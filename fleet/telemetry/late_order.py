"""The order in which positions that came late are judged: that in which they were measured.

A vehicle back from a radio hole may send its buffer newest first, or in frames out of order. What came waits
until nothing before it is missing any more, or until nothing more comes.
"""

from typing import Final

import numpy as np

from fleet.telemetry.records import STREAM_POSITION, Records, joined
from fleet.telemetry.sequence_gaps import SequenceGaps
from fleet.telemetry.tick import Numbers

QUIET_S: Final = 10.0
"""Wall seconds without a late position after which what waits for the missing ones waits no longer."""
WAITING_MOST: Final = 50_000
"""Positions that wait, of all vehicles (1.6 MB); with more all are judged as they are, sorted."""
_JUST_NOW: Final = -1


class LateOrder:
    """Keeps late positions back while earlier ones of their vehicle are missing."""

    def __init__(self, gaps: SequenceGaps, *, rate: float, late_ms: int) -> None:
        """Take the gaps that are being filled, city seconds a wall second, and when it is too late."""
        self._gaps = gaps
        self._quiet_ms = round(QUIET_S * 1000 * rate)
        self._late_ms = late_ms
        self._waiting: Records = np.zeros(0, STREAM_POSITION)
        self._came_ms = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, late: Records, now_ms: int, *, is_due: bool) -> Records:
        """Return what is to be judged now, of each vehicle in its order; ``is_due`` about once a second."""
        if not len(late) and not (is_due and len(self._waiting)):
            return late
        waiting = joined((self._waiting, late), STREAM_POSITION)
        came_ms = np.concatenate((self._came_ms, np.full(len(late), now_ms)))
        came_ms[came_ms == _JUST_NOW] = now_ms
        vehicles, of = np.unique(waiting["vehicle_no"], return_inverse=True)
        newest_ms = np.zeros(len(vehicles), np.int64)
        np.maximum.at(newest_ms, of, came_ms)
        lowest = self._gaps.lowest(vehicles.astype(np.intp), now_ms - self._late_ms)
        is_ready = (waiting["seq"] < lowest[of]) | (now_ms - newest_ms > self._quiet_ms)[of]
        if len(waiting) - int(is_ready.sum()) > WAITING_MOST:
            is_ready[:] = True
        self._waiting, self._came_ms = waiting[~is_ready], came_ms[~is_ready]
        ready = waiting[is_ready]
        in_order: Records = ready[np.lexsort((ready["seq"], ready["vehicle_no"]))]
        return in_order

    def export(self, partition: int, partitions: int) -> Records:
        """Return what waits of a partition, STREAM_POSITION[n]."""
        kept: Records = self._waiting[self._waiting["vehicle_no"] % partitions == partition]
        return kept

    def restore(self, kept: Records) -> None:
        """Take over what ``export`` gave; it waits from the next look on."""
        self._waiting = joined((self._waiting, kept), STREAM_POSITION)
        self._came_ms = np.concatenate((self._came_ms, np.full(len(kept), _JUST_NOW)))

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        if len(self._waiting):
            keep = ~np.isin(self._waiting["vehicle_no"], numbers)
            self._waiting, self._came_ms = self._waiting[keep], self._came_ms[keep]
