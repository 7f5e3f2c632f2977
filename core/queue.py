"""RQ behind a thin adapter: a wake-up, never the truth.

A job may be lost, doubled or late (libraries.md, measured); the outbox and the reconcilers offer it again,
and a job function reads the facts and ends quietly when there is nothing to do. Hence: JSON only, ids with
the period in them, one queue a worker, no RQ scheduler, no retries of RQ's own.
"""

import asyncio
import inspect
import pkgutil
import re
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from core import metrics
from core.clock import Clock
from core.crashpoints import reach
from core.database import Database
from core.redis import connect_sync
from core.settings import Settings

QUEUES = ("dispatch", "solve", "jobs")
"""The queues there are; each has workers of its own."""
WORKER_TTL_S = 20
MAINTENANCE_S = 5
FAILURE_TTL_S = 4 * 3600
"""Failed jobs are kept four hours for whoever looks (RQ's default is a year)."""
RESULT_TTL_S = 0
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_PATH = re.compile(r"[a-z_]\w*(?:\.\w+)*\.jobs:[a-z]\w*")
"""What may be called: a coroutine function of a module named jobs. Redis is no place to take code from."""

_log = structlog.get_logger("core.queue")

type Counts = dict[str, int]


class JobQueue:
    """Puts jobs into queues. Blocking (0.2 ms on a local socket); enqueue_soon() is for an event loop."""

    def __init__(self, url: str) -> None:
        """Take the address of the plain Redis; no connection is made yet."""
        self._connection = connect_sync(url)

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    def enqueue(self, queue: str, job: str, args: Sequence[Any], *, job_id: str, timeout_s: int = 30) -> bool:
        """Put a job into a queue; False when one of this id is there already.

        job: "services.dispatch.jobs:dispatch_zone", called as `await dispatch_zone(context, *args)`.
        args: JSON values. job_id: with the period in it, such as "dispatch-KB-1767225600"; a plain unique id
        would refuse new work while the old job runs. Raises ValueError for a queue, path or id of the wrong
        shape, TypeError for arguments that are not JSON, REDIS_DOWN when the server is away.
        """
        if queue not in QUEUES:
            raise ValueError(f"there is no queue {queue!r}")
        if not _PATH.fullmatch(job):
            raise ValueError(f"{job!r} is not a job of ours")
        if not JOB_ID.fullmatch(job_id):
            raise ValueError(f"a job id holds letters, digits, _ and - only: {job_id!r}")
        try:
            Queue(queue, connection=self._connection, serializer=JSONSerializer).enqueue_call(
                "core.queue.perform",
                args=(job, list(args)),
                timeout=timeout_s,
                result_ttl=RESULT_TTL_S,
                failure_ttl=FAILURE_TTL_S,
                description=job,
                job_id=job_id,
                unique=True,
            )
        except DuplicateJobError:
            return False
        return True

    async def enqueue_soon(
        self, queue: str, job: str, args: Sequence[Any], *, job_id: str, timeout_s: int = 30
    ) -> bool:
        """Do as enqueue() without holding up the event loop."""
        return await asyncio.to_thread(self.enqueue, queue, job, args, job_id=job_id, timeout_s=timeout_s)

    async def wake(self, queue: str, job: str, *, name: str, moment_s: float, timeout_s: int = 30) -> bool:
        """Put a job without arguments into the queue unless this second and the next have one of its name.

        The next one too: the job of this second may have looked before what it is woken for was there.
        ``moment_s``: Unix seconds of wall time. Returns whether one was put there; raises what Redis raises.
        """
        for moment in (moment_s, moment_s + 1):
            job_id = bucketed(name, moment)
            if await self.enqueue_soon(queue, job, [], job_id=job_id, timeout_s=timeout_s):
                return True
        return False

    async def waiting(self, queue: str) -> int:
        """Return how many jobs wait in a queue."""
        counted = Queue(queue, connection=self._connection, serializer=JSONSerializer)
        return int(await asyncio.to_thread(lambda: counted.count))


