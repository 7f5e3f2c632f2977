"""What is remembered of every vehicle and the fences it is in: numpy columns by slot, and by place.

No judgement here: ``transitions`` decides, this keeps.
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
from geofences.places import EMPTY, Places

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Rows = NDArray[np.intp]

NEVER: Final = np.iinfo(np.int64).min
"""Time of what has not been; *never quiet* in ``quiet_until_ms``."""
AT_ONCE: Final = NEVER + 1
"""Time of what may come with any point, wherever it is; in ``quiet_until_ms``."""
FAR: Final = np.iinfo(np.int64).max
"""Time of what does not come: *quiet until something moves* in ``quiet_until_ms``."""


class Phase(IntEnum):
    """Where a slot stands with one fence."""

    OUTSIDE = 0
    ENTERING = 1
    INSIDE = 2
    LEAVING = 3
    DOUBTFUL = 4
    """Inside, though the newest point is outside: it is too near to the border to be sure."""


class Stays:
    """Columns of ``capacity`` slots: about 56 bytes a slot beside its places. Owned by one thread."""

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
        """Key of the fences around the newest point; NONE of a slot that the present fences did not judge."""
        self.places = Places(capacity)

    def __len__(self) -> int:
        return len(self.last_ms)

    def reserve(self, capacity: int) -> None:
        """Make room for slots up to ``capacity``; never shrinks."""
        more = capacity - len(self)
        if more <= 0:
            return
        self.places.reserve(capacity)
        fresh = Stays(more)
        for name, column in vars(self).items():
            if name != "places":
                setattr(self, name, np.concatenate((column, getattr(fresh, name))))

    def forget(self, slots: Indices) -> None:
        """Make these slots as if they had never been heard."""
        self.last_ms[slots] = NEVER
        self.lat[slots] = self.lng[slots] = np.nan
        self.places.empty(self.places.of(slots).place)
        self.settled[slots] = NONE
        self.quiet_until_ms[slots] = NEVER

    def renumber(self, carried: Indices) -> None:
        """Give every fence the number that ``carried`` has for it; what has none is forgotten."""
        fence = self.places.fence
        here = np.flatnonzero(fence != EMPTY)
        fence[here] = carried[fence[here]]
        self.places.empty(here[fence[here] == EMPTY])
        self.settled[:] = NONE
        self.quiet_until_ms[:] = NEVER

    def export_each(
        self, groups: Sequence[Indices], version_keys: NDArray[np.object_]
    ) -> list[TransitionState]:
        """Return the state of each group of slots; 32 groups cost little more than one."""
        slots = np.concatenate([np.empty(0, np.int32), *groups])
        places = self.places
        line, place, _ = places.of(slots)
        is_used = places.fence[place] != EMPTY
        line, place = line[is_used], place[is_used]
        owner, fence, phase = slots[line], places.fence[place], places.phase[place]
        phase[phase == Phase.DOUBTFUL] = Phase.INSIDE  # the next owner's first point says it anew
        since, stay = places.since_ms[place], places.stay_ms[place]
        last_ms = self.last_ms[slots]
        is_named = np.zeros(len(version_keys), np.bool_)
        name = np.zeros(len(version_keys), np.int32)
        states = []
        cuts = np.cumsum([0, *map(len, groups)])
        lines = np.searchsorted(line, cuts).tolist()
        for (first, end), (start, stop) in zip(pairwise(cuts.tolist()), pairwise(lines), strict=True):
            is_named[:] = False
            is_named[fence[start:stop]] = True
            named = np.flatnonzero(is_named)
            name[named] = np.arange(len(named))
            states.append(
                TransitionState(
                    fences=tuple(version_keys[named].tolist()),
                    slots=slots[first:end].tobytes(),
                    last_ms=last_ms[first:end].tobytes(),
                    entry_slot=owner[start:stop].tobytes(),
                    entry_fence=name[fence[start:stop]].tobytes(),
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
        self.places.insert(owner, entry[held], phase, since[held], stay[held])
        return slots


def rank_in_run(values: NDArray[np.integer]) -> Rows:
    """Return the place of each item within its run of equal neighbours, from 0."""
    if not len(values):
        return np.empty(0, np.intp)
    place = np.arange(len(values))
    starts = np.concatenate(([True], values[1:] != values[:-1]))
    return place - np.maximum.accumulate(np.where(starts, place, 0))
