"""Section type 2: what a vehicle says of itself on every change and every 30 s, as fixed 80-byte records."""

from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.frame import FrameError, Section

STATUS_SECTION = 2
STATUS = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("status_seq", "<u4"),
        ("offset_10ms", "<u2"),
        ("lights", "<u2"),
        ("acceleration_cm_s2", "<i2"),
        ("lateral_cm_s2", "<i2"),
        ("yaw_cdeg_s", "<i2"),
        ("heading_cdeg", "<u2"),
        ("perception", "u1"),
        ("response", "u1"),
        ("objects", "u1"),
        ("people", "u1"),
        ("fault_codes", "<u2", (4,)),
        ("last_command", "u1", (16,)),
        ("last_result", "u1"),
        ("video", "u1"),
        ("compartments_open", "<u2"),
        ("fence_set_version", "<u4"),
        ("software_version", "<u4"),
        ("stop_epoch", "<u4"),
        ("battery_dc", "<i2"),
        ("cargo_dc", "<i2"),
        ("outside_dc", "<i2"),
        ("brush", "u1"),
        ("water_200", "u1"),
        ("range_10m", "<u2"),
        ("compartments_loaded", "<u2"),
        ("odometer_m", "<u4"),
    ]
)
"""80 bytes; units in docs/wire-protocol.md (dc = tenths of a degree Celsius)."""
STATUS_BYTES = STATUS.itemsize
UNKNOWN_TEMPERATURE = -32_768
STATUS_EVERY_S = 30
"""A vehicle repeats its status at least this often, in city seconds."""


class Light(IntFlag):
    """Bits of ``lights``: what is lit or sounding."""

    POSITION = 1 << 0
    LOW_BEAM = 1 << 1
    HIGH_BEAM = 1 << 2
    LEFT = 1 << 3
    RIGHT = 1 << 4
    HAZARD = 1 << 5
    BRAKE = 1 << 6
    REVERSE = 1 << 7
    FOG = 1 << 8
    BEACON = 1 << 9
    SPEAKER = 1 << 14
    HORN = 1 << 15


class Perception(IntEnum):
    """How well the vehicle sees."""

    UNKNOWN = 0
    CLEAR = 1
    DEGRADED = 2
    BLOCKED = 3
    FAILED = 4


class Response(IntEnum):
    """What the vehicle does about what it sees."""

    UNKNOWN = 0
    FOLLOWING = 1
    YIELDING = 2
    AVOIDING = 3
    BRAKING = 4
    EMERGENCY_BRAKING = 5
    WAITING = 6
    MINIMAL_RISK = 7


class People(IntFlag):
    """Bits of ``people``: driver and human-machine interaction."""

    REMOTE_OPERATOR = 1 << 0
    ON_SITE_OPERATOR = 1 << 1
    VOICE_CALL = 1 << 2
    KEYPAD = 1 << 3
    SCREEN = 1 << 4
    STOP_BUTTON = 1 << 5
    TOUCHED = 1 << 6


class Video(IntFlag):
    """Bits of ``video``: the external cameras; the pictures themselves stay on the vehicle."""

    FRONT = 1 << 0
    REAR = 1 << 1
    LEFT = 1 << 2
    RIGHT = 1 << 3
    PRESERVED = 1 << 4
    STORAGE_LOW = 1 << 5
    FAULT = 1 << 6


class Brush(IntEnum):
    """The sweeper's brush."""

    ABSENT = 0
    UP = 1
    DOWN_STILL = 2
    DOWN_TURNING = 3


class CommandOutcome(IntEnum):
    """``last_result``: where the last command that the vehicle took stands."""

    NONE = 0
    ACKNOWLEDGED = 1
    SUCCEEDED = 2
    FAILED = 3
    REJECTED = 4
    EXPIRED = 5


def new_status(count: int) -> NDArray[Any]:
    """Return ``count`` status records with temperatures, water and precise heading unknown."""
    records = np.zeros(count, dtype=STATUS)
    for name in ("battery_dc", "cargo_dc", "outside_dc"):
        records[name] = UNKNOWN_TEMPERATURE
    records["water_200"] = 255
    records["heading_cdeg"] = 65_535
    return records


def read_status(section: Section) -> NDArray[Any]:
    """Return the records of a status section, STATUS[n], read-only; longer records are cut to 80 bytes.

    Raises FrameError ``malformed-frame`` when the payload is not a whole number of records.
    """
    size = section.record_bytes
    if size < STATUS_BYTES or len(section.payload) % size:
        raise FrameError(
            "malformed-frame", f"{len(section.payload)} bytes are not whole records of {size}", "status"
        )
    if size == STATUS_BYTES:
        return np.frombuffer(section.payload, dtype=STATUS)
    raw = np.frombuffer(section.payload, dtype=np.uint8).reshape(-1, size)
    return np.ascontiguousarray(raw[:, :STATUS_BYTES]).view(STATUS).reshape(-1)
