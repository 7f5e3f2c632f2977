"""The small HTTP server of processes without routes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from core.errors import Unavailable
from core.health import Check, HealthServer


async def fine() -> None:
    return None


async def down() -> None:
    raise Unavailable("redis-unavailable")


async def hangs() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise KeyError("x")


@asynccontextmanager
async def serving(**checks: Check) -> AsyncIterator[httpx.AsyncClient]:
    server, stop = HealthServer("127.0.0.1", 0, checks), asyncio.Event()
    await server.start()
    running = asyncio.create_task(server.run(stop))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client
    stop.set()
    await running


async def test_a_living_process_says_so_whatever_its_checks() -> None:
    async with serving(redis=down) as client:
        assert (await client.get("/health/live")).status_code == 200


async def test_ready_is_green_when_every_check_passes() -> None:
    async with serving(database=fine, redis=fine) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "checks": {"database": "ok", "redis": "ok"}},
    )


@pytest.mark.parametrize(
    ("check", "word"), [(down, "redis-unavailable"), (broken, "KeyError"), (hangs, "timeout")]
)
async def test_ready_is_red_and_says_which_check_failed(check: Check, word: str) -> None:
    async with serving(database=fine, other=check) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"database": "ok", "other": word}}


async def test_metrics_are_in_the_text_of_prometheus() -> None:
    async with serving() as client:
        answer = await client.get("/metrics")
    assert "# TYPE steppe_outbox_carried_total counter" in answer.text


async def test_anything_else_is_not_found_and_other_methods_are_refused() -> None:
    async with serving() as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.post("/health/live")).status_code == 405


async def test_rubbish_and_silence_harm_nobody() -> None:
    async with serving() as client:
        _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"\x00" * 20_000)
        await writer.drain()
        assert (await client.get("/health/live")).status_code == 200
        writer.close()
