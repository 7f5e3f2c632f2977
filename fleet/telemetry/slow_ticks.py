"""Why a tick took longer than its budget: one named cause for each, counted, and the worst of them told."""

import gc
from enum import StrEnum
from typing import Final, Self

import structlog

from core import metrics
from core.clock import Clock

STORM_SHARE: Final = 0.05
"""Facts for each position above which a tick is part of a storm, as when a city begins or fences change."""
STORM_FACTS_LEAST: Final = 200
TOLD_EVERY_S: Final = 10.0

_log = structlog.get_logger("fleet.telemetry.slow_ticks")


class TickPhase(StrEnum):
    """What a tick does, in its order."""

    JUDGE = "judge"
    FACTS = "facts"
    PUBLISH = "publish"
    BLOBS = "blobs"


class SlowCause(StrEnum):
    """What made a tick long."""

    COLLECTOR = "collector"
    """The garbage collector walked through memory for half of it or more."""
    STORM = "storm"
    """Many facts at once: first sight of vehicles, or a new set of fences."""
    BACKLOG = "backlog"
    """More waited than is read at once: something else was slow, or more comes than is judged."""
    WAITED_CPU = "waited-cpu"
    """Half of the judging or more was spent without a processor: other threads and processes had it."""
    JUDGE = "judge"
    FACTS = "facts"
    PUBLISH = "publish"
    BLOBS = "blobs"
    SQL = "sql"
    """Publishing or blobs took longest while facts were being written beside them."""


class SlowTicks:
    """Times the phases of each tick. A context: within it the collector is listened to."""

    def __init__(self, clock: Clock, budget_s: float) -> None:
        """Take how long a tick may take, wall time."""
        self._clock = clock
        self._budget_s = budget_s
        self._told_s = float("-inf")
        self._collects_since_s = 0.0
        self._begin()

    def _begin(self) -> None:
        self._took: dict[TickPhase, float] = {}
        self._positions = self._facts = 0
        self._is_writing = False
        self._cpu_of_judging_s = self._collected_s = 0.0
        self._mark_s, self._mark_cpu_s = self._clock.monotonic_s(), self._clock.thread_cpu_s()

    def __enter__(self) -> Self:
        gc.callbacks.append(self._collector)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._collector)

    def _collector(self, phase: str, _info: dict[str, int]) -> None:
        now_s = self._clock.monotonic_s()
        if phase == "start":
            self._collects_since_s = now_s
        else:
            self._collected_s += now_s - self._collects_since_s

    def begin(self) -> None:
        """Begin a tick."""
        self._begin()

    def done(self, phase: TickPhase, *, is_writing: bool = False) -> None:
        """Note that a phase is over, and whether facts were being written beside it."""
        now_s, cpu_s = self._clock.monotonic_s(), self._clock.thread_cpu_s()
        self._took[phase] = now_s - self._mark_s
        if phase is TickPhase.JUDGE:
            self._cpu_of_judging_s = cpu_s - self._mark_cpu_s
        self._is_writing = self._is_writing or is_writing
        self._mark_s, self._mark_cpu_s = now_s, cpu_s

    def judged(self, *, positions: int, facts: int) -> None:
        """Note what the tick was about."""
        self._positions, self._facts = positions, facts

    def end(self, took_s: float, *, has_more: bool) -> SlowCause | None:
        """Return and count why the tick was over its budget; None when it was not."""
        if took_s <= self._budget_s:
            return None
        cause = self._cause(took_s, has_more=has_more)
        metrics.TRACKER_SLOW_TICKS.labels(cause=cause.value).inc()
        now_s = self._clock.monotonic_s()
        if now_s - self._told_s >= TOLD_EVERY_S:
            self._told_s = now_s
            _log.warning("slow_tick", cause=cause.value, **self._said(took_s))
        return cause

    def _cause(self, took_s: float, *, has_more: bool) -> SlowCause:
        if self._collected_s >= took_s / 2:
            return SlowCause.COLLECTOR
        if self._facts >= max(STORM_FACTS_LEAST, STORM_SHARE * self._positions):
            return SlowCause.STORM
        longest = max(self._took, key=self._took.__getitem__, default=TickPhase.JUDGE)
        if longest in (TickPhase.PUBLISH, TickPhase.BLOBS) and self._is_writing:
            return SlowCause.SQL
        judged_s = self._took.get(TickPhase.JUDGE, 0.0)
        if longest is TickPhase.JUDGE and self._cpu_of_judging_s <= judged_s / 2:
            return SlowCause.WAITED_CPU
        if longest is TickPhase.JUDGE and has_more:
            return SlowCause.BACKLOG
        return SlowCause(longest.value)

    def _said(self, took_s: float) -> dict[str, int]:
        phases = {f"{phase.value}_ms": round(took * 1000) for phase, took in self._took.items()}
        return {
            "took_ms": round(took_s * 1000),
            **phases,
            "judge_cpu_ms": round(self._cpu_of_judging_s * 1000),
            "collector_ms": round(self._collected_s * 1000),
            "positions": self._positions,
            "facts": self._facts,
        }
