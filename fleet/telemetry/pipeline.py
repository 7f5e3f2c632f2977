"""The tracker's thinking, without stores and clocks: entries of the stream in, results of a tick out."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import ms_of_moment
from fleet.telemetry.guard import Bounds, Guard, GuardLimits
from fleet.telemetry.late_order import LateOrder
from fleet.telemetry.numbering import Numbering
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry, Records, joined
from fleet.telemetry.rejects import RejectCounts
from fleet.telemetry.roster import Roster
from fleet.telemetry.sequence_gaps import RANGE
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.steps.alarms import AlarmStep
from fleet.telemetry.steps.events import EventStep
from fleet.telemetry.steps.fences import FenceStep
from fleet.telemetry.steps.liveness import LivenessStep
from fleet.telemetry.steps.rooms import RoomStep
from fleet.telemetry.steps.state import StateStep
from fleet.telemetry.tick import LiveState, Numbers, Steps, TelemetryStep, Tick
from fleet.telemetry.unsettled import GAPS_MOST, Unsettled
from geofences.events import TransitionState
from geofences.fences import Fence, FenceKind
from geofences.index import FenceIndex

AREA_MARGIN_DEG = 0.5
"""About 50 km around the districts: a vehicle on a truck to the neighbour city is still somewhere."""


class Pipeline:
    """Guard, then the steps in their order. Single-threaded; owns every column by vehicle_no."""

    def __init__(
        self,
        roster: Roster,
        *,
        rate: float = 1.0,
        limits: GuardLimits | None = None,
        alarm_limits: AlarmLimits | None = None,
        more_steps: Sequence[TelemetryStep] = (),
    ) -> None:
        """Take the roster, city seconds a wall second, and steps of upper packages (before the rooms)."""
        index = FenceIndex.build(())
        self.roster = roster
        self.counts = RejectCounts()
        self.guard = Guard(roster, self.counts, limits or GuardLimits(), rate=rate)
        self.late_order = LateOrder(self.guard.gaps, rate=rate, late_ms=self.guard.late_ms)
        self.live = LiveState(roster.size)
        self.fences = FenceStep(index, roster.size)
        self.liveness = LivenessStep(roster.size, rate=rate)
        self.alarms = AlarmStep(roster.size, self.liveness, alarm_limits)
        self.steps: Steps = (
            self.fences,
            self.liveness,
            self.alarms,
            StateStep(self.liveness, self.alarms),
            EventStep(),
            *more_steps,
            RoomStep(),
        )
        self.index = index
        self.ticks = 0
        self.believed = 0
        self._size = roster.size
        self._numbering = Numbering(roster.size)

    def __repr__(self) -> str:
        return f"Pipeline({len(self.live)} vehicles heard, {self.ticks} ticks, {self.index!r})"

    def swap(self, index: FenceIndex) -> None:
        """Judge by another index from the next tick on."""
        if index is not self.index:
            self.index = index
            self.guard.bounds = bounds_of(index.fences)
            self.fences.swap(index)

    def process(self, entries: Sequence[Entry], *, at: datetime, is_silence_due: bool = False) -> Tick:
        """Take stream entries in their order at a city moment and return what follows from them."""
        self._reserve()
        now_ms = ms_of_moment(at)
        positions, received_ms = _joined(entries)
        believed = self.guard.judge(positions, received_ms, now_ms)
        late = self.late_order.take(positions[self.guard.late], now_ms, is_due=is_silence_due)
        if not believed.all():
            positions, received_ms = positions[believed], received_ms[believed]
        self.ticks += 1
        self.believed += len(positions)
        last, heard = self._numbering.last_of_each(positions["vehicle_no"].astype(np.intp))
        tick = Tick(
            number=self.ticks,
            now_ms=now_ms,
            now=at,
            roster=self.roster,
            live=self.live,
            index=self.index,
            positions=positions,
            received_ms=received_ms,
            last=last,
            heard=heard,
            newest=positions[last],
            status=joined((entry.status for entry in entries), STREAM_STATUS),
            late=late,
            returned=self.guard.returned,
            is_silence_due=is_silence_due,
        )
        for step in self.steps:
            step.apply(tick)
        return tick

    def unsettled(self, partition: int, partitions: int) -> Unsettled | None:
        """Return what a partition's next owner needs beside STATE[n] and membership; None for nothing."""
        numbers = np.arange(partition, self._size, partitions)
        gaps = self.guard.gaps.export(numbers, GAPS_MOST)
        late = self.late_order.export(partition, partitions)
        filling = np.union1d(gaps["vehicle_no"], late["vehicle_no"])
        found = self.alarms.export(numbers, filling, lambda number: number % partitions == partition)
        found = msgspec.structs.replace(found, gaps=gaps.tobytes(), late=late.tobytes())
        return None if found == Unsettled() else found

    def recall(
        self, state: Records, membership: TransitionState | None, unsettled: Unsettled | None = None
    ) -> None:
        """Take over vehicles: their STATE[n], what fences they were in, and what was not settled."""
        self._reserve()
        known = state[(state["vehicle_no"] != 0) & (state["vehicle_no"] < self._size)]
        self.live.state[known["vehicle_no"]] = known
        self.live.changed[known["vehicle_no"]] = True
        self.guard.recall(known)
        for step in self.steps:
            step.recall(known)
        if membership is not None:
            self.fences.restore(membership)
        if unsettled is not None:
            self.guard.gaps.restore(np.frombuffer(unsettled.gaps, RANGE))
            self.late_order.restore(np.frombuffer(unsettled.late, STREAM_POSITION))
            self.alarms.restore(unsettled.below(self._size))

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles whose partition another tracker owns now."""
        self.guard.forget(numbers)
        self.late_order.forget(numbers)
        for step in self.steps:
            step.forget(numbers)
        self.live.state[numbers] = np.zeros((), self.live.state.dtype)
        self.live.changed[numbers] = False

    def _reserve(self) -> None:
        if self.roster.size == self._size:
            return
        self._size = self.roster.size
        self.guard.reserve(self._size)
        self.live.reserve(self._size)
        self._numbering.reserve(self._size)
        for step in self.steps:
            step.reserve(self._size)


def _joined(entries: Sequence[Entry]) -> tuple[Records, NDArray[np.int64]]:
    positions = joined((entry.positions for entry in entries), STREAM_POSITION)
    counts = [len(entry.positions) for entry in entries]
    return positions, np.repeat(np.array([entry.received_ms for entry in entries], np.int64), counts)


def bounds_of(fences: Iterable[Fence]) -> Bounds | None:
    """Return the box around the districts with a margin; None without districts."""
    rings = [
        np.array(polygon[0]) for fence in fences if fence.kind is FenceKind.DISTRICT for polygon in fence.area
    ]
    if not rings:
        return None
    corners = np.concatenate(rings)
    west, south = corners.min(axis=0) - AREA_MARGIN_DEG
    east, north = corners.max(axis=0) + AREA_MARGIN_DEG
    return Bounds(float(west), float(south), float(east), float(north))
