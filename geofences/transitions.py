"""Who came in and who went out: membership of every vehicle in every fence, as numpy columns by slot.

Time is the position's own. A slot's points are judged in the order of their measured time; one that is
not newer than the last judged is *late* and changes nothing, so a replayed or delayed frame can make no
crossing twice. Five phases a (slot, fence):

    outside ─point in→ entering ─in for min_inside→ inside ─surely out→ leaving ─out for min_outside→ outside
                 └──────point out──→ outside           └───────────point in──→ inside
    inside ─out, but not surely→ doubtful ─as from inside→ leaving, inside

Until the first of a slot's waits ends another point in the same fences changes nothing but its place and
time, so that is all that is done about it; and when it ends, only that is judged.

``dwell`` is said once a stay, at the first point inside after the fence's dwell time. ``cross`` is said of a
fence that holds neither a point nor the one before it, but meets the way between them; and ``outside`` of one
that concerns a vehicle which is first heard outside it.

*Surely out* is farther from the border than the position's own accuracy. ``enter`` and ``exit`` are said
at the second arrow; ``inside`` is said instead of ``enter`` when the crossing was not seen: the vehicle's
first point, or its first since the fence (or its new shape) was published.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences.batches import Batch, Said, events_of, margin, rounds
from geofences.events import (
    DEFAULT_POLICIES,
    FenceEventKind,
    FenceEvents,
    TransitionPolicy,
    TransitionState,
    policy_of,
)
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from geofences.memberships import Keys, keys_of, rows_of, same
from geofences.outside import Concern, FirstOutside
from geofences.places import EMPTY
from geofences.stays import AT_ONCE, FAR, NEVER, Phase, Stays

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]
type Rows = NDArray[np.intp]

CROSS_GAP_MS: Final = 60_000
"""Of two points farther apart in time nobody knows the way between."""
NO_DWELL_MS: Final = 2**60
"""Dwell time of a fence that asks for none; a stay's beginning can be added to it."""


