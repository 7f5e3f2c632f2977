"""What transitions say: kinds of crossings, how long one must last, and the columns they come in."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from geofences.fences import FenceKind

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Booleans = NDArray[np.bool_]
type Rows = NDArray[np.intp]


class FenceEventKind(IntEnum):
    """What happened; the number is the column's, the lower-case name is the event's."""

    INSIDE = 1
    ENTER = 2
    EXIT = 3


EVENT_NAMES: Final[Mapping[FenceEventKind, tuple[str, str]]] = {
    FenceEventKind.INSIDE: ("在内", "Inside"),
    FenceEventKind.ENTER: ("进入", "Entered"),
    FenceEventKind.EXIT: ("离开", "Left"),
}
"""Kind → (zh, en)."""


class TransitionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a crossing must last before it is said, in seconds of city time."""

    min_inside_s: float = 2.0
    min_outside_s: float = 5.0


DEFAULT_POLICY: Final = TransitionPolicy()
DEFAULT_POLICIES: Final[Mapping[FenceKind, TransitionPolicy]] = {
    FenceKind.NO_GO: TransitionPolicy(min_inside_s=0.0, min_outside_s=5.0),
    FenceKind.KEEP_CLEAR: TransitionPolicy(min_inside_s=0.0, min_outside_s=3.0),
    FenceKind.DISTRICT: TransitionPolicy(min_inside_s=10.0, min_outside_s=10.0),
}
"""A forbidden place is said at the first point; a 旗区, whose border is 190 m vague, after ten seconds."""


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
    """Measured time of the first position on the new side."""
    border_uncertain: Booleans
    """A 旗区 border nearer than its and the position's accuracy: no violation may follow."""
    late: Booleans
    """bool[n], by row of the batch: not newer than what was judged before; the state ignored it."""


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
