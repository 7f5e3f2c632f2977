"""The archiver process: telemetry streams to Parquet history."""

from core.health import HealthServer
from core.supervision import Component
from fleet.history.archiver import Archiver
from steppe.checks import store_checks
from steppe.resources import Resources
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
        keep_days=settings.history.keep_days,
        name=holder_of("archiver"),
    )
    health = HealthServer(
        settings.archiver.health_host, settings.archiver.health_port, store_checks(resources)
    )
    return {"archiver": archiver, "health": Component(runnable=health, policy="fail")}


async def run() -> None:
    """Run an archiver until it is told to stop."""
    await run_process("archiver", compose)
