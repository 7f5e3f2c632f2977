"""Who came in and who went out: membership of every vehicle in every fence, as numpy columns by slot.

Time is the position's own. A slot's points are judged in the order of their measured time; one that is
not newer than the last judged is *late* and changes nothing, so a replayed or delayed frame can make no
crossing twice. Four phases a (slot, fence):

    outside ─point in→ entering ─in for min_inside→ inside ─surely out→ leaving ─out for min_outside→ outside
                 └──────point out──→ outside           └───────────point in──→ inside

A slot that is *inside* exactly the fences that its last point is in is settled: another point in the same
fences changes nothing but its time, so that is all that is done about it.

*Surely out* is farther from the border than the position's own accuracy. ``enter`` and ``exit`` are said
at the second arrow; ``inside`` is said instead of ``enter`` when the crossing was not seen: the vehicle's
first point, or its first since the fence (or its new shape) was published.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.events import (
    DEFAULT_POLICIES,
    DEFAULT_POLICY,
    FenceEventKind,
    FenceEvents,
    TransitionPolicy,
    TransitionState,
)
from geofences.fences import Area, Fence, FenceKind
from geofences.index import FenceIndex
from geofences.memberships import NONE, Keys, keys_of, no_keys, same

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]
type Rows = NDArray[np.intp]

MAX_MARGIN_M: Final = 30.0
"""A position worse than this delays an exit no longer than one of this accuracy would."""
_NEVER: Final = np.iinfo(np.int64).min
_EMPTY: Final = -1


class _Phase(IntEnum):
    OUTSIDE = 0
    ENTERING = 1
    INSIDE = 2
    LEAVING = 3


class Transitions:
    """State of ``capacity`` slots over one index at a time. Owned by one thread; grows as needed.

    About 40 + 13 bytes × the most fences that any vehicle is in (8 to begin with) a slot.
    """

    def __init__(
        self,
        index: FenceIndex,
        capacity: int,
        policies: Mapping[FenceKind, TransitionPolicy] = DEFAULT_POLICIES,
    ) -> None:
        """Start with nobody heard of."""
        self.index = index
        self._policies = policies
        self._generation = 0
        self._born = np.zeros(len(index), np.int32)
        self._last_ms = np.full(capacity, _NEVER, np.int64)
        self._judged = np.zeros(capacity, np.int32)
        self._fence = np.full((capacity, 8), _EMPTY, np.int32)
        self._phase = np.zeros((capacity, 8), np.int8)
        self._since = np.zeros((capacity, 8), np.int64)
        self._settled: Keys = no_keys(capacity)
        self._row = np.zeros(capacity, np.intp)
        self._min_inside, self._min_outside = _waits(index.fences, policies)

    def __repr__(self) -> str:
        heard = int((self._last_ms != _NEVER).sum())
        return f"Transitions({heard} of {len(self._last_ms)} slots heard, {self.index!r})"

    def step(
        self,
        slots: Indices,
        lat: Floats,
        lng: Floats,
        accuracy_m: Floats,
        measured_ms: Longs,
        seq: Longs,
        membership: tuple[Longs, Indices] | None = None,
        keys: Keys | None = None,
    ) -> FenceEvents:
        """Judge n positions and return what they changed.

        ``accuracy_m``: of each position, NaN or 0 when unknown; ``membership``: what ``index.match`` said
        of them and ``keys`` its ``keys_of``, when the caller has them. A slot may occur several times and in
        any order.
        """
        batch = _Batch(slots, lat, lng, accuracy_m, measured_ms, seq)
        offsets, numbers = membership if membership is not None else self.index.match(lat, lng)
        if keys is None:
            keys = keys_of(offsets, numbers)
        late = measured_ms <= self._last_ms[slots]
        is_settled = same(keys, self._settled[slots]) & ~late & self._come_once(slots)
        settled = slots[is_settled]
        self._last_ms[settled] = measured_ms[is_settled]
        self._judged[settled] = self._generation
        rest = np.flatnonzero(~is_settled)
        order = rest[np.lexsort((seq[rest], measured_ms[rest], slots[rest]))]
        order = order[~late[order]]
        said: list[_Said] = []
        for turn in _rounds(slots[order]):
            rows = order[turn]
            again = measured_ms[rows] <= self._last_ms[slots[rows]]
            late[rows[again]] = True
            rows = rows[~again]
            said += self._judge(batch, rows, offsets, numbers)
            self._settle(slots[rows], keys[rows], offsets[rows + 1] - offsets[rows])
        return self._events(batch, said, late)

    def _come_once(self, slots: Indices) -> Booleans:
        """Say for each position whether its slot occurs once in the batch."""
        rows = np.arange(len(slots))
        self._row[slots] = rows
        is_last: Booleans = self._row[slots] == rows
        if is_last.all():
            return is_last
        return ~np.isin(slots, slots[~is_last])

    def _settle(self, slots: Indices, keys: Keys, count: Longs) -> None:
        """Note which of these slots are inside the ``count`` fences of their last point and nothing else."""
        inside = (self._phase[slots] == _Phase.INSIDE).sum(axis=1)
        known = (self._fence[slots] != _EMPTY).sum(axis=1)
        is_settled = (inside == known) & (known == count)
        self._settled[slots] = np.where(is_settled[:, None], keys, NONE)

    def swap(self, index: FenceIndex) -> None:
        """Go on with another index, between two batches.

        Membership in a fence whose shape stays is kept. Of a new or redrawn fence nothing is known, so
        the next point in it says ``inside`` with the new version; a fence that is gone says nothing more.
        """
        self._generation += 1
        carried = _carried(self.index, index)
        born = np.full(len(index), self._generation, np.int32)
        kept = carried[carried >= 0]
        born[kept] = self._born[carried >= 0]
        here = self._fence >= 0
        self._fence[here] = carried[self._fence[here]]
        self._phase[self._fence < 0] = _Phase.OUTSIDE
        self._settled[:] = NONE
        self.index, self._born = index, born
        self._min_inside, self._min_outside = _waits(index.fences, self._policies)

    def reserve(self, capacity: int) -> None:
        """Make room for slots up to ``capacity``; never shrinks."""
        more = capacity - len(self._last_ms)
        if more > 0:
            width = self._fence.shape[1]
            self._last_ms = np.concatenate((self._last_ms, np.full(more, _NEVER, np.int64)))
            self._judged = np.concatenate((self._judged, np.zeros(more, np.int32)))
            self._fence = np.concatenate((self._fence, np.full((more, width), _EMPTY, np.int32)))
            self._phase = np.concatenate((self._phase, np.zeros((more, width), np.int8)))
            self._since = np.concatenate((self._since, np.zeros((more, width), np.int64)))
            self._settled = np.concatenate((self._settled, no_keys(more)))
            self._row = np.zeros(capacity, np.intp)

    def forget(self, slots: Indices) -> None:
        """Make these slots as if they had never been heard (vehicle decommissioned, partition given away)."""
        self._last_ms[slots] = _NEVER
        self._fence[slots] = _EMPTY
        self._phase[slots] = _Phase.OUTSIDE
        self._settled[slots] = NONE

    def fences_of(self, slot: int) -> tuple[int, ...]:
        """Return the numbers of the fences that the slot is inside of (also while leaving), ascending."""
        inside = self._phase[slot] >= _Phase.INSIDE
        return tuple(sorted(self._fence[slot][inside].tolist()))

    def occupancy(self) -> Longs:
        """Return how many slots are inside each fence, by fence number."""
        return np.bincount(self._fence[self._phase >= _Phase.INSIDE], minlength=len(self.index))

    def export(self, slots: Indices) -> TransitionState:
        """Return the membership of these slots, for another process to go on from."""
        return self.export_each([slots])[0]

    def export_each(self, groups: Sequence[Indices]) -> list[TransitionState]:
        """Return what ``export`` returns of each group; 32 groups cost little more than one."""
        slots = np.concatenate([np.empty(0, np.int32), *groups])
        line, column = np.nonzero(self._phase[slots] != _Phase.OUTSIDE)
        owner = slots[line]
        fence = self._fence[owner, column]
        phase, since = self._phase[owner, column], self._since[owner, column]
        last_ms = self._last_ms[slots]
        names = [(fence.fence_id, fence.version) for fence in self.index.fences]
        is_used = np.zeros(len(names), np.bool_)
        place = np.zeros(len(names), np.int32)
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
                    fences=tuple(names[number] for number in used.tolist()),
                    slots=slots[first:end].tobytes(),
                    last_ms=last_ms[first:end].tobytes(),
                    entry_slot=owner[start:stop].tobytes(),
                    entry_fence=place[fence[start:stop]].tobytes(),
                    entry_phase=phase[start:stop].tobytes(),
                    entry_since_ms=since[start:stop].tobytes(),
                )
            )
        return states

    def restore(self, state: TransitionState) -> None:
        """Take over exported membership; versions that the index does not hold are left out."""
        slots = np.frombuffer(state.slots, np.int32)
        self.forget(slots)
        self._last_ms[slots] = np.frombuffer(state.last_ms, np.int64)
        self._judged[slots] = self._generation
        known = {(str(f.fence_id), int(f.version)): n for n, f in enumerate(self.index.fences)}
        number = np.array([known.get(key, _EMPTY) for key in state.fences] or [_EMPTY], np.int32)
        entry = number[np.frombuffer(state.entry_fence, np.int32)]
        held = entry != _EMPTY
        owner = np.frombuffer(state.entry_slot, np.int32)[held]
        phase = np.frombuffer(state.entry_phase, np.int8)[held]
        since = np.frombuffer(state.entry_since_ms, np.int64)[held]
        self._insert(owner, entry[held], phase, since)

    def _judge(self, batch: "_Batch", rows: Rows, offsets: Longs, numbers: Indices) -> list["_Said"]:
        """Judge one position each of different slots."""
        slots = batch.slots[rows]
        count = offsets[rows + 1] - offsets[rows]
        line = np.repeat(np.arange(len(rows)), count)
        entry = numbers[np.repeat(offsets[rows] - np.cumsum(count) + count, count) + np.arange(count.sum())]
        same = self._fence[slots[line]] == entry[:, None]
        column = same.argmax(axis=1)
        found = same[np.arange(len(entry)), column]
        unmatched = self._fence[slots] != _EMPTY
        unmatched[line[found], column[found]] = False
        said = [
            self._still_in(batch, rows[line[found]], column[found]),
            self._now_out(batch, rows, unmatched),
            self._newly_in(batch, rows[line[~found]], entry[~found]),
        ]
        self._last_ms[slots] = batch.measured_ms[rows]
        self._judged[slots] = self._generation
        return said

    def _still_in(self, batch: "_Batch", rows: Rows, column: Rows) -> "_Said":
        """Points in a fence that the slot was in, coming into or leaving."""
        slots = batch.slots[rows]
        phase, since = self._phase[slots, column], self._since[slots, column]
        fence = self._fence[slots, column]
        stayed = batch.measured_ms[rows] - since >= self._min_inside[fence]
        entered = (phase == _Phase.ENTERING) & stayed
        settled = entered | (phase == _Phase.LEAVING)
        self._phase[slots[settled], column[settled]] = _Phase.INSIDE
        return _Said(rows[entered], fence[entered], since[entered], FenceEventKind.ENTER)

    def _now_out(self, batch: "_Batch", rows: Rows, unmatched: Booleans) -> "_Said":
        """Points outside a fence that the slot was in, coming into or leaving."""
        line, column = np.nonzero(unmatched)
        rows = rows[line]
        slots, now = batch.slots[rows], batch.measured_ms[rows]
        fence, phase = self._fence[slots, column], self._phase[slots, column]
        flapped = phase == _Phase.ENTERING
        doubtful = self.index.near_border(
            fence, batch.lat[rows], batch.lng[rows], _margin(batch.accuracy_m[rows])
        )
        surely = ~flapped & ~doubtful
        starts = surely & (phase == _Phase.INSIDE)
        self._phase[slots[starts], column[starts]] = _Phase.LEAVING
        self._since[slots[starts], column[starts]] = now[starts]
        since = self._since[slots, column]
        left = surely & (now - since >= self._min_outside[fence])
        gone = left | flapped
        self._fence[slots[gone], column[gone]] = _EMPTY
        self._phase[slots[gone], column[gone]] = _Phase.OUTSIDE
        return _Said(rows[left], fence[left], since[left], FenceEventKind.EXIT)

    def _newly_in(self, batch: "_Batch", rows: Rows, fence: Indices) -> "_Said":
        """Points in a fence that the slot was outside of, or of which nothing was known."""
        slots, now = batch.slots[rows], batch.measured_ms[rows]
        unseen = (self._last_ms[slots] == _NEVER) | (self._judged[slots] < self._born[fence])
        at_once = unseen | (self._min_inside[fence] <= 0)
        phase = np.where(at_once, _Phase.INSIDE, _Phase.ENTERING).astype(np.int8)
        self._insert(slots, fence, phase, now)
        kind = np.where(unseen, FenceEventKind.INSIDE, FenceEventKind.ENTER)[at_once]
        return _Said(rows[at_once], fence[at_once], now[at_once], kind)

    def _insert(self, slots: Indices, fence: Indices, phase: NDArray[np.int8], since: Longs) -> None:
        """Put entries into empty columns of their slots, widening the columns when there are none left."""
        order = np.argsort(slots, kind="stable")
        slots, fence, phase, since = slots[order], fence[order], phase[order], since[order]
        nth = _rank_in_run(slots)
        empty = self._fence[slots] == _EMPTY
        while len(slots) and (nth >= empty.sum(axis=1)).any():
            self._widen()
            empty = self._fence[slots] == _EMPTY
        column = np.argsort(~empty, axis=1, kind="stable")[np.arange(len(slots)), nth]
        self._fence[slots, column] = fence
        self._phase[slots, column] = phase
        self._since[slots, column] = since

    def _widen(self) -> None:
        self._fence = np.concatenate((self._fence, np.full_like(self._fence, _EMPTY)), axis=1)
        self._phase = np.concatenate((self._phase, np.zeros_like(self._phase)), axis=1)
        self._since = np.concatenate((self._since, np.zeros_like(self._since)), axis=1)

    def _events(self, batch: "_Batch", said: list["_Said"], late: Booleans) -> FenceEvents:
        row = np.concatenate([one.rows for one in said] or [np.empty(0, np.intp)])
        fence = np.concatenate([one.fence for one in said] or [np.empty(0, np.int32)])
        since = np.concatenate([one.since_ms for one in said] or [np.empty(0, np.int64)])
        kinds = [np.broadcast_to(one.kind, one.rows.shape) for one in said] or [np.empty(0, np.int8)]
        kind = np.concatenate(kinds).astype(np.int8)
        order = np.lexsort((fence, kind, row))
        row, fence, since, kind = row[order], fence[order], since[order], kind[order]
        return FenceEvents(
            row=row,
            slot=batch.slots[row],
            fence=fence,
            kind=kind,
            seq=batch.seq[row],
            measured_ms=batch.measured_ms[row],
            since_ms=since,
            border_uncertain=self._border_uncertain(batch, row, fence),
            late=late,
        )

    def _border_uncertain(self, batch: "_Batch", row: Rows, fence: Indices) -> Booleans:
        uncertain = np.zeros(len(row), np.bool_)
        district = self.index.is_district[fence]
        row, fence = row[district], fence[district]
        within = self.index.accuracy_m[fence] + _margin(batch.accuracy_m[row])
        uncertain[district] = self.index.near_border(fence, batch.lat[row], batch.lng[row], within)
        return uncertain


class _Batch(NamedTuple):
    slots: Indices
    lat: Floats
    lng: Floats
    accuracy_m: Floats
    measured_ms: Longs
    seq: Longs


class _Said(NamedTuple):
    rows: Rows
    fence: Indices
    since_ms: Longs
    kind: FenceEventKind | NDArray[np.int_]


def _margin(accuracy_m: Floats) -> Floats:
    return np.clip(np.nan_to_num(accuracy_m, nan=0.0), 0.0, MAX_MARGIN_M)


def _rank_in_run(values: NDArray[np.integer]) -> Rows:
    """Return the place of each item within its run of equal neighbours, from 0."""
    if not len(values):
        return np.empty(0, np.intp)
    place = np.arange(len(values))
    starts = np.concatenate(([True], values[1:] != values[:-1]))
    return place - np.maximum.accumulate(np.where(starts, place, 0))


def _rounds(sorted_slots: Indices) -> list[Rows]:
    """Split positions sorted by slot and time into rounds in which no slot occurs twice."""
    if not len(sorted_slots):
        return []
    nth = _rank_in_run(sorted_slots)
    return [np.flatnonzero(nth == turn) for turn in range(int(nth.max()) + 1)]


def _waits(fences: tuple[Fence, ...], policies: Mapping[FenceKind, TransitionPolicy]) -> tuple[Longs, Longs]:
    """Return (min_inside_ms, min_outside_ms) by fence number."""
    chosen = [policies.get(fence.kind, DEFAULT_POLICY) for fence in fences]
    inside = np.array([round(policy.min_inside_s * 1000) for policy in chosen], np.int64)
    outside = np.array([round(policy.min_outside_s * 1000) for policy in chosen], np.int64)
    return inside, outside


def _carried(old: FenceIndex, new: FenceIndex) -> Indices:
    """Return for each old fence number the new one with the same id and shape, ``_EMPTY`` without."""
    drawn: dict[tuple[str, Area], int] = {(f.fence_id, f.area): n for n, f in enumerate(new.fences)}
    return np.array([drawn.get((f.fence_id, f.area), _EMPTY) for f in old.fences], np.int32)
