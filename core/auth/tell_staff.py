"""Sending staff what they are to be told: at least once, by a job, with back-off kept in SQL."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import httpx
import msgspec
import structlog
from sqlalchemy import func, select, update

from core.auth.staff_notices import StaffNotice, staff_notices
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.ids import StaffId
from core.outbox import OutboxMessage
from core.queue import JobQueue
from core.repeating import repeat
from core.settings import Settings

QUEUE, JOB = "jobs", "core.auth.jobs:send_staff_notices"
MOST_A_JOB: Final = 200
HELD: Final = timedelta(seconds=60)
"""How long a job that took a notice keeps others from it: longer than any provider takes to answer."""
BACKOFF_FIRST: Final = timedelta(seconds=15)
BACKOFF_MOST: Final = timedelta(minutes=30)
TRIES_MOST: Final = 20
"""About eight hours of a provider that takes nothing; then the notice is given up and logged."""
TIMEOUT_S: Final = 120

_log = structlog.get_logger("core.auth.tell_staff")


class StaffNoticePort(Protocol):
    """What reaches staff outside the pages: a pager, a messenger of the company."""

    async def send(self, notice: StaffNotice) -> None:
        """Hand the notice on; raise Unavailable when it is not taken."""
        ...


class ConsoleStaffNotices:
    """Prints one line a notice."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    async def send(self, notice: StaffNotice) -> None:
        """Print who is told what about what."""
        self._say(f"notice {notice.reason} to staff {notice.staff_id}: {notice.en}")


class WebhookStaffNotices:
    """Posts each notice as JSON to the address that also takes residents' notices."""

    TIMEOUT_S = 3.0

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(timeout=self.TIMEOUT_S, trust_env=False)
        self._url = url

    async def send(self, notice: StaffNotice) -> None:
        """Post the notice; raise Unavailable unless the provider answers with success."""
        try:
            answer = await self._client.post(self._url, json=msgspec.to_builtins(notice))
        except httpx.HTTPError as error:
            raise Unavailable("unavailable", "The message could not be sent", retry_after_s=60) from error
        if not answer.is_success:
            raise Unavailable("unavailable", "The message was not taken", retry_after_s=60)


def staff_notice_port(settings: Settings, say: Callable[[str], None]) -> StaffNoticePort:
    """Return the adapter that the settings name."""
    if settings.notices.adapter == "webhook" and settings.notices.webhook_url:
        return WebhookStaffNotices(settings.notices.webhook_url)
    return ConsoleStaffNotices(say)


class StaffNoticeSender:
    """Sends what is due; two jobs at once take different notices."""

    def __init__(self, database: Database, clock: Clock, port: StaffNoticePort) -> None:
        self._database = database
        self._clock = clock
        self._port = port

    async def send_due(self) -> dict[str, int]:
        """Send each due notice once; return how many were sent and how many were not taken.

        A process that dies between sending and marking sends again after a minute, with the same id.
        """
        counts = {"sent": 0, "refused": 0}
        for notice, tries in await self._due():
            if not await self._take(notice.notice_id, tries):
                continue
            try:
                await self._port.send(notice)
            except Unavailable:
                counts["refused"] += 1
                await self._wait_longer(notice.notice_id, tries + 1)
            else:
                counts["sent"] += 1
                await self._mark(notice.notice_id, due_at=None, sent_at=self._clock.wall())
        return counts

    async def _due(self) -> list[tuple[StaffNotice, int]]:
        query = select(staff_notices).where(staff_notices.c.due_at <= self._clock.wall())
        async with self._database.read() as tx:
            rows = (await tx.execute(query.order_by(staff_notices.c.due_at).limit(MOST_A_JOB))).all()
        return [
            (
                StaffNotice(
                    notice_id=row.notice_id,
                    staff_id=StaffId(row.staff_id),
                    subject=row.subject,
                    reason=row.reason,
                    zh=row.zh,
                    en=row.en,
                    at=row.at,
                ),
                int(row.tries),
            )
            for row in rows
        ]

    async def _take(self, notice_id: str, tries: int) -> bool:
        """Claim a notice for a minute; False when another job was faster."""
        wall = self._clock.wall()
        async with self._database.write() as tx:
            taken = await tx.execute(
                update(staff_notices)
                .where(
                    staff_notices.c.notice_id == notice_id,
                    staff_notices.c.tries == tries,
                    staff_notices.c.due_at <= wall,
                )
                .values(tries=tries + 1, due_at=wall + HELD)
            )
        return taken.rowcount == 1

    async def _wait_longer(self, notice_id: str, tries: int) -> None:
        if tries >= TRIES_MOST:
            _log.error("staff_notice_given_up", notice_id=notice_id, tries=tries)
            await self._mark(notice_id, due_at=None, sent_at=None)
            return
        pause = min(BACKOFF_FIRST * 2 ** (tries - 1), BACKOFF_MOST)
        await self._mark(notice_id, due_at=self._clock.wall() + pause, sent_at=None)

    async def _mark(self, notice_id: str, *, due_at: datetime | None, sent_at: datetime | None) -> None:
        async with self._database.write() as tx:
            await tx.execute(
                update(staff_notices)
                .where(staff_notices.c.notice_id == notice_id)
                .values(due_at=due_at, sent_at=sent_at)
            )


class StaffNoticeWaker:
    """Route of the topic ``staff-notice.wanted``, and what offers again whatever a lost job left."""

    def __init__(self, database: Database, queue: JobQueue, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the stores, the queue, and the pause between two looks in wall seconds."""
        self._database = database
        self._queue = queue
        self._clock = clock
        self._every_s = every_s

    async def __call__(self, _message: OutboxMessage) -> None:
        """Have a job send what is due. Raises what Redis raises."""
        await self.wake()

    async def wake(self) -> bool:
        """Put a job into the queue unless this wall second and the next have one."""
        moment_s = self._clock.wall().timestamp()
        return await self._queue.wake(
            QUEUE, JOB, name="staff-notices", moment_s=moment_s, timeout_s=TIMEOUT_S
        )

    async def reconcile_once(self) -> bool:
        """Wake a job when something is due; return whether one was put into the queue."""
        query = select(func.count()).where(staff_notices.c.due_at <= self._clock.wall())
        async with self._database.read() as tx:
            due = (await tx.execute(query)).scalar_one()
        return bool(due) and await self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, through outages."""
        await repeat("staff-notices", self.reconcile_once, self._every_s, stop)
