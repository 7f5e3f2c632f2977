"""The processes of the smallest city: python -m tests.chaos.ground.process ROLE."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy import insert

from core import crashpoints, idempotency, outbox
from core.clock import Clock
from core.database import Database
from core.errors import SteppeError
from core.ids import new_id
from core.logs import configure
from core.outbox import OutboxMessage, Relay
from core.queue import JobQueue, WorkerContext, bucketed, run_worker
from core.settings import Settings, load, process_environment
from core.supervision import stop_on_signals, supervise
from tests.chaos.ground.facts import facts
from tests.chaos.ground.reconciler import JOB, Reconciler


class Door:
    """Takes facts over a unix socket, a JSON line each: {"key"} → {"ok": id} or {"fail": code}."""

    def __init__(self, database: Database, clock: Clock, socket: str) -> None:
        self._database, self._clock, self._socket = database, clock, socket

    async def run(self, stop: asyncio.Event) -> None:
        server = await asyncio.start_unix_server(self._serve, self._socket)
        await stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = msgspec.json.decode(await reader.readline())["key"]
        try:
            answer = {"ok": await self._take(key)}
        except SteppeError as error:
            answer = {"fail": error.code}
        writer.write(msgspec.json.encode(answer) + b"\n")
        await writer.drain()
        writer.close()

    async def _take(self, key: str) -> str:
        at = self._clock.now()
        async with self._database.write() as tx:
            stored = await idempotency.once(tx, "client", key, "hash", at=at)
            if stored is not None:
                return stored.body.decode()
            fact = new_id()
            await tx.execute(insert(facts).values(id=fact, key=key, state="waiting"))
            await outbox.emit(tx, "fact.waiting", {"zone": "z"}, key="z", at=at)
            answer = idempotency.StoredAnswer(status=201, body=fact.encode())
            await idempotency.save(tx, "client", key, answer)
        return fact


def wake_worker(queue: JobQueue, clock: Clock) -> outbox.Route:
    async def wake(_message: OutboxMessage) -> None:
        moment_s = clock.wall().timestamp()
        for later_s in (0, 1):
            job_id = bucketed("act-z", moment_s + later_s, 1)
            if await queue.enqueue_soon("dispatch", JOB, ["z"], job_id=job_id, timeout_s=10):
                return

    return wake


async def main(role: str, settings: Settings) -> None:
    clock = Clock.real()
    assert settings.redis.url is not None
    database = await Database.open(settings.database_url)
    queue = JobQueue(settings.redis.url)
    components = {
        "door": {"door": Door(database, clock, str(settings.data_dir / "door.sock"))},
        "relay": {
            "relay": Relay(database, {"fact.waiting": wake_worker(queue, clock)}, clock, holder="relay")
        },
        "reconciler": {"reconciler": Reconciler(database, clock, queue)},
    }[role]
    async with stop_on_signals() as stop:
        await supervise(components, stop, clock)  # type: ignore[arg-type]
    queue.close()
    await database.close()


def work(settings: Settings) -> None:
    url = settings.redis.url
    assert url is not None

    @asynccontextmanager
    async def context() -> AsyncIterator[WorkerContext]:
        database = await Database.open(settings.database_url)
        queue = JobQueue(url)
        yield WorkerContext(settings=settings, database=database, clock=Clock.real(), queue=queue)
        queue.close()
        await database.close()

    run_worker("dispatch", url, context)


if __name__ == "__main__":
    given = load(process_environment())
    configure(sys.argv[1], given.log_level)
    crashpoints.arm(given.crash.point, given.crash.after)
    if sys.argv[1] == "worker":
        work(given)
    else:
        asyncio.run(main(sys.argv[1], given))
