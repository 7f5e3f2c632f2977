"""Waking the job that sends notices: when one is wanted, when a step falls due, when a job was lost."""

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from core.clock import Clock
from core.database import Database
from core.outbox import OutboxMessage
from core.queue import JobQueue
from core.repeating import repeat
from services.notices.kinds import NoticeState
from services.notices.store import NoticeStore
from services.notices.tables import notices

QUEUE, JOB = "jobs", "services.notices.jobs:send_notices"
TIMEOUT_S: Final = 120
GROUP: Final = 2_000
"""Rows forgotten in one transaction."""


class NoticeWaker:
    """Route of the topic ``notice.wanted``, and the reconciler of whatever falls due or was lost."""

    def __init__(
        self, database: Database, queue: JobQueue, clock: Clock, *, keep: timedelta, every_s: float = 2.0
    ) -> None:
        """Take the stores, the queue, how old notices may become in city time, and the wall seconds between
        two looks."""
        self._database = database
        self._queue = queue
        self._clock = clock
        self._keep = keep
        self._every_s = every_s

    async def __call__(self, _message: OutboxMessage) -> None:
        """Have a job send what is due. Raises what Redis raises."""
        await self.wake()

    async def wake(self) -> bool:
        """Put a job into the queue unless this wall second and the next have one."""
        moment_s = self._clock.wall().timestamp()
        return await self._queue.wake(QUEUE, JOB, name="notices", moment_s=moment_s, timeout_s=TIMEOUT_S)

    async def reconcile_once(self) -> bool:
        """Wake a job when something is due; return whether one was put into the queue."""
        async with self._database.read() as tx:
            due = await NoticeStore(tx).count_due(at=self._clock.now(), wall=self._clock.wall())
        return bool(due) and await self.wake()

    async def forget_once(self) -> int:
        """Delete notices that are over and too old; return how many went."""
        too_old = (notices.c.wanted_at < self._clock.now() - self._keep) & (
            notices.c.state != NoticeState.WAITING.value
        )
        went = 0
        while True:
            async with self._database.write() as tx:
                old = select(notices.c.notice_id).where(too_old).limit(GROUP)
                gone = await tx.execute(delete(notices).where(notices.c.notice_id.in_(old)))
            went += gone.rowcount
            if gone.rowcount < GROUP:
                return went

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, and forget once an hour."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(repeat("notices", self.reconcile_once, self._every_s, stop))
            loops.create_task(repeat("old-notices", self.forget_once, 3600.0, stop))
