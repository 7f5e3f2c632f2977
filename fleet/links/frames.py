"""A frame, binary or JSON, turned into what waits for a batch; what is refused is counted by name."""

from collections.abc import Callable, Sequence

from core import metrics
from fleet.links.judge import Pending
from fleet.links.sender import Sender
from fleet.links.wire.frame import MAX_FRAME_BYTES, Frame, FrameError, Section, decode_frame
from fleet.links.wire.messages import JsonPosition, Positions
from fleet.links.wire.positions import (
    MAX_OFFSET_MS,
    POSITION_BYTES,
    POSITION_SECTION,
    UNKNOWN_U8,
    ControlMode,
    PositionFlag,
    new_positions,
    read_positions,
)
from fleet.links.wire.status import STATUS_BYTES, STATUS_SECTION, read_status

EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000
"""2000-01-01 and 2100-01-01: a base time outside is a broken clock, not a date."""
_MODES = {mode.name.lower(): int(mode) for mode in ControlMode}


class Frames:
    """Reads frames of any sender. Holds nothing; raises FrameError with a code of core.problems."""

    def __init__(self, most_bytes: int = MAX_FRAME_BYTES) -> None:
        self._most_bytes = most_bytes
        self.on_refused: Callable[[Sender, bytes, FrameError], None] | None = None
        """Told of every binary frame that cannot be read."""

    def binary(self, sender: Sender, data: bytes) -> Pending:
        """Return a binary frame ready to be judged; sections of unknown type or version are skipped."""
        try:
            if len(data) > self._most_bytes:
                detail = f"{len(data)} bytes, at most {self._most_bytes} are taken"
                raise FrameError("too-large", detail, "length")
            frame = decode_frame(data)
            pending = Pending(sender, frame.frame_seq, _base_time(frame))
            for section in frame.sections:
                _take(pending, section)
        except FrameError as error:
            metrics.FRAMES_REFUSED.labels(code=error.code).inc()
            if self.on_refused is not None:
                self.on_refused(sender, data, error)
            raise
        return pending

    def json(self, sender: Sender, message: Positions) -> Pending:
        """Return a JSON frame ready to be judged. Its times may span at most 655 s."""
        records, base_ms = _records_of(message.positions)
        return Pending(sender, message.frame_seq, base_ms, records)

    def count_replay(self, frames: int = 1) -> None:
        """Count frames whose sequence did not rise."""
        metrics.FRAMES_REFUSED.labels(code="frame-replayed").inc(frames)

    def count_shed(self, frames: int = 1) -> None:
        """Count frames that were refused because the city cannot take any."""
        metrics.FRAMES_REFUSED.labels(code="overloaded").inc(frames)

    def count_flood(self, frames: int) -> None:
        """Count frames above a link's rate."""
        metrics.FRAMES_REFUSED.labels(code="flood").inc(frames)


def _base_time(frame: Frame) -> int:
    if not EARLIEST_MS <= frame.base_time_ms <= LATEST_MS:
        raise FrameError("time-out-of-range", f"base time {frame.base_time_ms} is no date", "baseTime")
    return frame.base_time_ms


def _take(pending: Pending, section: Section) -> None:
    if section.version != 1:
        return
    if section.type == POSITION_SECTION:
        if section.record_bytes != POSITION_BYTES or len(section.payload) % POSITION_BYTES:
            section_bytes: bytes | memoryview = read_positions(section).tobytes()
        else:
            section_bytes = section.payload
        pending.positions = _both(pending.positions, section_bytes)
    elif section.type == STATUS_SECTION:
        if section.record_bytes != STATUS_BYTES or len(section.payload) % STATUS_BYTES:
            section_bytes = read_status(section).tobytes()
        else:
            section_bytes = section.payload
        pending.status = _both(pending.status, section_bytes)


def _both(first: bytes | memoryview, second: bytes | memoryview) -> bytes | memoryview:
    return b"".join((first, second)) if len(first) else second


def _records_of(positions: Sequence[JsonPosition]) -> tuple[bytes, int]:
    if not positions:
        return b"", EARLIEST_MS
    base_ms = min(position.measured_at_ms for position in positions)
    span_ms = max(position.measured_at_ms for position in positions) - base_ms
    if not EARLIEST_MS <= base_ms <= LATEST_MS or span_ms > MAX_OFFSET_MS:
        detail = "times are no dates or lie more than 655 s apart"
        raise FrameError("time-out-of-range", detail, "positions.measuredAtMs")
    records = new_positions(len(positions))
    for record, position in zip(records, positions, strict=True):
        record["vehicle_no"] = position.vehicle_no
        record["seq"] = position.seq
        record["lat_e7"] = round(position.lat * 1e7)
        record["lng_e7"] = round(position.lng * 1e7)
        record["offset_10ms"] = (position.measured_at_ms - base_ms) // 10
        record["speed_cm_s"] = round(position.speed_mps * 100)
        record["heading_256"] = round(position.heading_deg * 256 / 360) % 256
        battery = position.battery_ratio
        record["battery_200"] = UNKNOWN_U8 if battery is None else round(battery * 200)
        record["mode_flags"] = _MODES[position.control_mode] | _flags(position)
        accuracy = position.accuracy_m
        record["accuracy_dm"] = UNKNOWN_U8 if accuracy is None else min(254, round(accuracy * 10))
    return records.tobytes(), base_ms


def _flags(position: JsonPosition) -> int:
    flags = PositionFlag(0)
    if position.is_charging:
        flags |= PositionFlag.CHARGING
    if position.is_hibernating:
        flags |= PositionFlag.HIBERNATING
    if position.stop_held:
        flags |= PositionFlag.STOP_HELD
    if position.has_fault:
        flags |= PositionFlag.FAULT
    if not position.has_fix:
        flags |= PositionFlag.NO_FIX
    return int(flags)
