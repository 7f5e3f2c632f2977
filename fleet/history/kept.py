"""What is kept of a position and of a status record, and the hours and blocks in which it is kept."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records

HOUR_MS: Final = 3_600_000
BLOCK_MS: Final = 300_000
"""Five minutes: the whole city at a moment reads one block (30 million rows of 100,000 vehicles take a
second), one vehicle reads twelve row groups an hour."""
POSITIONS_READ: Final = tuple(name for name in STREAM_POSITION.names or () if name != "pad")
HISTORY: Final = np.dtype(
    [*((name, STREAM_POSITION[name]) for name in POSITIONS_READ), ("received_ms", "<i8")]
)
"""A kept position: the stream's record without its padding, and when the city received it."""
_SAME: Final = f"V{HISTORY.itemsize - 8}"
"""What both begin with: everything but the time behind it."""
HISTORY_STATUS: Final = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("status_seq", "<u4"),
        ("measured_ms", "<i8"),
        ("record", f"V{STREAM_STATUS['status'].itemsize}"),
    ]
)
"""A kept status record: the wire's bytes whole behind what they are found by."""


class Recent(NamedTuple):
    """HISTORY[n] and HISTORY_STATUS[m] of one vehicle, in the order in which they came."""

    positions: Records
    statuses: Records


def hour_of(ms: int) -> int:
    """Return the number of the hour (UTC, since the epoch) in which a moment lies."""
    return ms // HOUR_MS


def hours_of(records: Records) -> dict[int, int]:
    """Return how many records were measured in each hour."""
    measured = records["measured_ms"]
    if len(measured) and hour_of(int(measured.min())) == (hour := hour_of(int(measured.max()))):
        return {hour: len(measured)}
    hours, counts = np.unique(measured // HOUR_MS, return_counts=True)
    return {int(hour): int(count) for hour, count in zip(hours, counts, strict=True)}


def in_order(records: Records, seq: str) -> NDArray[np.intp]:
    """Return the rows sorted by block, vehicle, time and sequence."""
    return np.lexsort(
        (records[seq], records["measured_ms"], records["vehicle_no"], records["measured_ms"] // BLOCK_MS)
    )


def sent_once(records: Records, seq: str) -> NDArray[np.bool_]:
    """Say which of sorted records are not the one before them once more: same vehicle, sequence and time."""
    first = np.ones(len(records), np.bool_)
    same = np.ones(max(len(records) - 1, 0), np.bool_)
    for name in ("vehicle_no", "measured_ms", seq):
        same &= records[name][1:] == records[name][:-1]
    first[1:] = ~same
    return first


def as_kept_status(status: Records) -> Records:
    """Return HISTORY_STATUS[n] of STREAM_STATUS[n]."""
    records = np.empty(len(status), HISTORY_STATUS)
    whole = np.ascontiguousarray(status["status"])
    records["vehicle_no"], records["status_seq"] = whole["vehicle_no"], whole["status_seq"]
    records["measured_ms"] = status["measured_ms"]
    records["record"] = whole.view(f"V{whole.itemsize}")
    return records


def _same_of(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype over records of a kind whose one field is what both kinds begin with."""
    return np.dtype({"names": ["same"], "formats": [_SAME], "offsets": [0], "itemsize": kind.itemsize})


def as_kept(positions: Records, received_ms: NDArray[Any]) -> Records:
    """Return HISTORY[n] of STREAM_POSITION[n]."""
    records = np.empty(len(positions), HISTORY)
    # as bytes, because assigning field by field takes three times as long
    records.view(_same_of(HISTORY))["same"] = positions.view(_same_of(STREAM_POSITION))["same"]
    records["received_ms"] = received_ms
    return records
