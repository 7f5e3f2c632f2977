"""Notices to staff through the real way: outbox, relay, RQ on Valkey, worker, a provider that answers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.auth.staff_notices import TOPIC, StaffNotice, want_staff_notices
from core.auth.tell_staff import StaffNoticeSender, StaffNoticeWaker
from core.database import Database
from core.ids import StaffId
from core.outbox import Relay
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import load
from tests.conftest import SettableClock


class Pager:
    def __init__(self) -> None:
        self.told: list[StaffNotice] = []

    async def send(self, notice: StaffNotice) -> None:
        self.told.append(notice)


@pytest.fixture
def queue(valkey_url: str) -> Iterator[JobQueue]:
    opened = JobQueue(valkey_url)
    yield opened
    opened.close()


class Desk:
    """A database with somebody to tell, and a worker on the queue."""

    def __init__(
        self, database: Database, clock: SettableClock, queue: JobQueue, url: str, folder: Path
    ) -> None:
        self.database, self.clock, self.queue = database, clock, queue
        self.pager = Pager()
        self.waker = StaffNoticeWaker(database, queue, clock)
        self._url, self._folder = url, folder

    async def want(self, reason: str = "shift_lead") -> int:
        at = self.clock.now()
        async with self.database.write() as tx:
            return await want_staff_notices(
                tx, [StaffId("s-1")], subject="alarm:a", reason=reason, zh="告警", en="alarm", at=at, wall=at
            )

    def work(self) -> bool:
        @asynccontextmanager
        async def context() -> AsyncIterator[WorkerContext]:
            database = await Database.open(f"sqlite+aiosqlite:///{self._folder / 'facts.sqlite3'}")
            settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(self._folder)})
            sender = StaffNoticeSender(database, self.clock, self.pager)
            yield WorkerContext(
                settings=settings,
                database=database,
                clock=self.clock,
                queue=self.queue,
                parts={StaffNoticeSender: sender},
            )
            await database.close()

        return run_worker("jobs", self._url, context, burst=True)


@pytest.fixture
def desk(
    sqlite_database: Database, clock: SettableClock, queue: JobQueue, valkey_url: str, tmp_path: Path
) -> Desk:
    return Desk(sqlite_database, clock, queue, valkey_url, tmp_path)


async def test_a_notice_goes_out_with_the_commit_of_its_fact_and_once(desk: Desk) -> None:
    relay = Relay(desk.database, {TOPIC: desk.waker}, desk.clock, holder="test")
    assert await desk.want() == 1
    assert await desk.want() == 0, "one person is told once for one subject and reason"
    assert await relay.carry_once() == 1
    assert desk.work()
    assert [(notice.staff_id, notice.en) for notice in desk.pager.told] == [("s-1", "alarm")]
    assert await desk.waker.reconcile_once() is False, "nothing is due"


async def test_a_job_that_was_lost_is_offered_again_by_the_reconciler(desk: Desk) -> None:
    await desk.want()
    assert await desk.waker.reconcile_once() is True
    desk.work()
    assert len(desk.pager.told) == 1
