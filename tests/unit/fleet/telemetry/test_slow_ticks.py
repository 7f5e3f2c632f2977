"""Why a tick was long, said of each."""

from datetime import UTC, datetime

import pytest

from core import metrics
from core.clock import Clock
from fleet.telemetry.slow_ticks import SlowCause, SlowTicks, TickPhase

T0 = datetime(2026, 7, 1, tzinfo=UTC)


class ByHand(Clock):
    """Wall and CPU time that stand still until they are moved."""

    def __init__(self) -> None:
        self.wall_time_s = self.cpu_time_s = 0.0
        super().__init__(T0, T0, monotonic=lambda: self.wall_time_s)

    def thread_cpu_s(self) -> float:
        return self.cpu_time_s

    def spend(self, wall_s: float, cpu_s: float | None = None) -> None:
        self.wall_time_s += wall_s
        self.cpu_time_s += wall_s if cpu_s is None else cpu_s


class Scene:
    """One tick, told phase by phase."""

    def __init__(self) -> None:
        self.clock = ByHand()
        self.slow = SlowTicks(self.clock, 0.08)

    def tick(
        self, *, judge: tuple[float, float] = (0.01, 0.01), publish: float = 0.001, blobs: float = 0.0,
        facts: int = 0, is_writing: bool = False, has_more: bool = False,
    ) -> SlowCause | None:  # fmt: skip
        began_s = self.clock.monotonic_s()
        self.slow.begin()
        self.clock.spend(*judge)
        self.slow.done(TickPhase.JUDGE)
        self.slow.judged(positions=1_000, facts=facts)
        self.slow.done(TickPhase.FACTS)
        self.clock.spend(publish, 0.0)
        self.slow.done(TickPhase.PUBLISH, is_writing=is_writing)
        self.clock.spend(blobs, 0.0)
        self.slow.done(TickPhase.BLOBS, is_writing=is_writing)
        return self.slow.end(self.clock.monotonic_s() - began_s, has_more=has_more)


def counted(cause: SlowCause) -> float:
    found = metrics.REGISTRY.get_sample_value("steppe_tracker_slow_ticks_total", {"cause": cause.value})
    return found or 0.0


def test_a_tick_within_its_budget_has_no_cause() -> None:
    assert Scene().tick(judge=(0.06, 0.06), publish=0.01) is None


@pytest.mark.parametrize(
    ("tick", "cause"),
    [
        ({"judge": (0.1, 0.1)}, SlowCause.JUDGE),
        ({"judge": (0.1, 0.04)}, SlowCause.WAITED_CPU),
        ({"judge": (0.1, 0.1), "has_more": True}, SlowCause.BACKLOG),
        ({"judge": (0.1, 0.1), "facts": 200}, SlowCause.STORM),
        ({"judge": (0.1, 0.1), "facts": 199}, SlowCause.JUDGE),
        ({"publish": 0.1}, SlowCause.PUBLISH),
        ({"publish": 0.1, "is_writing": True}, SlowCause.SQL),
        ({"blobs": 0.1}, SlowCause.BLOBS),
        ({"blobs": 0.1, "is_writing": True}, SlowCause.SQL),
    ],
    ids=str,
)
def test_a_long_tick_is_counted_under_what_took_longest(tick: dict[str, object], cause: SlowCause) -> None:
    before = counted(cause)
    assert Scene().tick(**tick) is cause  # type: ignore[arg-type]
    assert counted(cause) == before + 1


def test_a_collection_that_takes_half_of_a_tick_is_its_cause() -> None:
    scene = Scene()
    scene.slow.begin()
    with scene.slow:
        scene.slow._collector("start", {})
        scene.clock.spend(0.06)
        scene.slow._collector("stop", {})
    scene.clock.spend(0.04)
    scene.slow.done(TickPhase.JUDGE)
    assert scene.slow.end(0.1, has_more=False) is SlowCause.COLLECTOR


def test_what_a_tick_before_took_is_not_held_against_the_next() -> None:
    scene = Scene()
    assert scene.tick(blobs=0.5) is SlowCause.BLOBS
    assert scene.tick(judge=(0.1, 0.1)) is SlowCause.JUDGE
