"""The reporters of the two processes that refuse: what each counts, and where its samples come from."""

from core.clock import Clock
from core.redis import Redis
from fleet.links.gateway import Gateway
from fleet.links.judge import Outcome, Pending
from fleet.links.sender import Sender
from fleet.links.wire.frame import FrameError
from fleet.quality.counting import Harvest
from fleet.quality.reporter import COUNTS_EVERY_S, QualityReporter
from fleet.quality.samples import RefusedSamples
from fleet.quality.tallies import Minute


def gateway_reporter(
    gateway: Gateway, plain: Redis, clock: Clock, *, every_s: float = COUNTS_EVERY_S
) -> QualityReporter:
    """Return the reporter of a gateway, and hang it on what the gateway refuses."""
    samples = RefusedSamples()
    harvest = Harvest(lambda: gateway.roster, lambda: gateway.rejects, by_senders=True)

    def refused(pending: Pending, outcome: Outcome, now_ms: int) -> None:
        samples.records(pending, outcome, gateway.roster, now_ms=now_ms)

    def unreadable(sender: Sender, data: bytes, error: FrameError) -> None:
        samples.frame(sender, data, error.code, error.detail, now_ms=clock.now_ms())

    def count(at_ms: int) -> Minute:
        return harvest.minute(at_ms, against=samples.drain_against())

    gateway.intake.on_refused = refused
    gateway.frames.on_refused = unreadable
    return QualityReporter(plain, clock, samples, count, every_s=every_s)
