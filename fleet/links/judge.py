"""The gateway's checks of positions: a batch of frames is judged together and split by partition.

A batch is judged with arrays whatever number of links it came from, so a thousand links with one vehicle
each cost little more than one link with a thousand.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.links.buckets import Buckets
from fleet.links.sender import Sender
from fleet.links.wire.positions import POSITION
from fleet.links.wire.status import STATUS
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records
from fleet.telemetry.rejects import Reject, RejectCounts
from fleet.telemetry.roster import Roster

type Mask = NDArray[np.bool_]

_LAT_E7: Final = 900_000_000
_LNG_E7: Final = 1_800_000_000
_UNKNOWN: Final = 255
_SAME_NAMES: Final = tuple(name for name in POSITION.names or () if name != "offset_10ms")
_FULL_BATTERY: Final = 200


class Pending(msgspec.Struct):
    """A frame that waits for its batch, its records as the wire has them, and who is told the outcome."""

    sender: Sender
    frame_seq: int
    base_time_ms: int
    positions: bytes | memoryview = b""
    """POSITION[n] as bytes."""
    status: bytes | memoryview = b""
    """STATUS[m] as bytes."""
    settle: Callable[["Pending", "Outcome | None"], None] | None = None
    """Called once with the frame and its outcome, or with None when the stream could not take the batch."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one frame."""

    accepted: int
    refused: tuple[tuple[Reject, int, int], ...]
    """(reason, how many records, one of the vehicles)."""


class Parts(msgspec.Struct, frozen=True):
    """Records of a batch by partition: ``records`` lie partition after partition, ``counts[i]`` of each."""

    records: Records
    counts: tuple[int, ...]


class Judged(msgspec.Struct, frozen=True):
    """A batch after the checks, ready for the stream; per-vehicle order is kept."""

    partitions: tuple[int, ...]
    """Partitions that get an entry, ascending; the parts' counts follow them."""
    positions: Parts
    """STREAM_POSITION"""
    status: Parts
    """STREAM_STATUS"""
    outcomes: tuple[Outcome, ...]
    """One for each frame of the batch."""


class Judge:
    """The checks of a batch: unknown, foreign, malformed, flood. Pure but for the buckets and counters."""

    def __init__(self, roster: Roster, buckets: Buckets, counts: RejectCounts, partitions: int) -> None:
        self._roster = roster
        self._buckets = buckets
        self._counts = counts
        self._partitions = partitions

    def judge(self, batch: Sequence[Pending], now_ms: int) -> Judged:
        """Return what of a batch is taken, by partition, and each frame's outcome."""
        positions, frame_of = absolute_positions(batch)
        taken, reasons = self._positions(batch, positions, frame_of, now_ms)
        status, status_frame = absolute_status(batch)
        status = status[self._owned(batch, status["status"]["vehicle_no"], status_frame)]
        believed = positions if taken.all() else positions[taken]
        of_positions = believed["vehicle_no"] % self._partitions
        of_status = status["status"]["vehicle_no"] % self._partitions
        touched = np.flatnonzero(
            np.bincount(of_positions, minlength=self._partitions)
            + np.bincount(of_status, minlength=self._partitions)
        )
        return Judged(
            partitions=tuple(touched.tolist()),
            positions=_parts(believed, of_positions, touched, self._partitions),
            status=_parts(status, of_status, touched, self._partitions),
            outcomes=_outcomes(len(batch), positions["vehicle_no"], frame_of, taken, reasons),
        )

    def _positions(
        self, batch: Sequence[Pending], records: Records, frame_of: NDArray[np.intp], now_ms: int
    ) -> tuple[Mask, NDArray[np.int8]]:
        reasons = np.full(len(records), -1, dtype=np.int8)
        numbers = records["vehicle_no"]
        known = self._known(numbers)
        reasons[~known] = Reject.UNKNOWN
        reasons[known & ~self._owned(batch, numbers, frame_of)] = Reject.FOREIGN
        reasons[(reasons < 0) & ~_in_range(records)] = Reject.MALFORMED
        left = np.flatnonzero(reasons < 0)
        if len(left):
            has_token = self._buckets.take(numbers[left], now_ms)
            reasons[left[~has_token]] = Reject.FLOOD
        taken = reasons < 0
        if not taken.all():
            for reason in (Reject.UNKNOWN, Reject.FOREIGN, Reject.MALFORMED, Reject.FLOOD):
                self._counts.add(reason, numbers[reasons == reason], self._roster.size)
        return taken, reasons

    def _known(self, numbers: NDArray[Any]) -> Mask:
        inside = numbers < self._roster.size
        known: Mask = self._roster.heard[np.where(inside, numbers, 0)] & inside
        return known

    def _owned(self, batch: Sequence[Pending], numbers: NDArray[Any], frame_of: NDArray[np.intp]) -> Mask:
        """Say which records belong to the sender of their frame; unknown numbers belong to nobody."""
        if not len(numbers):
            return np.zeros(0, dtype=np.bool_)
        known = self._known(numbers)
        safe = np.where(known, numbers, 0)
        makers = np.array([p.sender.maker_number for p in batch], dtype=np.int32)
        only = np.array([p.sender.only_vehicle for p in batch], dtype=np.int64)
        by_maker = makers[frame_of]
        owned: Mask = np.where(by_maker >= 0, self._roster.maker[safe] == by_maker, safe == only[frame_of])
        for index, pending in enumerate(batch):
            if pending.sender.several is not None:
                of_frame = frame_of == index
                owned[of_frame] = np.isin(safe[of_frame], pending.sender.several)
        return owned & known


