"""Which fences hold each position, what was crossed, and the rule that follows."""

import numpy as np

from core.ids import OperatorId
from fleet.telemetry.records import Records
from fleet.telemetry.tick import Numbers, Tick
from geofences.events import TransitionState
from geofences.index import FenceIndex
from geofences.rules import SERVICE_CODES
from geofences.transitions import Transitions

_UNKNOWN_ACCURACY = 255


class FenceStep:
    """Owns the transitions; the pipeline swaps their index between two ticks."""

    def __init__(self, index: FenceIndex, size: int) -> None:
        self.transitions = Transitions(index, size)

    def apply(self, tick: Tick) -> None:
        """Leave ``cells``, ``fence_events`` and ``rules``."""
        positions = tick.positions
        lat = positions["lat_e7"] * 1e-7
        lng = positions["lng_e7"] * 1e-7
        tick.cells = tick.index.cells(lat, lng)
        offsets, numbers = tick.index.match(lat, lng, tick.cells)
        accuracy = positions["accuracy_dm"]
        tick.fence_events = self.transitions.step(
            positions["vehicle_no"].astype(np.int32),
            lat,
            lng,
            np.where(accuracy == _UNKNOWN_ACCURACY, np.nan, accuracy / 10),
            positions["measured_ms"].astype(np.int64),
            positions["seq"].astype(np.int64),
            membership=(offsets, numbers),
        )
        heard = tick.heard
        if len(heard) != len(positions):
            count = np.diff(offsets)[tick.last]
            starts = offsets[tick.last]
            row = np.repeat(np.arange(len(heard)), count)
            within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            numbers = numbers[starts[row] + within]
            offsets = np.concatenate(([0], np.cumsum(count)))
        rules = tick.index.rules
        services = np.array([SERVICE_CODES[service] for service in tick.roster.services])
        names = tick.roster.operators.all()
        operators = np.array([rules.operator_code(OperatorId(name)) for name in names])
        tick.rules = rules.judge(
            offsets,
            numbers,
            tick.now,
            services[tick.roster.service[heard]],
            operators[tick.roster.operator[heard]],
        )

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        self.transitions.reserve(size)

    def recall(self, state: Records) -> None:
        """Do nothing: membership comes back through ``restore``."""

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self.transitions.forget(numbers.astype(np.int32))

    def export(self, numbers: Numbers) -> TransitionState:
        """Return the membership of these vehicles, to be kept with their partition's blob."""
        return self.transitions.export(numbers.astype(np.int32))

    def restore(self, state: TransitionState) -> None:
        """Take over membership that was kept with a blob."""
        self.transitions.restore(state)
