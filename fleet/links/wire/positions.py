"""Section type 1: positions as fixed 24-byte records."""

from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.frame import FrameError, Section, encode_frame

POSITION_SECTION = 1
POSITION = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("seq", "<u4"),
        ("lat_e7", "<i4"),
        ("lng_e7", "<i4"),
        ("offset_10ms", "<u2"),
        ("speed_cm_s", "<u2"),
        ("heading_256", "u1"),
        ("battery_200", "u1"),
        ("mode_flags", "u1"),
        ("accuracy_dm", "u1"),
    ]
)
"""24 bytes. Degrees ×1e7 WGS-84, heading in 1/256 turns clockwise from north, battery in half per cent."""
POSITION_BYTES = POSITION.itemsize
UNKNOWN_U8 = 255
"""battery_200 or accuracy_dm that the vehicle does not know."""
MODE_MASK = 0b111
MAX_OFFSET_MS = 65_535 * 10


class ControlMode(IntEnum):
    """Who drives, as the vehicle says; bits 0–2 of ``mode_flags``."""

    AUTONOMOUS = 0
    REMOTE_ASSIST = 1
    REMOTE_DRIVE = 2
    ON_SITE_MANUAL = 3
    MINIMAL_RISK = 4
    OFF = 5


class PositionFlag(IntFlag):
    """Bits 3–7 of ``mode_flags``."""

    CHARGING = 1 << 3
    HIBERNATING = 1 << 4
    """The vehicle announces that it goes quiet on purpose."""
    STOP_HELD = 1 << 5
    """A safe or emergency stop holds the vehicle until it is released."""
    FAULT = 1 << 6
    NO_FIX = 1 << 7
    """Position is dead reckoning or the last known: positioning is lost."""


def new_positions(count: int) -> NDArray[Any]:
    """Return ``count`` zeroed position records."""
    return np.zeros(count, dtype=POSITION)


def encode_positions(frame_seq: int, base_time_ms: int, records: NDArray[Any]) -> bytes:
    """Return a frame of one position section; records carry their time as an offset from ``base_time_ms``."""
    return encode_frame(frame_seq, base_time_ms, [(POSITION_SECTION, POSITION_BYTES, records.tobytes())])


def read_positions(section: Section) -> NDArray[Any]:
    """Return the records of a position section without copying: POSITION[n], read-only.

    Records longer than 24 bytes come from a newer sender: their first 24 bytes are read. Raises
    FrameError ``malformed-frame`` when the payload is not a whole number of records.
    """
    size = section.record_bytes
    if size < POSITION_BYTES or len(section.payload) % size:
        raise FrameError(
            "malformed-frame", f"{len(section.payload)} bytes are not whole records of {size}", "positions"
        )
    if size == POSITION_BYTES:
        return np.frombuffer(section.payload, dtype=POSITION)
    raw = np.frombuffer(section.payload, dtype=np.uint8).reshape(-1, size)
    return np.ascontiguousarray(raw[:, :POSITION_BYTES]).view(POSITION).reshape(-1)
