"""Waking the job that closes statements: when a day is over, and again when its job was lost."""

import asyncio
from typing import Final

from core.clock import Clock
from core.queue import JobQueue
from core.repeating import repeat
from services.settlement.close_statements import StatementKeeper

QUEUE, JOB = "jobs", "services.settlement.jobs:close_statements_due"
TIMEOUT_S: Final = 300
"""A day of every merchant, each in a transaction of its own; what is left is closed by the next job."""


class StatementWaker:
    """Looks now and then whether a day is over whose statements are not closed; closes none itself."""

    def __init__(
        self, keeper: StatementKeeper, queue: JobQueue, clock: Clock, *, every_s: float = 60.0
    ) -> None:
        """Take who knows what is due, the queue, and the pause between two looks in wall seconds."""
        self._keeper = keeper
        self._queue = queue
        self._clock = clock
        self._every_s = every_s

    async def reconcile_once(self) -> bool:
        """Wake a job when a day is due; return whether one was put into the queue. Raises what the stores
        raise."""
        if not await self._keeper.is_due():
            return False
        moment_s = self._clock.wall().timestamp()
        return await self._queue.wake(QUEUE, JOB, name="statements", moment_s=moment_s, timeout_s=TIMEOUT_S)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`, through outages."""
        await repeat("statements", self.reconcile_once, self._every_s, stop)
