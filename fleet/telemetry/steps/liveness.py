"""Who is online: moved by frames at once and by silence about once a second. All times are city time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.ids import VehicleNo
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.records import Records
from fleet.telemetry.roster import longer
from fleet.telemetry.tick import Comeback, Numbers, Tick
from fleet.vehicles.kinds import Connection
from geofences.cover import cells_of

ONLINE, STALE, OFFLINE, HIBERNATING = range(4)
CONNECTIONS: Final = (Connection.ONLINE, Connection.STALE, Connection.OFFLINE, Connection.HIBERNATING)
"""Connection by its number in the state record."""
_NONE, _, _SILENT, _HIBERNATES, RADIO_HOLE, MAKER_DOWN, AREA_DOWN, NOT_JUDGED = range(8)
"""Reason of silence by its number in the state record (fleet.vehicles.kinds.SilenceReason)."""
GROUPED_REASONS: Final = (MAKER_DOWN, AREA_DOWN)
STALE_INTERVALS, OFFLINE_INTERVALS = 3, 6
STALE_FLOOR_S, OFFLINE_FLOOR_S = 10.0, 60.0
"""domain.md: stale above 3 × the report interval (10 s at 1 Hz), offline above 6 × and at least 60 s."""
STALE_WALL_S, OFFLINE_WALL_S = 3.0, 6.0
"""At 60 city seconds a wall second 200 ms of a healthy network are 12 s: the least on the wall."""


LEARNED_FROM_MS: Final = 30_000
"""A silence as short as a lost packet or a busy base station tells nothing of a place."""
HOLE_RESOLUTION: Final = 9
"""H3 cells of 175 m edge: one street crossing, one underpass."""


def last_cells(tick: Tick, numbers: Numbers) -> NDArray[np.uint64]:
    """Return the H3 cell in which each vehicle was last heard before this tick, uint64[n]."""
    place = tick.live.state[numbers]
    return cells_of(place["lat_e7"] * 1e-7, place["lng_e7"] * 1e-7, HOLE_RESOLUTION)


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
        self.rate = rate
        self.connection = np.full(size, OFFLINE, np.uint8)
        self.why = np.zeros(size, np.uint8)
        """Why each vehicle is silent, by number; 0 while it is heard."""
        self.heard_ms = np.zeros(size, np.int64)
        self.listening_since_ms = 0
        """City time since which the stream has been read without a gap."""

    def apply(self, tick: Tick) -> None:
        """Leave ``went_silent``; ``connection`` holds for everybody afterwards."""
        heard = tick.heard
        if len(heard):
            received_ms = tick.received_ms[tick.last]
            self._come_back(tick, received_ms)
            self.heard_ms[heard] = received_ms
            hibernates = (tick.positions["mode_flags"][tick.last] & PositionFlag.HIBERNATING) != 0
            self.connection[heard] = np.where(hibernates, HIBERNATING, ONLINE)
            self.why[heard] = np.where(hibernates, _HIBERNATES, _NONE)
        if tick.is_silence_due:
            tick.went_silent = self._silent(tick)

    def _come_back(self, tick: Tick, received_ms: NDArray[np.int64]) -> None:
        """Say who is back from where, so that radio holes are learned.

        A silence that many shared, that was announced, or in which we were deaf ourselves tells nothing.
        """
        before = self.connection[tick.heard]
        rows = np.flatnonzero((before == STALE) | (before == OFFLINE))
        if not len(rows):
            return
        numbers, why = tick.heard[rows], self.why[tick.heard[rows]]
        silent_ms = received_ms[rows] - self.heard_ms[numbers]
        tells = (self.heard_ms[numbers] > self.listening_since_ms) & (silent_ms >= LEARNED_FROM_MS)
        tells &= ~np.isin(why, GROUPED_REASONS) & (tick.live.state["vehicle_no"][numbers] != 0)
        numbers, silent_ms = numbers[tells], silent_ms[tells]
        cells = last_cells(tick, numbers)
        for number, cell, ms in zip(numbers.tolist(), cells.tolist(), silent_ms.tolist(), strict=True):
            tick.comebacks.append(
                Comeback(vehicle_no=VehicleNo(number), cell=cell, silent_s=ms / 1000, back_at=tick.now)
            )

    def _silent(self, tick: Tick) -> Numbers:
        known = np.flatnonzero(self.heard_ms)
        stale_ms, offline_ms = silence_limits_ms(tick.roster.interval_ms[known], self.rate)
        silence = tick.now_ms - np.maximum(self.heard_ms[known], self.listening_since_ms)
        before = self.connection[known]
        after = np.where(silence > stale_ms, STALE, before)
        after = np.where(silence > offline_ms, OFFLINE, after)
        after = np.maximum(after, before)  # silence never improves a connection
        after[before == HIBERNATING] = HIBERNATING
        changed = after != before
        self.connection[known[changed]] = after[changed]
        unexplained = known[changed & (self.why[known] == _NONE)]
        self.why[unexplained] = _SILENT
        numbers: Numbers = known[changed]
        return numbers

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        before = len(self.connection)
        if size > before:
            self.connection = np.concatenate((self.connection, np.full(size - before, OFFLINE, np.uint8)))
            self.why = longer(self.why, size)
            self.heard_ms = np.concatenate((self.heard_ms, np.zeros(size - before, np.int64)))

    def recall(self, state: Records) -> None:
        """Take over vehicles from their recovered state."""
        self.connection[state["vehicle_no"]] = state["connection"]
        self.why[state["vehicle_no"]] = state["silence"]
        self.heard_ms[state["vehicle_no"]] = state["received_ms"]

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self.connection[numbers] = OFFLINE
        self.why[numbers] = 0
        self.heard_ms[numbers] = 0