class WorkerContext:
    """What a job function gets: stores, clock and the parts that composition plugged in."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        clock: Clock,
        queue: JobQueue,
        parts: Mapping[type, Any] | None = None,
    ) -> None:
        """Take what composition opened; it also closes it."""
        self.settings = settings
        self.database = database
        self.clock = clock
        self.queue = queue
        self._parts = dict(parts or {})

    def part[T](self, kind: type[T]) -> T:
        """Return the part plugged in under a type, such as a router; LookupError when there is none."""
        try:
            found: T = self._parts[kind]
        except KeyError:
            raise LookupError(f"this worker was composed without a {kind.__name__}") from None
        return found


type ContextFactory = Callable[[], AbstractAsyncContextManager[WorkerContext]]


class _LoopThread:
    """One event loop that outlives the jobs, so that pools and clients are opened once a worker."""

    def __init__(self, factory: ContextFactory) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jobs-loop", daemon=True)
        self._thread.start()
        self._manager = factory()
        try:
            self.context = self.call(self._manager.__aenter__())
        except BaseException:
            self._end()
            raise

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        try:
            self.call(self._manager.__aexit__(None, None, None))
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if not self._thread.is_alive():
            self._loop.close()


_worker_loop: list[_LoopThread] = []
"""The loop of this worker process. RQ calls perform() by its name and passes nothing of ours."""


def perform(job: str, args: list[Any]) -> Counts:
    """Run one job on the worker's loop; what RQ calls. Returns and logs the counts of the job function.

    When the time-out or a signal interrupts, the coroutine is cancelled and waited for, so that its
    transaction is rolled back before the worker takes the next job.
    """
    worker = _worker_loop[0]
    if not _PATH.fullmatch(job):
        raise ValueError(f"{job!r} is not a job of ours")
    function = pkgutil.resolve_name(job)
    if not inspect.iscoroutinefunction(function):
        raise ValueError(f"{job!r} is not a coroutine function")
    clock = worker.context.clock
    began_s = clock.monotonic_s()
    running = worker.start(function(worker.context, *args))
    try:
        counts: Counts = running.result() or {}
    except BaseException as error:
        if not running.done():
            running.cancel()
            worker.call(_settled(running))
        metrics.JOBS_DONE.labels(job=job, result="failed").inc()
        _log.error("job_failed", job=job, reason=str(error), exc_info=error)
        raise
    seconds = clock.monotonic_s() - began_s
    metrics.JOBS_DONE.labels(job=job, result="done").inc()
    metrics.JOB_SECONDS.labels(job=job).observe(seconds)
    _log.info("job_done", job=job, seconds=round(seconds, 4), **counts)
    reach("before_ack")
    return counts


async def _settled(running: Future[Any]) -> None:
    await asyncio.wait({asyncio.wrap_future(running)}, timeout=10)


def run_worker(queue: str, url: str, factory: ContextFactory, *, burst: bool = False) -> bool:
    """Work through one queue until SIGTERM or SIGINT; return whether any job was done. Main thread only.

    The context is opened once, on an event loop that lives as long as the worker. A job under way at the
    first signal is finished; a second one, a second later, ends at once. burst: end when the queue is empty.
    """
    if queue not in QUEUES:
        raise ValueError(f"there is no queue {queue!r}")
    loop = _LoopThread(factory)
    _worker_loop.append(loop)
    # a blocking pop waits worker_ttl - 15 s for its reply, so the reply time-out must be longer
    connection = connect_sync(url, retries=20, reply_timeout_s=WORKER_TTL_S + 10)
    try:
        worker = SimpleWorker(
            [Queue(queue, connection=connection, serializer=JSONSerializer)],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=MAINTENANCE_S,
            default_result_ttl=RESULT_TTL_S,
        )
        return bool(worker.work(burst=burst, with_scheduler=False, logging_level="WARNING"))
    finally:
        _worker_loop.clear()
        loop.close()
        connection.close()


def bucketed(name: str, moment_s: float, every_s: int = 1) -> str:
    """Return a job id with the period in it: one wake-up of a name per `every_s` seconds.

    >>> bucketed("dispatch-KB", 1767225604.2, 5)
    'dispatch-KB-1767225600'
    """
    return f"{name}-{int(moment_s // every_s) * every_s}"
