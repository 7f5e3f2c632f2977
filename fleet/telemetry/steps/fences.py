"""Which fences hold each position, what was crossed, and the rule that follows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import STATE, Records
from fleet.telemetry.steps.concern import concern_of
from fleet.telemetry.steps.rule_memory import RuleMemory
from fleet.telemetry.tick import Numbers, Tick
from geofences.batches import Batch
from geofences.calm import CalmCircles
from geofences.events import FenceEvents, TransitionState, joined
from geofences.index import FenceIndex
from geofences.memberships import keys_of, rows_of
from geofences.transitions import Transitions

type Floats = NDArray[np.float64]
type Longs = NDArray[np.int64]

_UNKNOWN_ACCURACY = 255


class FenceStep:
    """Owns the transitions; the pipeline swaps their index between two ticks.

    Of most vehicles no border lies between their last point and this one: they are still in the circle of
    before, or their way here met no piece of a border. They are in the same fences, under the same rule, so
    only the others are looked up. Where something waits for time to pass, that alone is judged.
    """

    def __init__(self, index: FenceIndex, size: int) -> None:
        self.transitions = Transitions(index, size)
        self._rules = RuleMemory(size)
        self._recalled: Records = np.zeros(0, STATE)
        self._calm = CalmCircles(size)

    def swap(self, index: FenceIndex) -> None:
        """Judge by another index from the next tick on."""
        self.transitions.swap(index)
        self._calm.clear()

    def apply(self, tick: Tick) -> None:
        """Leave ``looked_up``, ``cells``, ``fence_events`` and ``rules``."""
        positions = tick.positions
        slots = positions["vehicle_no"].astype(np.intp)
        lat = positions["lat_e7"] * 1e-7
        lng = positions["lng_e7"] * 1e-7
        measured_ms = positions["measured_ms"].astype(np.int64)
        if self._rules.follow(tick):
            self._calm.clear()
        is_still = self._is_still_there(tick, slots, lat, lng, measured_ms)
        is_quiet = measured_ms < self.transitions.quiet_until_ms[slots]
        passes = np.flatnonzero(is_still & is_quiet)
        self.transitions.pass_by(slots[passes], lat[passes], lng[passes], measured_ms[passes])
        ripe = np.flatnonzero(is_still & ~is_quiet)
        ripened = self.transitions.ripen(_batch(positions, ripe, lat, lng))
        rows = np.flatnonzero(~is_still)
        found = self._look_up(tick, rows, _batch(positions, rows, lat, lng))
        tick.fence_events = joined(
            found._replace(row=rows[found.row]), ripened._replace(row=ripe[ripened.row])
        )
        tick.rules = self._rules.at(tick.heard)

    def _is_still_there(
        self, tick: Tick, slots: NDArray[np.intp], lat: Floats, lng: Floats, measured_ms: Longs
    ) -> NDArray[np.bool_]:
        """Say which points need no look-up, bool[n]; of a vehicle that comes twice either all or none.

        Of one that comes twice none for which time alone can say something.
        """
        is_quiet = measured_ms < self.transitions.quiet_until_ms[slots]
        is_still = is_quiet & self._calm.holds(slots, lat, lng)
        come_twice = len(tick.last) < len(slots)
        if come_twice:
            is_still &= ~np.isin(slots, slots[~is_still])
        rows = np.flatnonzero(~is_still)
        rows = rows[self.transitions.is_settled(slots[rows])]
        if come_twice:
            rows = rows[_come_once(slots)[rows]]
        rows = rows[self._calm.knows(slots[rows], lat[rows], lng[rows])]
        past, room_deg = self.transitions.came_past_none(slots[rows], lat[rows], lng[rows], measured_ms[rows])
        rows = rows[past]
        self._calm.move(tick.index.clearance, slots[rows], lat[rows], lng[rows], room_deg[past])
        is_still[rows] = True
        return is_still

    def _look_up(self, tick: Tick, rows: NDArray[np.intp], here: Batch) -> FenceEvents:
        """Judge positions by the fences around them, and note the rule there; events by row of ``here``."""
        index = tick.index
        tick.looked_up = rows
        tick.cells = index.cells(here.lat, here.lng)
        offsets, numbers = index.match(here.lat, here.lng, tick.cells)
        keys = keys_of(offsets, numbers)
        found = self.transitions.step(
            *here,
            membership=(offsets, numbers),
            keys=keys,
            concern=concern_of(tick.roster, index.rules),
        )
        slots = here.slots.astype(np.intp)
        self._calm.draw(index.clearance, slots, here.lat, here.lng)
        last = tick.last_looked_up
        self._rules.judge(tick, slots[last], keys[last], *rows_of(offsets, numbers, last))
        return found

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        self.transitions.reserve(size)
        self._rules.reserve(size)
        self._calm.reserve(size)

    def recall(self, state: Records) -> None:
        """Note where vehicles were; membership comes back through ``restore``."""
        self._recalled = state

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self.transitions.forget(numbers.astype(np.int32))
        self._rules.forget(numbers)
        self._calm.forget(numbers.astype(np.intp))

    def export(self, numbers: Numbers) -> TransitionState:
        """Return the membership of these vehicles, to be kept with their partition's blob."""
        return self.transitions.export(numbers.astype(np.int32))

    def export_each(self, groups: Sequence[Numbers]) -> list[TransitionState]:
        """Return what ``export`` returns of each group."""
        return self.transitions.export_each([numbers.astype(np.int32) for numbers in groups])

    def restore(self, state: TransitionState) -> None:
        """Take over membership that was kept with the blob recalled before."""
        self.transitions.restore(state)
        was = self._recalled
        self.transitions.place(
            was["vehicle_no"].astype(np.int32),
            was["lat_e7"] * 1e-7,
            was["lng_e7"] * 1e-7,
            was["measured_ms"].astype(np.int64),
        )
        self._calm.clear()


def _batch(positions: Records, rows: NDArray[np.intp], lat: Floats, lng: Floats) -> Batch:
    """Return some rows of a tick's positions, whose degrees are ``lat`` and ``lng``, to be judged."""
    here = positions[rows]
    accuracy = here["accuracy_dm"]
    return Batch(
        slots=here["vehicle_no"].astype(np.int32),
        lat=lat[rows],
        lng=lng[rows],
        accuracy_m=np.where(accuracy == _UNKNOWN_ACCURACY, np.nan, accuracy / 10),
        measured_ms=here["measured_ms"].astype(np.int64),
        seq=here["seq"].astype(np.int64),
    )


def _come_once(slots: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say for each row whether its slot has no other, bool[n]."""
    _, place, count = np.unique(slots, return_inverse=True, return_counts=True)
    once: NDArray[np.bool_] = count[place] == 1
    return once
