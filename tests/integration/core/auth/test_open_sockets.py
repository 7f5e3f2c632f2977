"""A socket that stays open learns that its session ended."""

import asyncio
from typing import Any

import pytest
from litestar import Litestar, WebSocket, websocket
from sqlalchemy import select

from core.auth.guards import requires
from core.auth.principal import Scope
from core.auth.services import AuthServices
from core.auth.tables import staff_sessions


@websocket("/api/live", guards=[requires(Scope.LIVE_READ)])
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text("hello")
    while True:
        await socket.send_text(await socket.receive_text())


class Screen:
    """The client's side of one socket, without a network."""

    def __init__(self, app: Any, token: str) -> None:
        self.heard: list[dict[str, Any]] = []
        self._says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._says.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": "/api/live",
            "query_string": b"",
            "headers": [(b"host", b"steppe.test"), (b"cookie", f"steppe_session={token}".encode())],
            "client": ("127.0.0.1", 5000),
        }
        self.task = asyncio.ensure_future(app(scope, self._says.get, self._hear))

    async def _hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message)

    def say(self, text: str) -> None:
        self._says.put_nowait({"type": "websocket.receive", "text": text})

    @property
    def closed_with(self) -> list[int]:
        return [message["code"] for message in self.heard if message["type"] == "websocket.close"]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.heard if message["type"] == "websocket.send"]


@pytest.fixture
async def token(auth: AuthServices, dispatcher: Any, clock: Any) -> str:
    login = dispatcher.login(clock.wall())
    signed_in = await auth.staff.sign_in(login["username"], login["password"], login["totp"], address="::1")
    return signed_in.token.token


async def _is_used_now(auth: AuthServices) -> bool:
    async with auth.database.read() as tx:
        last_seen = (await tx.execute(select(staff_sessions.c.last_seen_at))).scalar_one()
    return bool(last_seen == auth.clock.wall())


@pytest.fixture
def screen(auth: AuthServices, token: str) -> Any:
    app = Litestar([live], plugins=[auth.plugin(recheck_s=0.02)], logging_config=None)
    return lambda: Screen(app, token)


async def test_it_is_closed_with_4401_when_the_person_signs_out_elsewhere(
    screen: Any, auth: AuthServices, token: str, eventually: Any
) -> None:
    open_screen = screen()
    await eventually(lambda: open_screen.texts == ["hello"])
    await auth.staff.sign_out(None, (token,))
    await eventually(lambda: open_screen.closed_with)
    assert open_screen.closed_with == [4401]
    await open_screen.task


async def test_it_stays_while_the_session_holds_and_counts_as_its_use(
    screen: Any, auth: AuthServices, clock: Any, eventually: Any
) -> None:
    open_screen = screen()
    for hour in range(6):
        clock.advance(1800)
        open_screen.say(str(hour))
        await eventually(lambda hour=hour: str(hour) in open_screen.texts)
        await eventually(lambda: _is_used_now(auth))
    assert open_screen.closed_with == []
    clock.advance(12 * 3600)
    await eventually(lambda: open_screen.closed_with == [4401])
    await open_screen.task
