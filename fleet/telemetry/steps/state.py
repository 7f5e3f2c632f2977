"""The last state of every vehicle: what blobs, rooms and the api read."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.numbering import last_of_each
from fleet.telemetry.records import STREAM_POSITION, Records
from fleet.telemetry.steps.alarms import AlarmStep
from fleet.telemetry.steps.liveness import HIBERNATING, OFFLINE, LivenessStep
from fleet.telemetry.steps.memoryless import Memoryless
from fleet.telemetry.tick import Numbers, Tick

COND_OFFLINE, COND_IDLE, COND_DRIVING, COND_CHARGING, COND_ALARM = range(5)
"""Condition by its number in the live feed (fleet.vehicles.kinds.Condition)."""
DRIVING_CM_S: Final = 30
"""Satellite speed of a parked vehicle trembles below this."""
_FROM_POSITION: Final = tuple(name for name in STREAM_POSITION.names or () if name != "pad")
_FROM_STATUS: Final = (
    "fence_set_version",
    "software_version",
    "stop_epoch",
    "battery_dc",
    "outside_dc",
    "range_10m",
    "perception",
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
            if len(new):
                for name in ("battery_dc", "outside_dc"):
                    state[name][new] = _UNKNOWN_DC
            for name in _FROM_POSITION:
                state[name][heard] = tick.newest[name]
            state["received_ms"][heard] = tick.received_ms[tick.last]
        self._take_status(tick)
        changed = tick.live.changed
        changed[heard] = True
        changed[tick.went_silent] = True
        touched = np.flatnonzero(changed)
        if len(touched):
            connection, alarms = self._liveness.connection[touched], self._alarms.bits(touched)
            state["connection"][touched] = connection
            state["silence"][touched] = self._liveness.why[touched]
            state["alarms"][touched] = alarms
            state["condition"][touched] = condition_of(
                alarms, connection, state["speed_cm_s"][touched], state["mode_flags"][touched]
            )

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


def condition_of(
    alarms: NDArray[np.uint32],
    connection: NDArray[np.uint8],
    speed_cm_s: NDArray[np.uint16],
    mode_flags: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the one thing a map shows of n vehicles: alarm, offline, charging, driving or idle."""
    condition = np.where(speed_cm_s >= DRIVING_CM_S, np.uint8(COND_DRIVING), np.uint8(COND_IDLE))
    condition[(mode_flags & PositionFlag.CHARGING) != 0] = COND_CHARGING
    condition[(connection == OFFLINE) | (connection == HIBERNATING)] = COND_OFFLINE
    condition[alarms != 0] = COND_ALARM
    return condition


def heard_numbers(state: Records) -> Numbers:
    """Return the numbers of vehicles that were ever heard, ascending."""
    numbers: Numbers = np.flatnonzero(state["vehicle_no"])
    return numbers
