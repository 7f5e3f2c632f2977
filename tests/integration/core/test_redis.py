"""Clients whose retries are written down."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock
from core.errors import Unavailable
from core.redis import REDIS_DOWN, connect, connect_sync, is_outage, ping
from core.valkey import EmbeddedValkey


async def test_a_client_answers_bytes_or_text_as_asked(valkey_url: str) -> None:
    raw, text = connect(valkey_url), connect(valkey_url, text=True)
    await raw.set("a", "1")
    assert (await raw.get("a"), await text.get("a")) == (b"1", "1")
    await raw.aclose()
    await text.aclose()


async def test_a_client_goes_on_after_the_server_was_restarted(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await server.start()
    client = connect(server.url, text=True)
    await client.set("a", "1")
    await server.stop()
    await server.start()
    assert await client.get("a") == "1"
    await client.aclose()
    await server.stop()


async def test_a_patient_subscriber_hears_what_is_said_after_a_restart(
    tmp_path: Path, eventually: Callable[..., Awaitable[Any]]
) -> None:
    server = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await server.start()
    client = connect(server.url, text=True, retries=20, reply_timeout_s=None)
    heard: list[str] = []

    async def listen() -> None:
        async with client.pubsub() as subscription:
            await subscription.subscribe("c")
            async for message in subscription.listen():
                heard.append(str(message["data"]))  # noqa: PERF401 - it never ends

    listening = asyncio.create_task(listen())
    other = connect(server.url, text=True)
    await eventually(lambda: _publish(other, "before", heard), within=5, every=0.05)
    await server.stop()
    await server.start()
    await eventually(lambda: _publish(other, "after", heard), within=10, every=0.05)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await client.aclose()
    await other.aclose()
    await server.stop()


async def _publish(client: Any, word: str, heard: list[str]) -> bool:
    await client.publish("c", word)
    return word in heard


@pytest.mark.parametrize("retries", [0, 3])
async def test_a_server_that_is_away_is_an_outage_and_unavailable(tmp_path: Path, retries: int) -> None:
    url = f"unix://{tmp_path / 'none.sock'}?db=0"
    client = connect(url, retries=retries)
    with pytest.raises(REDIS_DOWN) as caught:
        await client.get("a")
    assert is_outage(caught.value)
    with pytest.raises(Unavailable) as unavailable:
        await ping(client)
    assert unavailable.value.code == "redis-unavailable"
    await client.aclose()
    blocking = connect_sync(url, retries=retries)
    with pytest.raises(REDIS_DOWN):
        blocking.get("a")
    blocking.close()


def test_a_bug_is_no_outage() -> None:
    assert not is_outage(KeyError("x"))
    assert not is_outage(ValueError("x"))