class Transitions:
    """State of ``capacity`` slots over one index at a time. Owned by one thread; grows as needed.

    About 56 bytes a slot, and 21 for each of its places: four to begin with, doubled for who needs more.
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
        self._stays = Stays(capacity)
        self._row = np.zeros(capacity, np.intp)
        self._follow(index)

    def __repr__(self) -> str:
        heard = int((self._stays.last_ms != NEVER).sum())
        return f"Transitions({heard} of {len(self._stays)} slots heard, {self.index!r})"

    @property
    def quiet_until_ms(self) -> Longs:
        """The earliest moment at which time alone can make each slot say something, int64[slots].

        A point measured before it changes nothing, as long as it is in the same fences as the last one
        and the way there crossed no border: such points may go to ``pass_by``. A far future where nothing
        waits, the far past where the next point must be judged whatever it is.
        """
        return self._stays.quiet_until_ms

    def pass_by(self, slots: NDArray[np.integer], lat: Floats, lng: Floats, measured_ms: Longs) -> None:
        """Note the newest point of slots that are quiet: nothing but their place and time changes.

        Only for points of which the caller knows what ``quiet_until_ms`` asks. A slot may occur several
        times and in any order; what is late changes nothing. Some 15 ns a point.
        """
        last_ms = self._stays.last_ms
        np.maximum.at(last_ms, slots, measured_ms)
        newest = measured_ms == last_ms[slots]
        if not newest.all():
            slots, lat, lng = slots[newest], lat[newest], lng[newest]
        self._stays.lat[slots] = lat
        self._stays.lng[slots] = lng

    def is_settled(self, slots: NDArray[np.integer]) -> Booleans:
        """Say which slots are in exactly the fences of their newest point, as far as is known, bool[n]."""
        settled: Booleans = self._stays.quiet_until_ms[slots] != NEVER
        return settled

    def came_past_none(
        self, slots: NDArray[np.integer], lat: Floats, lng: Floats, measured_ms: Longs
    ) -> tuple[Booleans, Floats]:
        """Say which points are surely in the fences of their slot's newest point, bool[n].

        They are later than it and no border lies in the way from there. For different slots, finite points.
        The second is the room that each has to the next border, see ``BorderGrid.passes``.
        Some 0.3 µs a point; False costs a look-up and says nothing.
        """
        stays = self._stays
        start = stays.lat[slots], stays.lng[slots]
        none: Booleans = measured_ms > stays.last_ms[slots]
        none &= np.isfinite(start[0])
        passed, room_deg = self.index.crossings.grid.passes(start, (lat, lng))
        return none & passed, room_deg

    def ripen(self, batch: Batch) -> FenceEvents:
        """Judge positions of different slots that are settled and ``came_past_none``: time has passed.

        They are in the fences of before, so nothing is looked up. Some 5 µs a position.
        """
        slots, places = batch.slots, self._stays.places
        row, place, _ = places.of(slots)
        phase = places.phase[place]
        here = np.flatnonzero((phase == Phase.ENTERING) | (phase == Phase.INSIDE))
        left = np.flatnonzero(phase >= Phase.LEAVING)
        said = [
            *self._still_in(batch, row[here], place[here]),
            self._now_out(batch, row[left], place[left]),
        ]
        self._move(batch, np.arange(len(slots)))
        self._settle(slots, self._stays.settled[slots])
        return events_of(self.index, batch, said, np.zeros(len(slots), np.bool_))

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
        concern: Concern | None = None,
    ) -> FenceEvents:
        """Judge n positions and return what they changed.

        ``accuracy_m``: of each position, NaN or 0 when unknown; ``membership``: what ``index.match`` said
        of them and ``keys`` its ``keys_of``, when the caller has them; ``concern``: which fences concern
        which slots, all of them when it is left out. A slot may occur several times and in any order.
        """
        batch = Batch(slots, lat, lng, accuracy_m, measured_ms, seq)
        offsets, numbers = membership if membership is not None else self.index.match(lat, lng)
        if keys is None:
            keys = keys_of(offsets, numbers)
        stays = self._stays
        late = measured_ms <= stays.last_ms[slots]
        is_settled = same(keys, stays.settled[slots]) & ~late & (measured_ms < stays.quiet_until_ms[slots])
        is_settled &= self._come_once(slots)
        settled = np.flatnonzero(is_settled)
        said = []
        if len(settled):
            said.append(self._crossed(batch, settled, offsets, numbers))
            self._move(batch, settled)
        rest = np.flatnonzero(~is_settled)
        order = rest[np.lexsort((seq[rest], measured_ms[rest], slots[rest]))]
        order = order[~late[order]]
        for turn in rounds(slots[order]):
            rows = order[turn]
            again = measured_ms[rows] <= stays.last_ms[slots[rows]]
            late[rows[again]] = True
            rows = rows[~again]
            said.append(self._crossed(batch, rows, offsets, numbers))
            said.append(self._first_outside(batch, rows, offsets, numbers, concern))
            said += self._judge(batch, rows, offsets, numbers)
            self._move(batch, rows)
            self._settle(slots[rows], keys[rows])
        return events_of(self.index, batch, said, late)

    def _come_once(self, slots: Indices) -> Booleans:
        """Say for each position whether its slot occurs once in the batch."""
        rows = np.arange(len(slots))
        self._row[slots] = rows
        is_last: Booleans = self._row[slots] == rows
        if is_last.all():
            return is_last
        return ~np.isin(slots, slots[~is_last])

    def _move(self, batch: Batch, rows: Rows) -> None:
        """Note these points, of different slots, as the newest of their slots."""
        slots = batch.slots[rows]
        self._stays.last_ms[slots] = batch.measured_ms[rows]
        self._stays.lat[slots] = batch.lat[rows]
        self._stays.lng[slots] = batch.lng[rows]
        self._stays.judged[slots] = self._generation

    def _settle(self, slots: Indices, keys: Keys) -> None:
        """Note until when each of these slots, whose newest point is in the fences of its key, says nothing.

        The beginning of time where it is doubtful whether it has left: that depends on its very next place.
        """
        places = self._stays.places
        _, place, start = places.of(slots)
        fence, phase, since = places.fence[place], places.phase[place], places.since_ms[place]
        due = np.where(phase == Phase.ENTERING, since + self._min_inside[fence], FAR)
        due = np.where(phase == Phase.LEAVING, since + self._min_outside[fence], due)
        stay, dwell = places.stay_ms[place], self._dwell[fence]
        waits = (phase == Phase.INSIDE) & (stay != FAR) & (dwell != NO_DWELL_MS)
        due = np.where(waits, stay + dwell, due)
        due[phase == Phase.DOUBTFUL] = AT_ONCE
        if len(slots):
            self._stays.quiet_until_ms[slots] = np.minimum.reduceat(due, start)
            self._stays.settled[slots] = keys

    def swap(self, index: FenceIndex) -> None:
        """Go on with another index, between two batches.

        Membership in a fence whose shape stays is kept. Of a new or redrawn fence nothing is known, so
        the next point in it says ``inside`` with the new version; a fence that is gone says nothing more.
        Nobody is quiet before the next point.
        """
        self._generation += 1
        carried = _carried(self.index, index)
        born = np.full(len(index), self._generation, np.int32)
        kept = carried[carried >= 0]
        born[kept] = self._born[carried >= 0]
        self._stays.renumber(carried)
        self.index, self._born = index, born
        self._follow(index)

    def _follow(self, index: FenceIndex) -> None:
        """Look up what each fence asks for; the columns end with an empty place's."""
        asked = [policy_of(fence, self._policies) for fence in index.fences]
        self._min_inside = _ms(policy.min_inside_s for policy in asked)
        self._min_outside = _ms(policy.min_outside_s for policy in asked)
        dwells = _ms(policy.dwell_s or 0.0 for policy in asked)
        self._dwell = np.where(dwells > 0, dwells, NO_DWELL_MS)
        self._outside = FirstOutside(index, np.array([policy.says_outside for policy in asked], np.bool_))

    def reserve(self, capacity: int) -> None:
        """Make room for slots up to ``capacity``; never shrinks."""
        if capacity > len(self._stays):
            self._stays.reserve(capacity)
            self._row = np.zeros(capacity, np.intp)

    def forget(self, slots: Indices) -> None:
        """Make these slots as if they had never been heard (vehicle decommissioned, partition given away)."""
        self._stays.forget(slots)

    def fences_of(self, slot: int) -> tuple[int, ...]:
        """Return the numbers of the fences that the slot is inside of (also while leaving), ascending."""
        places = self._stays.places
        place = places.of(np.array([slot])).place
        return tuple(sorted(places.fence[place[places.phase[place] >= Phase.INSIDE]].tolist()))

    def occupancy(self) -> Longs:
        """Return how many slots are inside each fence, by fence number."""
        places = self._stays.places
        return np.bincount(places.fence[places.phase >= Phase.INSIDE], minlength=len(self.index))

    def export(self, slots: Indices) -> TransitionState:
        """Return the membership of these slots, for another process to go on from."""
        return self.export_each([slots])[0]

    def export_each(self, groups: Sequence[Indices]) -> list[TransitionState]:
        """Return what ``export`` returns of each group; 32 groups cost little more than one."""
        return self._stays.export_each(groups, self.index.version_keys)

    def restore(self, state: TransitionState) -> None:
        """Take over exported membership; versions that the index does not hold are left out."""
        slots = self._stays.restore(state, self.index.fences)
        self._stays.judged[slots] = self._generation

    def newest(self) -> tuple[Indices, Floats, Floats]:
        """Return the slots that were heard, ascending, and the degrees of their newest points."""
        slots = np.flatnonzero(self._stays.last_ms != NEVER).astype(np.int32)
        return slots, self._stays.lat[slots], self._stays.lng[slots]

    def place(self, slots: NDArray[np.integer], lat: Floats, lng: Floats, measured_ms: Longs) -> None:
        """Say where restored slots were last, so that what their next way crosses is seen.

        A place that was not measured at the slot's last moment is left out.
        """
        last = measured_ms == self._stays.last_ms[slots]
        self._stays.lat[slots[last]], self._stays.lng[slots[last]] = lat[last], lng[last]

    def _judge(self, batch: Batch, rows: Rows, offsets: Longs, numbers: Indices) -> list[Said]:
        """Judge one position each of different slots."""
        slots = batch.slots[rows]
        count = offsets[rows + 1] - offsets[rows]
        line = np.repeat(np.arange(len(rows)), count)
        entry = numbers[np.repeat(offsets[rows] - np.cumsum(count) + count, count) + np.arange(count.sum())]
        places = self._stays.places
        known = places.find(slots[line], entry)
        owner, place, _ = places.of(slots)
        found = known >= 0
        is_left = places.fence[place] != EMPTY
        is_left &= ~places.among(place, known[found])
        return [
            *self._still_in(batch, rows[line[found]], known[found]),
            self._now_out(batch, rows[owner[is_left]], place[is_left]),
            self._newly_in(batch, rows[line[~found]], entry[~found]),
        ]

    def _still_in(self, batch: Batch, rows: Rows, place: Rows) -> list[Said]:
        """Points in a fence that the slot was in, coming into or leaving, and where that is noted."""
        places, now = self._stays.places, batch.measured_ms[rows]
        fence, phase = places.fence[place], places.phase[place]
        since, stay = places.since_ms[place], places.stay_ms[place]
        entered = (phase == Phase.ENTERING) & (now - since >= self._min_inside[fence])
        is_in = entered | (phase != Phase.ENTERING)
        places.phase[place[is_in]] = Phase.INSIDE
        dwelt = is_in & (stay != FAR) & (now - stay >= self._dwell[fence])
        places.stay_ms[place[dwelt]] = FAR
        return [
            Said(rows[entered], fence[entered], since[entered], FenceEventKind.ENTER),
            Said(rows[dwelt], fence[dwelt], stay[dwelt], FenceEventKind.DWELL),
        ]

    def _now_out(self, batch: Batch, rows: Rows, place: Rows) -> Said:
        """Points outside a fence that the slot was in, coming into or leaving, and where that is noted."""
        places, now = self._stays.places, batch.measured_ms[rows]
        fence, phase = places.fence[place], places.phase[place]
        flapped = phase == Phase.ENTERING
        doubtful = self.index.near_border(
            fence, batch.lat[rows], batch.lng[rows], margin(batch.accuracy_m[rows])
        )
        surely = ~flapped & ~doubtful
        starts = surely & (phase != Phase.LEAVING)
        places.phase[place[starts]] = Phase.LEAVING
        places.phase[place[doubtful & (phase == Phase.INSIDE)]] = Phase.DOUBTFUL
        places.since_ms[place[starts]] = now[starts]
        since = places.since_ms[place]
        left = surely & (now - since >= self._min_outside[fence])
        places.empty(place[left | flapped])
        return Said(rows[left], fence[left], since[left], FenceEventKind.EXIT)

    def _newly_in(self, batch: Batch, rows: Rows, fence: Indices) -> Said:
        """Points in a fence that the slot was outside of, or of which nothing was known."""
        slots, now = batch.slots[rows], batch.measured_ms[rows]
        unseen = (self._stays.last_ms[slots] == NEVER) | (self._stays.judged[slots] < self._born[fence])
        at_once = unseen | (self._min_inside[fence] <= 0)
        phase = np.where(at_once, Phase.INSIDE, Phase.ENTERING).astype(np.int8)
        self._stays.places.insert(slots, fence, phase, now, now)
        kind = np.where(unseen, FenceEventKind.INSIDE, FenceEventKind.ENTER)[at_once]
        return Said(rows[at_once], fence[at_once], now[at_once], kind)

    def _crossed(self, batch: Batch, rows: Rows, offsets: Longs, numbers: Indices) -> Said:
        """Fences that slots drove through on the way to these points, none of which is in them."""
        slots = batch.slots[rows]
        lat, lng, before = self._stays.lat[slots], self._stays.lng[slots], self._stays.last_ms[slots]
        moved = (lat != batch.lat[rows]) | (lng != batch.lng[rows])
        moved &= np.isfinite(lat + lng + batch.lat[rows] + batch.lng[rows])
        goes = np.flatnonzero(moved & (batch.measured_ms[rows] <= before + CROSS_GAP_MS))
        rows = rows[goes]
        way, fence = self.index.crossings.of(
            (lat[goes], lng[goes]), (batch.lat[rows], batch.lng[rows]), rows_of(offsets, numbers, rows)
        )
        slots = slots[goes[way]]
        is_known = self._stays.judged[slots] >= self._born[fence]
        place = self._stays.places.find(slots, fence)
        is_in = (place >= 0) & (self._stays.places.phase[place] >= Phase.INSIDE)
        said = is_known & ~is_in
        return Said(rows[way[said]], fence[said], before[goes[way[said]]], FenceEventKind.CROSS)

    def _first_outside(
        self, batch: Batch, rows: Rows, offsets: Longs, numbers: Indices, concern: Concern | None
    ) -> Said:
        """Fences that slots are outside of, of which nothing was known before these points."""
        slots = batch.slots[rows]
        heard_of = np.where(self._stays.last_ms[slots] == NEVER, -1, self._stays.judged[slots])
        row, fence = self._outside.of(slots, heard_of, rows_of(offsets, numbers, rows), self._born, concern)
        return Said(rows[row], fence, batch.measured_ms[rows[row]], FenceEventKind.OUTSIDE)


def _ms(seconds: Iterable[float]) -> Longs:
    """Return milliseconds by fence number, and one more for an empty place."""
    return np.array([*(round(wait * 1000) for wait in seconds), 0], np.int64)


def _carried(old: FenceIndex, new: FenceIndex) -> Indices:
    """Return for each old fence number the new one with the same id and shape, ``EMPTY`` without."""
    carried = np.full(len(old), EMPTY, np.int32)
    for number, fence in enumerate(old.fences):
        now = new.by_id.get(fence.fence_id)
        if now is not None and (new.fences[now].area is fence.area or new.fences[now].area == fence.area):
            carried[number] = now
    return carried
