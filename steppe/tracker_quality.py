"""The reporter of a tracker: what it believed and refused, gaps, accuracy and clocks."""

from core.clock import Clock
from core.redis import Redis
from fleet.quality.counting import Harvest
from fleet.quality.reporter import COUNTS_EVERY_S, QualityReporter
from fleet.quality.samples import RefusedSamples
from fleet.quality.step import QualityStep
from fleet.quality.tallies import Minute
from fleet.telemetry.tracker import Tracker


def tracker_reporter(
    tracker: Tracker, step: QualityStep, plain: Redis, clock: Clock, *, every_s: float = COUNTS_EVERY_S
) -> QualityReporter:
    """Return the reporter of a tracker that was given the step."""
    samples = RefusedSamples()
    harvest = Harvest(lambda: tracker.pipeline.roster, lambda: tracker.pipeline.counts)

    def look() -> None:
        samples.seen(tracker.pipeline.counts.seen(), tracker.pipeline.roster)

    def count(at_ms: int) -> Minute:
        return harvest.minute(at_ms, columns=step.harvest(tracker.pipeline.live.state))

    return QualityReporter(plain, clock, samples, count, look=look, every_s=every_s)
