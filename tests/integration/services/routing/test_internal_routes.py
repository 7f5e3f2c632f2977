"""Routes asked over HTTP by the api, answered by the scheduler."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from core.errors import Conflict, Unavailable
from services.routing.engine import RouteEngine
from services.routing.http import InternalServer, RouteEndpoint
from services.routing.remote import RemoteRoutes
from services.routing.route import GeoPoint

KEY = "an-internal-key-of-at-least-32-characters"


async def passes() -> None:
    return


@pytest.fixture
async def address(engine: RouteEngine) -> AsyncIterator[str]:
    stop = asyncio.Event()
    server = InternalServer("127.0.0.1", 0, RouteEndpoint(engine, KEY), {"routing": passes})
    server.start()
    running = asyncio.create_task(server.run(stop))
    yield f"http://127.0.0.1:{server.port}"
    stop.set()
    await running


@pytest.fixture
async def remote(address: str) -> AsyncIterator[RemoteRoutes]:
    remote = RemoteRoutes(address, KEY)
    yield remote
    await remote.aclose()


async def test_both_sides_give_the_same_answers(
    remote: RemoteRoutes, engine: RouteEngine, stops: list[GeoPoint]
) -> None:
    assert await remote.legs(stops[:3]) == await engine.legs(stops[:3])
    assert await remote.matrix(stops[:3], stops[3:5]) == await engine.matrix(stops[:3], stops[3:5])
    assert await remote.snap(stops[0]) == await engine.snap(stops[0])


async def test_a_refusal_keeps_its_code_and_fields(remote: RemoteRoutes, stops: list[GeoPoint]) -> None:
    with pytest.raises(Conflict, match="no road is near") as raised:
        await remote.legs([stops[0], GeoPoint(40.03, 110.045)])
    assert raised.value.fields["place"] == 1


async def test_a_wrong_key_gets_no_routes(address: str, stops: list[GeoPoint]) -> None:
    stranger = RemoteRoutes(address, "some-other-key-of-at-least-32-characters")
    with pytest.raises(Unavailable) as raised:
        await stranger.snap(stops[0])
    assert raised.value.fields["cause"] == "not-authenticated"
    await stranger.aclose()


async def test_routing_that_does_not_answer_is_unavailable(stops: list[GeoPoint]) -> None:
    gone = RemoteRoutes("http://127.0.0.1:9", KEY, timeout_s=1.0)
    with pytest.raises(Unavailable) as raised:
        await gone.snap(stops[0])
    assert raised.value.code == "routing-unavailable"
    await gone.aclose()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/health/live", b"", 200),
        ("GET", "/health/ready", b"", 200),
        ("GET", "/metrics", b"", 200),
        ("GET", "/", b"", 404),
        ("GET", "/internal/routes/snap", b"", 405),
        ("POST", "/internal/routes/teleport", b"{}", 404),
        ("POST", "/internal/routes/snap", b"{", 400),
        ("POST", "/internal/routes/snap", b'{"place":{"lat":91,"lng":0}}', 400),
        ("POST", "/internal/routes/snap", b'{"place":{"lat":1,"lng":0},"more":1}', 400),
        ("POST", "/internal/routes/snap", b" " * 1_000_001, 413),
    ],
)
async def test_other_requests_get_their_own_answer(
    address: str, method: str, path: str, body: bytes, status: int
) -> None:
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {KEY}"}) as client:
        answer = await client.request(method, path, content=body)
    assert answer.status_code == status
