"""An RQ worker on the queue ``jobs``: what need not be at once: notices, the weeks of fence previews, plans
and measurements of sweeping, daily statements."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from core import logs
from core.auth.configured import secret_keys
from core.auth.tell_staff import StaffNoticeSender, staff_notice_port
from core.health import HealthServer
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import load, process_environment
from fleet.days.durable import DurableMark
from fleet.fences.finish_previews import PreviewFinisher
from services.notices.send_notices import NoticeSender
from services.settlement.clearing.close_clearings import ClearingKeeper
from services.settlement.close_statements import StatementKeeper
from services.sweeping.work_on import SweepingWorker
from steppe.checks import store_checks
from steppe.notices import notice_carrier, notice_prices, notice_writers
from steppe.resources import open_resources, redis_url_of


@asynccontextmanager
async def jobs_context() -> AsyncIterator[WorkerContext]:
    """Open what these jobs need: the stores and what sends."""
    settings = load(process_environment())
    stop = asyncio.Event()
    async with open_resources(settings) as resources:
        database, clock = resources.database, resources.clock
        queue = JobQueue(redis_url_of(settings))
        checks = store_checks(resources)
        health = HealthServer(settings.worker.health_host, settings.worker.health_port, checks)
        serving = asyncio.create_task(health.run(stop))
        sender = StaffNoticeSender(database, clock, staff_notice_port(settings, print))
        teller = NoticeSender(
            database,
            clock,
            notice_carrier(settings, print),
            notice_writers(settings),
            secret_keys(settings.security),
            prices_fen=notice_prices(settings.notices),
            time_zone=settings.city.zone,
        )
        history = settings.data_dir / "history"
        finisher = PreviewFinisher(database, clock, history)
        durable = DurableMark(resources.streams, clock, partitions=settings.tracker.partitions)
        zone = ZoneInfo(settings.city.zone)
        sweeping = SweepingWorker(database, clock, history, durable, zone)
        try:
            yield WorkerContext(
                settings=settings,
                database=database,
                clock=clock,
                queue=queue,
                parts={
                    StaffNoticeSender: sender,
                    PreviewFinisher: finisher,
                    NoticeSender: teller,
                    StatementKeeper: StatementKeeper(database, clock, zone),
                    ClearingKeeper: ClearingKeeper(database, clock, zone),
                    SweepingWorker: sweeping,
                },
            )
        finally:
            stop.set()
            await serving
            queue.close()


def run() -> None:
    """Work on the queue until told to stop."""
    settings = load(process_environment())
    logs.configure("worker-jobs", settings.log_level)
    run_worker("jobs", redis_url_of(settings), jobs_context)
