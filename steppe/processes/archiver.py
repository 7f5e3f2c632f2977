"""The archiver process: telemetry streams to Parquet history."""

from zoneinfo import ZoneInfo

from core.health import HealthServer
from core.settings import HistorySettings
from core.supervision import Component
from fleet.days.keep_running import RunningDayKeeper
from fleet.evidence.bundle import EvidenceSigner
from fleet.evidence.late_evidence import LateEvidence
from fleet.evidence.read_window import HistoryWindow
from fleet.evidence.refused import RefusedSamplesOf
from fleet.evidence.seal_evidence import EvidenceSealer
from fleet.history.archiver import Archiver
from fleet.history.keeper import HistoryKeeper, KeeperOptions
from fleet.history.retention import Keeping
from fleet.incidents.rules import rules_of
from steppe.checks import store_checks
from steppe.resources import Resources, secret
from steppe.running import Components, holder_of, run_process


async def compose(resources: Resources) -> Components:
    """Return the components of an archiver."""
    settings = resources.settings
    archiver = Archiver(
        resources.database,
        resources.streams,
        resources.clock,
        settings.data_dir / "history",
        partitions=settings.tracker.partitions,
        flush_s=settings.archiver.flush_s,
        name=holder_of("archiver"),
    )
    keeper = HistoryKeeper(
        resources.database,
        resources.clock,
        settings.data_dir / "history",
        keeping_of(settings.history),
        name=holder_of("history-keeper"),
    )
    health = HealthServer(
        settings.archiver.health_host, settings.archiver.health_port, store_checks(resources)
    )
    return {
        "archiver": archiver,
        "keeper": keeper,
        "evidence": sealer_of(resources),
        "late-evidence": late_of(resources),
        "running-day": RunningDayKeeper(
            resources.database,
            resources.redis,
            resources.clock,
            settings.data_dir / "history",
            ZoneInfo(settings.city.zone),
            holder=holder_of("running-day"),
        ),
        "health": Component(runnable=health, policy="fail"),
    }


def sealer_of(resources: Resources) -> EvidenceSealer:
    """Return who seals evidence: here, because the history's files are."""
    settings = resources.settings
    folder = settings.data_dir / "history"
    return EvidenceSealer(
        resources.database,
        resources.clock,
        EvidenceSigner(secret(settings, "audit_key")),
        HistoryWindow(resources.streams, folder, partitions=settings.tracker.partitions),
        RefusedSamplesOf(resources.database, resources.redis),
        rules_of(settings.judging),
        durable_wait_s=settings.judging.durable_wait_s,
    )


def late_of(resources: Resources) -> LateEvidence:
    """Return who has what came late sealed as well."""
    settings = resources.settings
    folder = settings.data_dir / "history"
    return LateEvidence(
        resources.database,
        resources.clock,
        HistoryWindow(resources.streams, folder, partitions=settings.tracker.partitions),
        folder,
        rules_of(settings.judging),
    )


def keeping_of(history: HistorySettings) -> KeeperOptions:
    """Return what the settings mean for the keeper."""
    return KeeperOptions(
        settle_ms=history.raw_minutes * 60_000,
        keeping=Keeping(
            full_rate_bytes=history.full_rate_bytes,
            full_rate_days=history.full_rate_days,
            full_rate_least_hours=history.full_rate_least_hours,
            thinned_days=history.thinned_days,
            evidence_days=history.evidence_days,
            status_days=history.status_days,
        ),
    )


async def run() -> None:
    """Run an archiver until it is told to stop."""
    await run_process("archiver", compose)
