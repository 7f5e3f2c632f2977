"""The last state of every vehicle: what blobs, rooms and the api read."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.guard import last_of_each
from fleet.telemetry.records import Records
from fleet.telemetry.steps.alarms import AlarmStep
from fleet.telemetry.steps.liveness import HIBERNATING, OFFLINE, LivenessStep
from fleet.telemetry.steps.memoryless import Memoryless
from fleet.telemetry.tick import Numbers, Tick

COND_OFFLINE, COND_IDLE, COND_DRIVING, COND_CHARGING, COND_ALARM = range(5)
"""Condition by its number in the live feed (fleet.vehicles.kinds.Condition)."""
DRIVING_CM_S: Final = 30
"""Satellite speed of a parked vehicle trembles below this."""
_FROM_POSITION: Final = (
    "vehicle_no",
    "seq",
    "lat_e7",
    "lng_e7",
    "measured_ms",
    "speed_cm_s",
    "heading_256",
    "battery_200",
    "mode_flags",
    "accuracy_dm",
)
_FROM_STATUS: Final = (
    "fence_set_version",
    "software_version",
    "stop_epoch",
    "battery_dc",
    "outside_dc",
    "range_10m",
    "perception",
    "response",
)
_UNKNOWN_DC: Final = -32_768


class StateStep(Memoryless):
    """Writes the live state from what the steps before found."""

    def __init__(self, liveness: LivenessStep, alarms: AlarmStep) -> None:
        self._liveness = liveness
        self._alarms = alarms

    def apply(self, tick: Tick) -> None:
        """Change ``live.state`` and mark what rooms must be told."""
        state = tick.live.state
        heard = tick.heard
        if len(heard):
            new = heard[state["vehicle_no"][heard] == 0]
            for name in ("battery_dc", "outside_dc"):
                state[name][new] = _UNKNOWN_DC
            last = tick.positions[tick.last]
            for name in _FROM_POSITION:
                state[name][heard] = last[name]
            state["received_ms"][heard] = tick.received_ms[tick.last]
        self._take_status(tick)
        touched = np.union1d(heard, tick.went_silent).astype(np.int64)
        touched = np.union1d(touched, np.flatnonzero(tick.live.changed))
        if len(touched):
            state["connection"][touched] = self._liveness.connection[touched]
            state["alarms"][touched] = self._alarms.bits(touched)
            state["condition"][touched] = condition_of(state[touched])
            tick.live.changed[touched] = True

    @staticmethod
    def _take_status(tick: Tick) -> None:
        if not len(tick.status):
            return
        numbers = tick.status["status"]["vehicle_no"]
        known = np.flatnonzero(numbers < len(tick.live.state))
        rows = known[last_of_each(numbers[known])]
        those = numbers[rows]
        for name in _FROM_STATUS:
            tick.live.state[name][those] = tick.status["status"][name][rows]


def condition_of(state: Records) -> NDArray[np.uint8]:
    """Return the one thing a map shows of STATE[n]: alarm, offline, charging, driving or idle."""
    moves = state["speed_cm_s"] >= DRIVING_CM_S
    charges = (state["mode_flags"] & PositionFlag.CHARGING) != 0
    quiet = (state["connection"] == OFFLINE) | (state["connection"] == HIBERNATING)
    chosen = np.select(
        [state["alarms"] != 0, quiet, charges, moves],
        [COND_ALARM, COND_OFFLINE, COND_CHARGING, COND_DRIVING],
        COND_IDLE,
    )
    return chosen.astype(np.uint8)


def heard_numbers(state: Records) -> Numbers:
    """Return the numbers of vehicles that were ever heard, ascending."""
    numbers: Numbers = np.flatnonzero(state["vehicle_no"])
    return numbers
