"""The newest refused records and frames of every maker and reason, so that the maker sees what was wrong."""

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from fleet.links.judge import Outcome, Pending
from fleet.links.sender import Sender
from fleet.links.wire.positions import POSITION
from fleet.quality.tallies import COLUMN, COLUMNS
from fleet.telemetry.records import STREAM_POSITION
from fleet.telemetry.rejects import Reject, Seen
from fleet.telemetry.roster import Roster

KEPT: Final = 10
"""Of one maker and reason, here and in Redis."""
FRAME_BYTES: Final = 256
"""Of a frame that cannot be read: its header and first records."""
FRAME_CODES: Final = (
    "malformed-frame",
    "frame-truncated",
    "too-large",
    "unknown-version",
    "time-out-of-range",
)
REASONS: Final = (*(reason.name.lower() for reason in Reject), *FRAME_CODES)
"""Everything a sample can be kept for."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One refused record, or the beginning of a refused frame."""

    reason: str
    received_at_ms: int
    """City time."""
    clock_offset_ms: int | None = None
    """Received minus measured: negative is a clock that runs ahead; None when no time could be read."""
    vehicle_no: int | None = None
    seq: int | None = None
    lat: float | None = None
    lng: float | None = None
    frame_seq: int | None = None
    frame_bytes: int | None = None
    """Length of a frame that could not be read."""
    record: str
    """Hexadecimal: the whole record as it was judged (24 bytes of a frame, 32 of the stream), or the first
    256 bytes of a frame that could not be read."""
    detail: str = ""


class RefusedSamples:
    """The samples of one process until they are told to Redis, and what is counted against a sender.

    What a sender sends for a vehicle that is not its own is the sender's fault, not the vehicle's.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], deque[Sample]] = {}
        self.against: dict[str, list[int]] = {}
        """Maker → counts of records and frames that no vehicle answers for."""

    def frame(self, sender: Sender, data: bytes, code: str, detail: str, *, now_ms: int) -> None:
        """Keep the beginning of a frame that cannot be read, and count it against its sender as malformed."""
        maker = sender.maker or ""
        self._count(maker, Reject.MALFORMED, 1)
        sample = Sample(
            reason=code,
            received_at_ms=now_ms,
            record=data[:FRAME_BYTES].hex(),
            frame_bytes=len(data),
            detail=detail,
        )
        self._keep(maker, sample)

    def records(self, pending: Pending, outcome: Outcome, roster: Roster, *, now_ms: int) -> None:
        """Keep one record for each reason that some of a frame's were refused for."""
        positions = np.frombuffer(pending.positions, dtype=POSITION)
        for reason, count, vehicle_no in outcome.refused:
            maker = pending.sender.maker or maker_of(roster, vehicle_no)
            if reason in (Reject.UNKNOWN, Reject.FOREIGN):
                self._count(maker, reason, count)
            record = positions[int(np.argmax(positions["vehicle_no"] == vehicle_no))]
            measured_ms = pending.base_time_ms + int(record["offset_10ms"]) * 10
            self._keep(maker, _sample(reason, record, measured_ms, now_ms, pending.frame_seq))

    def seen(self, those: Iterator[Seen], roster: Roster) -> None:
        """Keep what the tracker's guard refused."""
        for one in those:
            record = np.frombuffer(one.record, dtype=STREAM_POSITION)[0]
            sample = _sample(one.reason, record, int(record["measured_ms"]), one.received_ms, None)
            self._keep(maker_of(roster, int(record["vehicle_no"])), sample)

    def drain(self) -> dict[tuple[str, str], list[Sample]]:
        """Return what was kept since the last call, oldest first, by maker and reason."""
        kept, self._kept = self._kept, {}
        return {key: list(samples) for key, samples in kept.items()}

    def drain_against(self) -> dict[str, list[int]]:
        """Return what was counted against senders since the last call."""
        against, self.against = self.against, {}
        return against

    def _keep(self, maker: str, sample: Sample) -> None:
        if maker:
            self._kept.setdefault((maker, sample.reason), deque(maxlen=KEPT)).append(sample)

    def _count(self, maker: str, reason: Reject, count: int) -> None:
        if maker:
            self.against.setdefault(maker, [0] * len(COLUMNS))[COLUMN[reason.name.lower()]] += count


def maker_of(roster: Roster, vehicle_no: int) -> str:
    """Return the maker of a vehicle, empty for a number that nobody has."""
    return roster.makers.name(int(roster.maker[vehicle_no])) if 0 < vehicle_no < roster.size else ""


def _sample(reason: Reject, record: np.void, measured_ms: int, now_ms: int, frame_seq: int | None) -> Sample:
    return Sample(
        reason=reason.name.lower(),
        received_at_ms=now_ms,
        clock_offset_ms=now_ms - measured_ms,
        vehicle_no=int(record["vehicle_no"]),
        seq=int(record["seq"]),
        lat=int(record["lat_e7"]) / 1e7,
        lng=int(record["lng_e7"]) / 1e7,
        frame_seq=frame_seq,
        record=record.tobytes().hex(),
    )
