"""What one tick of the tracker carries through the steps, and what a step is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmSignal
from fleet.telemetry.found_events import FoundEvents
from fleet.telemetry.records import STATE, STREAM_POSITION, STREAM_STATUS, Records
from fleet.telemetry.roster import Roster, longer
from geofences.events import FenceEvents
from geofences.index import FenceIndex
from geofences.rules import Judgement

type Numbers = NDArray[Any]


class Comeback(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle that was silent alone for a while and was heard again: what radio holes are learned from."""

    vehicle_no: VehicleNo
    cell: int
    """H3 cell (res 9) in which it was last heard before."""
    silent_s: float
    back_at: datetime


class LiveState:
    """Last state of every vehicle: STATE by vehicle_no and the columns that are derived from it."""

    def __init__(self, size: int) -> None:
        self.state: Records = np.zeros(size, STATE)
        self.room = np.zeros(size, np.uint64)
        """H3 cell (res 5) whose room the vehicle was last shown in; 0 none."""
        self.left_room = np.zeros(size, np.uint64)
        """Cell that it has just left; 0 none."""
        self.changed = np.zeros(size, np.bool_)
        """Vehicles whose live record changed since the rooms were last told."""

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self.state):
            self.state = longer(self.state, size)
            self.room = longer(self.room, size)
            self.left_room = longer(self.left_room, size)
            self.changed = longer(self.changed, size)

    def __len__(self) -> int:
        return int((self.state["vehicle_no"] != 0).sum())


class Tick(msgspec.Struct, kw_only=True):
    """A batch on its way through the steps; each step reads what earlier ones left and leaves its own."""

    number: int
    now_ms: int
    """City time of the tick."""
    now: datetime
    roster: Roster
    live: LiveState
    index: FenceIndex
    positions: Records
    """STREAM_POSITION[n]: believed ones, in their order."""
    received_ms: NDArray[np.int64]
    """int64[n]"""
    last: NDArray[np.intp]
    """Rows of ``positions`` that are their vehicle's last; m different vehicles, ascending."""
    heard: NDArray[np.intp]
    """intp[m]: the numbers of those vehicles."""
    newest: Records
    """STREAM_POSITION[m]: ``positions[last]``."""
    status: Records = msgspec.field(default_factory=lambda: np.zeros(0, STREAM_STATUS))
    """STREAM_STATUS[k], in their order."""
    late: Records = msgspec.field(default_factory=lambda: np.zeros(0, STREAM_POSITION))
    """STREAM_POSITION[k]: what came after its vehicle's newest and fills a gap: judged at its own time."""
    returned: NDArray[np.intp] = msgspec.field(default_factory=lambda: np.zeros(0, np.intp))
    """Numbers of vehicles that came back from a gap in their sequence."""
    is_silence_due: bool = False
    """Whether silence is judged in this tick (about once a wall second)."""
    looked_up: NDArray[np.intp] = msgspec.field(default_factory=lambda: np.zeros(0, np.intp))
    """Rows of ``positions`` whose fences were looked up, ascending; the others are calm (fences)."""
    cells: NDArray[np.uint64] = msgspec.field(default_factory=lambda: np.zeros(0, np.uint64))
    """uint64[looked_up]: their H3 cells at the index's resolution (fences)."""
    fence_events: FenceEvents | None = None
    rules: Judgement | None = None
    """The effective rule at each ``last`` position (fences)."""
    went_silent: Numbers = msgspec.field(default_factory=lambda: np.zeros(0, np.int64))
    """Vehicles whose connection changed without a frame (liveness)."""
    signals: list[AlarmSignal] = msgspec.field(default_factory=list)
    """Causes that came and went (alarms)."""
    comebacks: list[Comeback] = msgspec.field(default_factory=list)
    """Who was heard again after a silence of its own (liveness)."""
    events: FoundEvents = FoundEvents()
    """Crossings (events)."""
    rooms: list[tuple[str, bytes]] = msgspec.field(default_factory=list)
    """(channel, message) to publish (rooms)."""

    @property
    def last_looked_up(self) -> NDArray[np.intp]:
        """Places in ``looked_up`` of rows that are their vehicle's last, ascending."""
        is_last = np.zeros(len(self.positions), np.bool_)
        is_last[self.last] = True
        return np.flatnonzero(is_last[self.looked_up])


class TelemetryStep(Protocol):
    """One step. Synchronous and pure but for its own memory: no store, no clock, no waiting."""

    def apply(self, tick: Tick) -> None:
        """Read the tick, change its own columns, leave results in the tick."""
        ...

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        ...

    def recall(self, state: Records) -> None:
        """Take over vehicles from their recovered STATE[n]."""
        ...

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        ...


type Steps = Sequence[TelemetryStep]
