"""Which fences hold each position, what was crossed, and the rule that follows."""

from collections.abc import Sequence

import numpy as np

from fleet.telemetry.records import STATE, Records
from fleet.telemetry.steps.concern import concern_of
from fleet.telemetry.steps.rule_memory import RuleMemory
from fleet.telemetry.tick import Numbers, Tick
from geofences.events import TransitionState
from geofences.index import FenceIndex
from geofences.memberships import keys_of, rows_of
from geofences.transitions import Transitions

_UNKNOWN_ACCURACY = 255


class FenceStep:
    """Owns the transitions; the pipeline swaps their index between two ticks."""

    def __init__(self, index: FenceIndex, size: int) -> None:
        self.transitions = Transitions(index, size)
        self._rules = RuleMemory(size)
        self._recalled: Records = np.zeros(0, STATE)

    def apply(self, tick: Tick) -> None:
        """Leave ``cells``, ``fence_events`` and ``rules``."""
        positions = tick.positions
        lat = positions["lat_e7"] * 1e-7
        lng = positions["lng_e7"] * 1e-7
        tick.cells = tick.index.cells(lat, lng)
        offsets, numbers = tick.index.match(lat, lng, tick.cells)
        keys = keys_of(offsets, numbers)
        accuracy = positions["accuracy_dm"]
        tick.fence_events = self.transitions.step(
            positions["vehicle_no"].astype(np.int32),
            lat,
            lng,
            np.where(accuracy == _UNKNOWN_ACCURACY, np.nan, accuracy / 10),
            positions["measured_ms"].astype(np.int64),
            positions["seq"].astype(np.int64),
            membership=(offsets, numbers),
            keys=keys,
            concern=concern_of(tick.roster, tick.index.rules),
        )
        offsets, numbers = rows_of(offsets, numbers, tick.last)
        tick.rules = self._rules.judge(tick, keys[tick.last], offsets, numbers)

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        self.transitions.reserve(size)
        self._rules.reserve(size)

    def recall(self, state: Records) -> None:
        """Note where vehicles were; membership comes back through ``restore``."""
        self._recalled = state

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self.transitions.forget(numbers.astype(np.int32))
        self._rules.forget(numbers)

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
