"""Limits count the client that our own proxy names, and nobody else's word for it."""

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get

from core.auth.guards import public
from core.auth.schemas import address_of
from steppe.serving import WebServer


@get("/whence", guards=[public], sync_to_thread=False)
def whence(request: Request[Any, Any, Any]) -> str:
    return address_of(request)


@pytest.mark.parametrize(
    ("trusted", "seen"), [(("127.0.0.1",), "203.0.113.7"), ((), "127.0.0.1"), (("10.0.0.0/8",), "127.0.0.1")]
)
async def test_a_forwarded_address_counts_when_the_proxy_is_ours(
    trusted: tuple[str, ...], seen: str, eventually: Any
) -> None:
    server = WebServer(Litestar([whence], logging_config=None), "127.0.0.1", 0, trusted_proxies=trusted)
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await eventually(lambda: server._server.started)
    port = server._server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"http://127.0.0.1:{port}/whence", headers={"x-forwarded-for": "203.0.113.7"}
        )
    stop.set()
    await running
    assert answer.text == seen
