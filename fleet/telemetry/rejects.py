"""Why a position was not taken: names that are counted, for each vehicle and maker."""

from collections import deque
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEEN_MOST: Final = 256
"""Refused records that are kept until somebody looks at them; newer ones push older ones out."""
SEEN_AT_ONCE: Final = 2
"""Kept of one batch and reason: a flood is not copied, its newest are."""


class Reject(IntEnum):
    """Every reason; gateway and tracker count with the same names."""

    UNKNOWN = 0
    """The registry has given nobody this number, or the vehicle is decommissioned."""
    FOREIGN = 1
    """The credential does not own the vehicle."""
    MALFORMED = 2
    """A coordinate or battery outside its range."""
    FLOOD = 3
    """Above the vehicle's rate."""
    DUPLICATE = 4
    """This sequence was taken before."""
    LATE = 5
    """Measured before the last one that was taken without filling a gap, or too long ago to be judged."""
    FUTURE = 6
    """Measured in the city's future."""
    TELEPORT = 7
    """Too far from the last position for the time between."""
    OUT_OF_AREA = 8
    """Nowhere near the city."""


REJECT_NAMES: dict[Reject, tuple[str, str]] = {
    Reject.UNKNOWN: ("未登记车辆", "unknown vehicle"),
    Reject.FOREIGN: ("非本方车辆", "foreign vehicle"),
    Reject.MALFORMED: ("数据格式错误", "malformed"),
    Reject.FLOOD: ("发送过快", "flood"),
    Reject.DUPLICATE: ("重复", "duplicate"),
    Reject.LATE: ("迟到", "late"),
    Reject.FUTURE: ("时间超前", "from the future"),
    Reject.TELEPORT: ("位置跳变", "teleport"),
    Reject.OUT_OF_AREA: ("超出城市范围", "out of area"),
}
"""Reason → (zh, en)."""


class Seen(NamedTuple):
    """A refused record as it was judged."""

    reason: Reject
    received_ms: int
    record: bytes


class RejectCounts:
    """Counters by (reason, vehicle_no); numbers beyond the roster are counted under vehicle 0."""

    def __init__(self) -> None:
        self.counts: NDArray[np.uint32] = np.zeros((len(Reject), 1024), dtype=np.uint32)
        self.totals: NDArray[np.uint64] = np.zeros(len(Reject), dtype=np.uint64)
        self._seen: deque[Seen] = deque(maxlen=SEEN_MOST)

    def add(self, reason: Reject, vehicle_nos: NDArray[np.unsignedinteger], known_below: int) -> None:
        """Count one rejection for each number; empty adds nothing."""
        if not len(vehicle_nos):
            return
        if known_below > self.counts.shape[1]:
            grown = np.zeros((len(Reject), known_below), dtype=np.uint32)
            grown[:, : self.counts.shape[1]] = self.counts
            self.counts = grown
        self.totals[reason] += len(vehicle_nos)
        numbers = np.where(vehicle_nos < known_below, vehicle_nos, 0)
        np.add.at(self.counts[reason], numbers, 1)

    def note(self, reason: Reject, records: NDArray[Any], received_ms: NDArray[np.int64]) -> None:
        """Keep the newest of these refused records for whoever shows samples."""
        for record, at_ms in zip(records[-SEEN_AT_ONCE:], received_ms[-SEEN_AT_ONCE:], strict=True):
            self._seen.append(Seen(reason, int(at_ms), record.tobytes()))

    def seen(self) -> Iterator[Seen]:
        """Give out what was kept, oldest first, and let go of it."""
        while self._seen:
            yield self._seen.popleft()

    def of_vehicle(self, vehicle_no: int) -> dict[Reject, int]:
        """Return the reasons of one vehicle that are not zero."""
        if vehicle_no >= self.counts.shape[1]:
            return {}
        column = self.counts[:, vehicle_no]
        return {reason: int(column[reason]) for reason in Reject if column[reason]}

    def total(self, reason: Reject) -> int:
        """Return how often a reason was counted since the process began."""
        return int(self.totals[reason])
