"""Waking the jobs that close a local day: when it is over, and again when its job was lost."""

import asyncio
from typing import Final, Protocol

from core.clock import Clock
from core.queue import JobQueue
from core.repeating import repeat

QUEUE: Final = "jobs"
STATEMENTS: Final = ("statements", "services.settlement.jobs:close_statements_due")
CLEARINGS: Final = ("clearings", "services.settlement.jobs:clear_companies_due")
"""The name of a job and what it runs."""
TIMEOUT_S: Final = 300
"""A day of every merchant, each in a transaction of its own; what is left is closed by the next job."""


class ClosesDays(Protocol):
    """Who knows whether the last day that ended is still to be closed."""

    async def is_due(self) -> bool:
        """Return whether something is left to do. Raises Unavailable."""
        ...


class DayWaker:
    """Looks now and then whether a day is over that is not closed; closes none itself."""

    def __init__(
        self,
        keeper: ClosesDays,
        queue: JobQueue,
        clock: Clock,
        *,
        job: tuple[str, str] = STATEMENTS,
        every_s: float = 60.0,
    ) -> None:
        """Take who knows what is due, the queue, which job, and the pause between two looks (wall)."""
        self._keeper = keeper
        self._queue = queue
        self._clock = clock
        self._name, self._job = job
        self._every_s = every_s

    async def reconcile_once(self) -> bool:
        """Wake a job when a day is due; return whether one was put into the queue. Raises what the stores
        raise."""
        if not await self._keeper.is_due():
            return False
        moment_s = self._clock.wall().timestamp()
        return await self._queue.wake(
            QUEUE, self._job, name=self._name, moment_s=moment_s, timeout_s=TIMEOUT_S
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`, through outages."""
        await repeat(self._name, self.reconcile_once, self._every_s, stop)
