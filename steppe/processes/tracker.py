"""The tracker process: owns partitions of the telemetry stream and judges what vehicles say."""

from core.health import HealthServer
from core.supervision import Component
from fleet.alarms.apply_signals import AlarmSink
from fleet.quality.step import QualityStep
from fleet.telemetry.guard import GuardLimits
from fleet.telemetry.limits_of import alarm_limits_of
from fleet.telemetry.tracker import Tracker, TrackerSettingsOf
from fleet.vehicles.roster_source import SqlRoster
from geofences.watch import FenceWatch
from steppe.checks import store_checks
from steppe.resources import Resources
from steppe.running import Components, holder_of, run_process
from steppe.tracker_quality import tracker_reporter


async def compose(resources: Resources) -> Components:
    """Return the components of a tracker."""
    settings, clock, database = resources.settings, resources.clock, resources.database
    quality = QualityStep(rate=clock.rate)
    tracker = Tracker(
        database,
        resources.streams,
        resources.redis,
        clock,
        roster=SqlRoster(database),
        fences=FenceWatch(
            database, resources.redis, clock, needs_clearance=True, late_s=2 * GuardLimits().late_s
        ),
        alarms=AlarmSink(database),
        settings=TrackerSettingsOf(
            partitions=settings.tracker.partitions,
            tick_ms=settings.tracker.tick_ms,
            lease_s=settings.tracker.lease_s,
            alarms=alarm_limits_of(settings.causes),
        ),
        more_steps=(quality,),
        name=holder_of("tracker"),
    )
    checks = {**store_checks(resources), "tracker": tracker.ready}
    health = HealthServer(settings.tracker.health_host, settings.tracker.health_port, checks)
    return {
        "tracker": tracker,
        "quality": tracker_reporter(tracker, quality, resources.redis, clock),
        "health": Component(runnable=health, policy="fail"),
    }


async def run() -> None:
    """Run a tracker until it is told to stop."""
    await run_process("tracker", compose)
