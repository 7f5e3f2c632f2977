"""Makes every lost wake-up harmless."""

import asyncio

from sqlalchemy import func, select

from core.clock import Clock
from core.database import Database
from core.queue import JobQueue, bucketed
from tests.chaos.ground.facts import facts

JOB = "tests.chaos.ground.jobs:act"
RECONCILE_S = 2.0


class Reconciler:
    """Offers the work again while facts wait."""

    def __init__(self, database: Database, clock: Clock, queue: JobQueue) -> None:
        self._database, self._clock, self._queue = database, clock, queue

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            async with self._database.read() as tx:
                query = select(func.count()).select_from(facts).where(facts.c.state == "waiting")
                waiting = (await tx.execute(query)).scalar_one()
            if waiting:
                job_id = bucketed("again-z", self._clock.wall().timestamp(), 1)
                await self._queue.enqueue_soon("dispatch", JOB, ["z"], job_id=job_id, timeout_s=10)
            try:
                await asyncio.wait_for(stop.wait(), RECONCILE_S)
            except TimeoutError:
                continue
