"""What was read of the streams and is in no file yet: the archiver's one large possession."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry, Records, joined
from fleet.telemetry.roster import longer


class Batch(NamedTuple):
    """STREAM_POSITION[n], when each was received (city ms), and STREAM_STATUS[m]."""

    positions: Records
    received_ms: NDArray[np.int64]
    status: Records


class Unwritten:
    """Reads behind one another in arrays that are as long as a file may become.

    What is not filled is not there either: the system gives a page when it is written to. Held as entries, a
    million positions took half as much again in the heap's holes, and as much once more to be put together.
    When a position was received is held of its entry: hundreds of them have one.
    """

    def __init__(self, longest: int = 2_000_000) -> None:
        """Take for how many positions there is room; more of them are copied once."""
        self._longest = longest
        self.clear()

    def __repr__(self) -> str:
        return f"Unwritten({self.rows} positions, {sum(map(len, self._status))} status records)"

    def clear(self) -> None:
        """Forget everything: it is in a file. The memory is given back."""
        self._positions = np.empty(self._longest, STREAM_POSITION)
        self._received_ms: list[int] = []
        self._counts: list[int] = []
        self._status: list[Records] = []
        self.rows = 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Take the entries of one read."""
        counts = [len(entry.positions) for entry in entries]
        until = self.rows + sum(counts)
        if until > len(self._positions):
            self._positions = longer(self._positions, 2 * until)
        # bytes, because assigning a structured array goes field by field
        _bytes_of(self._positions)[self.rows : until] = _bytes_of(
            joined((entry.positions for entry in entries), STREAM_POSITION)
        )
        self._received_ms.extend(entry.received_ms for entry in entries)
        self._counts.extend(counts)
        self._status.extend(entry.status for entry in entries if len(entry.status))
        self.rows = until

    def whole(self) -> Batch:
        """Return everything in the order in which it was read: what later reads leave as it is."""
        return Batch(
            self._positions[: self.rows],
            np.repeat(np.array(self._received_ms, np.int64), self._counts),
            joined(self._status, STREAM_STATUS),
        )


def _bytes_of(positions: Records) -> NDArray[Any]:
    return positions.view(f"V{STREAM_POSITION.itemsize}")
