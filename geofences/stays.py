"""What is remembered of every vehicle and the fences it is in: numpy columns by slot.

No judgement here: ``transitions`` decides, this keeps. A slot has a few *places*, each of which holds one
fence that the slot is coming into, in, or leaving; a place without one is empty.
"""

from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences.events import TransitionState
from geofences.fences import Fence
from geofences.memberships import NONE, Keys, no_keys

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Rows = NDArray[np.intp]

NEVER: Final = np.iinfo(np.int64).min
"""Time of what has not been; *never quiet* in ``quiet_until_ms``."""
FAR: Final = np.iinfo(np.int64).max
"""Time of what does not come: *quiet until something moves* in ``quiet_until_ms``."""
EMPTY: Final = -1
"""Fence number of an empty place."""
PLACES: Final = 8
"""Fences that a slot has places for to begin with; the columns are widened when one needs more."""


class Phase(IntEnum):
    """Where a slot stands with one fence."""

    OUTSIDE = 0
    ENTERING = 1
    INSIDE = 2
    LEAVING = 3


class Stays:
    """Columns of ``capacity`` slots: about 56 + 21 bytes × the places of a slot. Owned by one thread."""

    def __init__(self, capacity: int) -> None:
        """Start with nobody heard of."""
        self.last_ms = np.full(capacity, NEVER, np.int64)
        """Measured time of the newest point."""
        self.lat = np.full(capacity, np.nan)
        self.lng = np.full(capacity, np.nan)
        """Degrees of the newest point; NaN when it is not known where that was."""
        self.judged = np.zeros(capacity, np.int32)
        """Generation of the index by which the newest point was judged."""
        self.quiet_until_ms = np.full(capacity, NEVER, np.int64)
        """See ``Transitions.quiet_until_ms``."""
        self.settled: Keys = no_keys(capacity)
        """Key of the fences around the newest point, where nothing but time or other fences says more."""
        self.fence = np.full((capacity, PLACES), EMPTY, np.int32)
        self.phase = np.zeros((capacity, PLACES), np.int8)
        self.since_ms = np.zeros((capacity, PLACES), np.int64)
        """Measured time of the first point of the present phase."""
        self.stay_ms = np.zeros((capacity, PLACES), np.int64)
        """Measured time of the first point of the present stay; ``FAR`` once its ``dwell`` was said."""

    def __len__(self) -> int:
        return len(self.last_ms)

    def reserve(self, capacity: int) -> None:
        """Make room for slots up to ``capacity``; never shrinks."""
        more = capacity - len(self)
        if more <= 0:
            return
        fresh = Stays(more)
        places = self.fence.shape[1]
        while fresh.fence.shape[1] < places:
            fresh.widen()
        for name, column in vars(self).items():
            setattr(self, name, np.concatenate((column, getattr(fresh, name))))

    def widen(self) -> None:
        """Double the places of every slot."""
        self.fence = np.concatenate((self.fence, np.full_like(self.fence, EMPTY)), axis=1)
        self.phase = np.concatenate((self.phase, np.zeros_like(self.phase)), axis=1)
        self.since_ms = np.concatenate((self.since_ms, np.zeros_like(self.since_ms)), axis=1)
        self.stay_ms = np.concatenate((self.stay_ms, np.zeros_like(self.stay_ms)), axis=1)

    def forget(self, slots: Indices) -> None:
        """Make these slots as if they had never been heard."""
        self.last_ms[slots] = NEVER
        self.lat[slots] = self.lng[slots] = np.nan
        self.fence[slots] = EMPTY
        self.phase[slots] = Phase.OUTSIDE
        self.settled[slots] = NONE
        self.quiet_until_ms[slots] = NEVER

    def renumber(self, carried: Indices) -> None:
        """Give every fence the number that ``carried`` has for it; what has none is forgotten."""
        here = self.fence >= 0
        self.fence[here] = carried[self.fence[here]]
        self.phase[self.fence < 0] = Phase.OUTSIDE
        self.settled[:] = NONE
        self.quiet_until_ms[:] = NEVER

    def insert(
        self,
        slots: Indices,
        fence: Indices,
        phase: NDArray[np.int8],
        since_ms: Longs,
        stay_ms: Longs,
    ) -> None:
        """Put fences into empty places of their slots, widening the columns when there are none left."""
        order = np.argsort(slots, kind="stable")
        slots = slots[order]
        nth = rank_in_run(slots)
        empty = self.fence[slots] == EMPTY
        while len(slots) and (nth >= empty.sum(axis=1)).any():
            self.widen()
            empty = self.fence[slots] == EMPTY
        column = np.argsort(~empty, axis=1, kind="stable")[np.arange(len(slots)), nth]
        self.fence[slots, column] = fence[order]
        self.phase[slots, column] = phase[order]
        self.since_ms[slots, column] = since_ms[order]
        self.stay_ms[slots, column] = stay_ms[order]

    def export_each(self, groups: Sequence[Indices], fences: Sequence[Fence]) -> list[TransitionState]:
        """Return the state of each group of slots; 32 groups cost little more than one."""
        slots = np.concatenate([np.empty(0, np.int32), *groups])
        line, column = np.nonzero(self.phase[slots] != Phase.OUTSIDE)
        owner = slots[line]
        fence = self.fence[owner, column]
        phase, since = self.phase[owner, column], self.since_ms[owner, column]
        stay = self.stay_ms[owner, column]
        last_ms = self.last_ms[slots]
        is_used = np.zeros(len(fences), np.bool_)
        place = np.zeros(len(fences), np.int32)
        states = []
        cuts = np.cumsum([0, *map(len, groups)])
        lines = np.searchsorted(line, cuts).tolist()
        for (first, end), (start, stop) in zip(pairwise(cuts.tolist()), pairwise(lines), strict=True):
            is_used[:] = False
            is_used[fence[start:stop]] = True
            used = np.flatnonzero(is_used)
            place[used] = np.arange(len(used))
            states.append(
                TransitionState(
                    fences=tuple((fences[n].fence_id, fences[n].version) for n in used.tolist()),
                    slots=slots[first:end].tobytes(),
                    last_ms=last_ms[first:end].tobytes(),
                    entry_slot=owner[start:stop].tobytes(),
                    entry_fence=place[fence[start:stop]].tobytes(),
                    entry_phase=phase[start:stop].tobytes(),
                    entry_since_ms=since[start:stop].tobytes(),
                    entry_stay_ms=stay[start:stop].tobytes(),
                )
            )
        return states

    def restore(self, state: TransitionState, fences: Sequence[Fence]) -> Indices:
        """Take over exported state and return its slots; versions not among ``fences`` are left out."""
        slots = np.frombuffer(state.slots, np.int32)
        self.forget(slots)
        self.last_ms[slots] = np.frombuffer(state.last_ms, np.int64)
        known = {(str(f.fence_id), int(f.version)): n for n, f in enumerate(fences)}
        number = np.array([known.get(key, EMPTY) for key in state.fences] or [EMPTY], np.int32)
        entry = number[np.frombuffer(state.entry_fence, np.int32)]
        held = entry != EMPTY
        owner = np.frombuffer(state.entry_slot, np.int32)[held]
        phase = np.frombuffer(state.entry_phase, np.int8)[held]
        since = np.frombuffer(state.entry_since_ms, np.int64)
        stay = np.frombuffer(state.entry_stay_ms, np.int64) if state.entry_stay_ms else since
        self.insert(owner, entry[held], phase, since[held], stay[held])
        return slots


def rank_in_run(values: NDArray[np.integer]) -> Rows:
    """Return the place of each item within its run of equal neighbours, from 0."""
    if not len(values):
        return np.empty(0, np.intp)
    place = np.arange(len(values))
    starts = np.concatenate(([True], values[1:] != values[:-1]))
    return place - np.maximum.accumulate(np.where(starts, place, 0))
