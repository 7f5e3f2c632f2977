"""What transitions say: kinds of crossings, how long one must last, and the columns they come in."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from geofences.fences import FenceDraft, FenceKind

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Booleans = NDArray[np.bool_]
type Rows = NDArray[np.intp]


class FenceEventKind(IntEnum):
    """What happened; the number is the column's, the lower-case name is the event's."""

    INSIDE = 1
    ENTER = 2
    EXIT = 3
    OUTSIDE = 4
    CROSS = 5
    DWELL = 6


EVENT_NAMES: Final[Mapping[FenceEventKind, tuple[str, str]]] = {
    FenceEventKind.INSIDE: ("在内", "Inside"),
    FenceEventKind.ENTER: ("进入", "Entered"),
    FenceEventKind.EXIT: ("离开", "Left"),
    FenceEventKind.OUTSIDE: ("在外", "Outside"),
    FenceEventKind.CROSS: ("穿越", "Crossed"),
    FenceEventKind.DWELL: ("停留", "Dwelt"),
}
"""Kind → (zh, en)."""


class TransitionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a crossing must last before it is said, in seconds of city time, and what else is said."""

    min_inside_s: float = 2.0
    min_outside_s: float = 5.0
    dwell_s: float | None = None
    """None: ``dwell`` is never said."""
    says_outside: bool = False


DEFAULT_POLICY: Final = TransitionPolicy()
DEFAULT_POLICIES: Final[Mapping[FenceKind, TransitionPolicy]] = {
    FenceKind.NO_GO: TransitionPolicy(min_inside_s=0.0, min_outside_s=5.0, dwell_s=60.0),
    FenceKind.KEEP_CLEAR: TransitionPolicy(min_inside_s=0.0, min_outside_s=3.0, dwell_s=60.0),
    FenceKind.DISTRICT: TransitionPolicy(min_inside_s=10.0, min_outside_s=10.0),
    FenceKind.OPERATING_AREA: TransitionPolicy(says_outside=True),
    FenceKind.PICKUP_POINT: TransitionPolicy(dwell_s=600.0),
}
"""A forbidden place is said at the first point; a 旗区, whose border is 190 m vague, after ten seconds."""


def policy_of(
    fence: FenceDraft, defaults: Mapping[FenceKind, TransitionPolicy] = DEFAULT_POLICIES
) -> TransitionPolicy:
    """Return when crossings of a fence are said: as it asks, and else as its kind does."""
    timing = msgspec.structs.asdict(fence.timing)
    asked = {n: timing[n] for n in TransitionPolicy.__struct_fields__ if timing[n] is not None}
    return msgspec.structs.replace(defaults.get(fence.kind, DEFAULT_POLICY), **asked)


class FenceEvents(NamedTuple):
    """Crossings of one batch, in the order of its rows; k events from n positions."""

    row: Rows
    """Which position of the batch is the evidence (lat, lng, accuracy)."""
    slot: Indices
    fence: Indices
    """Number in the index that judged; its ``fences[number]`` names id and version."""
    kind: NDArray[np.int8]
    seq: Longs
    """Seq of the position that confirmed it: with vehicle, fence version and kind it is unique."""
    measured_ms: Longs
    since_ms: Longs
    """Measured time of the first position on the new side; of the last one before a ``cross``."""
    border_uncertain: Booleans
    """A 旗区 border nearer than its and the position's accuracy: no violation may follow."""
    late: Booleans
    """bool[n], by row of the batch: not newer than what was judged before; the state ignored it."""


def joined(first: FenceEvents, second: FenceEvents) -> FenceEvents:
    """Return the events of two batches whose rows index one list of positions, in the order of that."""
    columns: zip[tuple[NDArray[Any], NDArray[Any]]] = zip(first, second, strict=True)
    both = FenceEvents._make(np.concatenate(pair) for pair in columns)
    order = np.argsort(both.row, kind="stable")
    return FenceEvents._make([*(column[order] for column in both[:-1]), both.late])


class TransitionState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Membership of some slots, to be kept with the state blob; names fences by id and version."""

    fences: tuple[tuple[str, int], ...]
    slots: bytes
    """int32[n]"""
    last_ms: bytes
    """int64[n]"""
    entry_slot: bytes
    """int32[k]"""
    entry_fence: bytes
    """int32[k] into ``fences``"""
    entry_phase: bytes
    """int8[k]"""
    entry_since_ms: bytes
    """int64[k]"""
    entry_stay_ms: bytes = b""
    """int64[k]; empty in states of older trackers"""