def _parts(records: Records, partition_of: NDArray[Any], touched: NDArray[np.intp], partitions: int) -> Parts:
    counts = np.bincount(partition_of, minlength=partitions)[touched]
    if not len(records):
        return Parts(records, tuple(counts.tolist()))
    order = np.argsort(partition_of.astype(np.uint16), kind="stable")  # so short that it is a radix sort
    return Parts(records[order], tuple(counts.tolist()))


def absolute_positions(batch: Sequence[Pending]) -> tuple[Records, NDArray[np.intp]]:
    """Return STREAM_POSITION[n] of a batch, times made absolute, and the index of the frame of each."""
    wire = np.frombuffer(b"".join(p.positions for p in batch), dtype=POSITION)
    frame_of, base_ms = _frames_of(batch, [len(p.positions) // POSITION.itemsize for p in batch])
    records = np.zeros(len(wire), dtype=STREAM_POSITION)
    for name in _SAME_NAMES:
        records[name] = wire[name]
    records["measured_ms"] = base_ms + wire["offset_10ms"].astype(np.int64) * 10
    return records, frame_of


def absolute_status(batch: Sequence[Pending]) -> tuple[Records, NDArray[np.intp]]:
    """Return STREAM_STATUS[m] of a batch and the index of the frame of each."""
    wire = np.frombuffer(b"".join(p.status for p in batch), dtype=STATUS)
    frame_of, base_ms = _frames_of(batch, [len(p.status) // STATUS.itemsize for p in batch])
    records = np.zeros(len(wire), dtype=STREAM_STATUS)
    records["status"] = wire
    records["measured_ms"] = base_ms + wire["offset_10ms"].astype(np.int64) * 10
    return records, frame_of


def _frames_of(batch: Sequence[Pending], lengths: list[int]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    frame_of = np.repeat(np.arange(len(batch)), lengths)
    return frame_of, np.array([p.base_time_ms for p in batch], dtype=np.int64)[frame_of]


def _in_range(records: Records) -> Mask:
    battery = records["battery_200"]
    in_range: Mask = (
        (np.abs(records["lat_e7"].astype(np.int64)) <= _LAT_E7)
        & (np.abs(records["lng_e7"].astype(np.int64)) <= _LNG_E7)
        & ((battery <= _FULL_BATTERY) | (battery == _UNKNOWN))
        & ((records["mode_flags"] & 0b111) <= 5)
    )
    return in_range


@lru_cache(maxsize=4096)
def _all_taken(count: int) -> Outcome:
    """Return one outcome for every frame of so many records: to make each anew is 13 % of the gateway with
    3,000 single vehicles, most of it the collector's."""
    return Outcome(count, ())


def _outcomes(
    frames: int, numbers: NDArray[Any], frame_of: NDArray[np.intp], taken: Mask, reasons: NDArray[np.int8]
) -> tuple[Outcome, ...]:
    accepted = np.bincount(frame_of[taken], minlength=frames).tolist()
    if bool(taken.all()):
        return tuple(map(_all_taken, accepted))
    refused: list[list[tuple[Reject, int, int]]] = [[] for _ in range(frames)]
    for reason in np.unique(reasons[~taken]).tolist():
        those = np.flatnonzero(reasons == reason)
        at, first, counts = np.unique(frame_of[those], return_index=True, return_counts=True)
        for frame, one, count in zip(at.tolist(), first.tolist(), counts.tolist(), strict=True):
            refused[frame].append((Reject(reason), count, int(numbers[those[one]])))
    return tuple(Outcome(count, tuple(why)) for count, why in zip(accepted, refused, strict=True))
