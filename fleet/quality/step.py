"""The tracker's step that counts believed positions and looks at accuracy and clocks."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import UNKNOWN_U8
from fleet.telemetry.records import Records
from fleet.telemetry.roster import longer
from fleet.telemetry.tick import Numbers, Tick

INACCURATE_DM: Final = 100
"""10 m at 95 %: worse than that a lane or a crossing cannot be told from the next."""
AHEAD_WALL_MS, BEHIND_WALL_MS = 1_000, 5_000
"""A clock is off when a position is from the future, or older than a healthy network makes it."""


class QualityStep:
    """Counts believed positions of every vehicle, and looks at accuracy and clock about once a second."""

    def __init__(self, *, rate: float = 1.0) -> None:
        self._ahead_ms = round(AHEAD_WALL_MS * rate)
        self._behind_ms = round(BEHIND_WALL_MS * rate)
        self._seq: NDArray[np.uint32] = np.zeros(1024, np.uint32)
        """Newest sequence at the last harvest; 0: none yet."""
        self._columns = {
            name: np.zeros(1024, np.uint32) for name in ("believed", "sampled", "inaccurate", "skewed")
        }

    def apply(self, tick: Tick) -> None:
        """Count a tick: one array operation over the vehicles heard, four when it is time to look."""
        heard = tick.heard
        if not len(heard):
            return
        if len(heard) == len(tick.positions):
            self._columns["believed"][heard] += 1
        else:
            np.add.at(self._columns["believed"], tick.positions["vehicle_no"], 1)
        if tick.is_silence_due:
            self._look(tick, heard)

    def _look(self, tick: Tick, heard: NDArray[np.intp]) -> None:
        accuracy = tick.newest["accuracy_dm"]
        behind_ms = tick.received_ms[tick.last] - tick.newest["measured_ms"]
        self._columns["sampled"][heard] += 1
        self._columns["inaccurate"][heard] += (accuracy > INACCURATE_DM) & (accuracy != UNKNOWN_U8)
        self._columns["skewed"][heard] += (behind_ms < -self._ahead_ms) | (behind_ms > self._behind_ms)

    def harvest(self, state: Records) -> dict[str, NDArray[Any]]:
        """Return the columns since the last call; ``missing`` still holds all numbers that were used up."""
        size = min(len(state), len(self._seq))
        seq = state["seq"][:size]
        before = self._seq[:size]
        advanced = np.where((before != 0) & (seq > before), seq - before, 0)
        self._seq[:size] = seq
        found: dict[str, NDArray[Any]] = {**self._columns, "missing": advanced}
        self._columns = {name: np.zeros_like(column) for name, column in self._columns.items()}
        return found

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._seq):
            self._seq = longer(self._seq, size)
            self._columns = {name: longer(column, size) for name, column in self._columns.items()}

    def recall(self, state: Records) -> None:
        """Begin where a recovered vehicle was."""
        self._seq[state["vehicle_no"]] = state["seq"]

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self._seq[numbers] = 0
        for column in self._columns.values():
            column[numbers] = 0
