"""Jobs for the tests of the queue: each leaves its trace in a Redis list."""

import asyncio

from core.queue import WorkerContext
from core.redis import connect


async def _trace(context: WorkerContext, word: str) -> None:
    assert context.settings.redis.url is not None
    client = connect(context.settings.redis.url, text=True)
    await client.rpush("trace", word)
    await client.aclose()


async def note(context: WorkerContext, word: str) -> dict[str, int]:
    await _trace(context, word)
    await _trace(context, f"loop-{id(asyncio.get_running_loop())}")
    return {"noted": 1}


async def fail(context: WorkerContext) -> dict[str, int]:
    await _trace(context, "failing")
    raise RuntimeError("as asked")


async def last_for(context: WorkerContext, seconds: float) -> dict[str, int]:
    await _trace(context, "began")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        await _trace(context, "cancelled")
        raise
    await _trace(context, "ended")
    return {}
