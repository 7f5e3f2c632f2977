"""RQ behind its adapter, with a real worker process and a real Valkey."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from core.queue import JobQueue, bucketed
from core.redis import REDIS_DOWN

ROOT = Path(__file__).parents[3]
JOBS = "tests.integration.core.jobs"
Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture
def queue(valkey_url: str) -> Iterator[JobQueue]:
    opened = JobQueue(valkey_url)
    yield opened
    opened.close()


@pytest.fixture
def trace(valkey_url: str) -> Iterator[Callable[[], list[str]]]:
    client = redis.Redis.from_url(valkey_url, decode_responses=True)
    yield lambda: [str(word) for word in client.lrange("trace", 0, -1)]
    client.close()


class Workers:
    def __init__(self, url: str, folder: Path) -> None:
        self._words = ["dispatch", url, str(folder)]
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "tests.integration.core.worker_process", *self._words, *words]
        process = subprocess.Popen(program, cwd=ROOT, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process


@pytest.fixture
def workers(valkey_url: str, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(valkey_url, tmp_path)
    yield made
    for process in made.started:
        process.kill()
        process.wait()


async def test_jobs_run_in_order_on_one_loop_and_leave_nothing_in_redis(
    queue: JobQueue, workers: Workers, trace: Callable[[], list[str]], valkey_url: str, eventually: Eventually
) -> None:
    for word in ("one", "two", "three"):
        assert await queue.enqueue_soon("dispatch", f"{JOBS}:note", [word], job_id=f"note-{word}")
    assert workers.start("burst").wait(30) == 0
    assert [word for word in trace() if not word.startswith("loop")] == ["one", "two", "three"]
    assert len({word for word in trace() if word.startswith("loop")}) == 1
    with redis.Redis.from_url(valkey_url) as client:
        assert client.keys("rq:job:*") == []


def test_a_second_wake_up_of_the_same_period_is_dropped_and_the_next_period_is_not(queue: JobQueue) -> None:
    first, same, later = (bucketed("dispatch-KB", moment, 1) for moment in (10.1, 10.9, 11.0))
    assert queue.enqueue("dispatch", f"{JOBS}:note", ["x"], job_id=first)
    assert not queue.enqueue("dispatch", f"{JOBS}:note", ["x"], job_id=same)
    assert queue.enqueue("dispatch", f"{JOBS}:note", ["x"], job_id=later)


@pytest.mark.parametrize(
    ("queue_name", "job", "job_id"),
    [
        ("nowhere", f"{JOBS}:note", "a"),
        ("dispatch", "os:system", "a"),
        ("dispatch", "core.queue:perform", "a"),
        ("dispatch", f"{JOBS}:note", "with:colon"),
    ],
)
def test_a_queue_a_job_or_an_id_of_the_wrong_shape_is_refused(
    queue: JobQueue, queue_name: str, job: str, job_id: str
) -> None:
    with pytest.raises(ValueError, match=r"queue|job|id"):
        queue.enqueue(queue_name, job, [], job_id=job_id)


def test_arguments_that_are_not_json_are_refused_before_they_are_queued(queue: JobQueue) -> None:
    with pytest.raises(TypeError):
        queue.enqueue("dispatch", f"{JOBS}:note", [object()], job_id="a")


async def test_a_job_that_fails_does_not_stop_the_next(
    queue: JobQueue, workers: Workers, trace: Callable[[], list[str]]
) -> None:
    queue.enqueue("dispatch", f"{JOBS}:fail", [], job_id="bad")
    queue.enqueue("dispatch", f"{JOBS}:note", ["after"], job_id="good")
    assert workers.start("burst").wait(30) == 0
    assert trace()[:2] == ["failing", "after"]


async def test_a_job_past_its_time_is_cancelled_before_the_next_begins(
    queue: JobQueue, workers: Workers, trace: Callable[[], list[str]]
) -> None:
    queue.enqueue("dispatch", f"{JOBS}:last_for", [30], job_id="long", timeout_s=1)
    queue.enqueue("dispatch", f"{JOBS}:note", ["after"], job_id="good")
    assert workers.start("burst").wait(30) == 0
    assert trace()[:3] == ["began", "cancelled", "after"]


async def test_sigterm_finishes_the_job_under_way_and_leaves_no_worker_behind(
    queue: JobQueue, workers: Workers, trace: Callable[[], list[str]], valkey_url: str, eventually: Eventually
) -> None:
    queue.enqueue("dispatch", f"{JOBS}:last_for", [1], job_id="short")
    worker = workers.start()
    await eventually(lambda: "began" in trace(), within=30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert trace() == ["began", "ended"]
    with redis.Redis.from_url(valkey_url) as client:
        assert client.smembers("rq:workers") == set()


async def test_an_idle_worker_ends_at_once_on_sigterm(
    queue: JobQueue, workers: Workers, trace: Callable[[], list[str]], eventually: Eventually
) -> None:
    queue.enqueue("dispatch", f"{JOBS}:note", ["up"], job_id="up")
    worker = workers.start()
    await eventually(lambda: len(trace()) == 2, within=30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(5) == 0


async def test_a_worker_killed_in_a_job_hinders_no_later_job(
    queue: JobQueue, workers: Workers, trace: Callable[[], list[str]], eventually: Eventually
) -> None:
    queue.enqueue("dispatch", f"{JOBS}:last_for", [60], job_id=bucketed("zone", 1))
    worker = workers.start()
    await eventually(lambda: "began" in trace(), within=30)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    queue.enqueue("dispatch", f"{JOBS}:note", ["next"], job_id=bucketed("zone", 2))
    workers.start()
    await eventually(lambda: "next" in trace(), within=30)


def test_a_server_that_is_away_is_said_so(tmp_path: Path) -> None:
    queue = JobQueue(f"unix://{tmp_path / 'none.sock'}?db=0")
    with pytest.raises(REDIS_DOWN):
        queue.enqueue("dispatch", f"{JOBS}:note", ["x"], job_id="a")
    queue.close()
