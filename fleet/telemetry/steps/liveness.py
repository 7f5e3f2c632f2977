"""Who is online: moved by frames at once and by silence about once a second. All times are city time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.records import Records
from fleet.telemetry.tick import Numbers, Tick
from fleet.vehicles.kinds import Connection

ONLINE, STALE, OFFLINE, HIBERNATING = range(4)
CONNECTIONS: Final = (Connection.ONLINE, Connection.STALE, Connection.OFFLINE, Connection.HIBERNATING)
"""Connection by its number in the state record."""
STALE_INTERVALS, OFFLINE_INTERVALS = 3, 6
STALE_FLOOR_S, OFFLINE_FLOOR_S = 10.0, 60.0
"""domain.md: stale above 3 × the report interval (10 s at 1 Hz), offline above 6 × and at least 60 s."""
STALE_WALL_S, OFFLINE_WALL_S = 3.0, 6.0
"""At 60 city seconds a wall second 200 ms of a healthy network are 12 s: the least on the wall."""


def silence_limits_ms(
    interval_ms: NDArray[np.int64], rate: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (stale, offline) limits in city milliseconds for report intervals."""
    stale = np.maximum(STALE_INTERVALS * interval_ms, max(STALE_FLOOR_S, STALE_WALL_S * rate) * 1000)
    offline = np.maximum(OFFLINE_INTERVALS * interval_ms, max(OFFLINE_FLOOR_S, OFFLINE_WALL_S * rate) * 1000)
    return stale.astype(np.int64), offline.astype(np.int64)


class LivenessStep:
    """Connection of every vehicle. ``listening_since_ms`` keeps our own deafness from looking like theirs."""

    def __init__(self, size: int, *, rate: float) -> None:
        self._rate = rate
        self.connection = np.full(size, OFFLINE, np.uint8)
        self._heard_ms = np.zeros(size, np.int64)
        self.listening_since_ms = 0
        """City time since which the stream has been read without a gap."""

    def apply(self, tick: Tick) -> None:
        """Leave ``went_silent``; ``connection`` holds for everybody afterwards."""
        heard = tick.heard
        if len(heard):
            self._heard_ms[heard] = tick.received_ms[tick.last]
            hibernates = (tick.positions["mode_flags"][tick.last] & PositionFlag.HIBERNATING) != 0
            self.connection[heard] = np.where(hibernates, HIBERNATING, ONLINE)
        if tick.is_silence_due:
            tick.went_silent = self._silent(tick)

    def _silent(self, tick: Tick) -> Numbers:
        known = np.flatnonzero(self._heard_ms)
        stale_ms, offline_ms = silence_limits_ms(tick.roster.interval_ms[known], self._rate)
        silence = tick.now_ms - np.maximum(self._heard_ms[known], self.listening_since_ms)
        before = self.connection[known]
        after = np.where(silence > stale_ms, STALE, before)
        after = np.where(silence > offline_ms, OFFLINE, after)
        after = np.maximum(after, before)  # silence never improves a connection
        after[before == HIBERNATING] = HIBERNATING
        changed = after != before
        self.connection[known[changed]] = after[changed]
        numbers: Numbers = known[changed]
        return numbers

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        before = len(self.connection)
        if size > before:
            self.connection = np.concatenate((self.connection, np.full(size - before, OFFLINE, np.uint8)))
            self._heard_ms = np.concatenate((self._heard_ms, np.zeros(size - before, np.int64)))

    def recall(self, state: Records) -> None:
        """Take over vehicles from their recovered state."""
        self.connection[state["vehicle_no"]] = state["connection"]
        self._heard_ms[state["vehicle_no"]] = state["received_ms"]

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self.connection[numbers] = OFFLINE
        self._heard_ms[numbers] = 0
