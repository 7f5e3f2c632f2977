"""A cause that must last before it stands, and must be gone for a while before it does not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.roster import longer

type Mask = NDArray[np.bool_]


class Hysteresis:
    """One cause by vehicle_no. Time is an argument: milliseconds, city time."""

    def __init__(self, size: int, *, raise_after_s: float, clear_after_s: float) -> None:
        self._raise_ms = round(raise_after_s * 1000)
        self._clear_ms = round(clear_after_s * 1000)
        self.standing = np.zeros(size, np.bool_)
        self._since = np.zeros(size, np.int64)

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self.standing):
            self.standing = longer(self.standing, size)
            self._since = longer(self._since, size)

    def forget(self, numbers: NDArray[Any]) -> None:
        """Start anew with these vehicles: nothing stands, nothing is counted."""
        self.standing[numbers] = False
        self._since[numbers] = 0

    def step(
        self, numbers: NDArray[Any], ms: NDArray[np.int64], is_cause: Mask, is_gone: Mask
    ) -> tuple[Mask, Mask]:
        """Return (raised, cleared) for one observation each of different vehicles.

        Where neither holds, what was being counted starts anew. Both are edges: a standing cause is not
        raised again.
        """
        stood = self.standing[numbers]
        since = self._since[numbers]
        rows = np.flatnonzero(is_cause | stood | (since != 0))  # of the others nothing stands, begins or ends
        raised = np.zeros(len(numbers), np.bool_)
        cleared = np.zeros(len(numbers), np.bool_)
        if len(rows):
            numbers, ms, stood, since = numbers[rows], ms[rows], stood[rows], since[rows]
            turning = np.where(stood, is_gone[rows], is_cause[rows])
            since = np.where(since == 0, ms, since)
            done = turning & (ms - since >= np.where(stood, self._clear_ms, self._raise_ms))
            self._since[numbers] = np.where(turning & ~done, since, 0)
            self.standing[numbers] = stood ^ done
            raised[rows], cleared[rows] = done & ~stood, done & stood
        return raised, cleared
