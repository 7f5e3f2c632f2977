"""The walk finds what it is there to find: proved on a small app with mistakes in it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar, WebSocket, get, post, websocket
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from core.auth.credentials import Credentials
from core.auth.guards import Requires, public, requires
from core.auth.litestar import AuthPlugin
from core.auth.principal import Principal
from core.auth.roles import Role, Scope
from core.errors import Unauthenticated
from core.problem_http import EXCEPTION_HANDLERS
from tests.integration.access.walk import Unguarded, open_socket, routes_of, walk


async def _role_by_bearer(credentials: Credentials) -> Principal:
    if credentials.bearer not in set(Role):
        raise Unauthenticated("token-invalid")
    role = Role(credentials.bearer)
    soon = datetime.now(UTC) + timedelta(hours=1)
    return Principal(kind="internal", id=role, name=role, role=role, expires_at=soon)


async def _headers() -> Mapping[Role, Mapping[str, str]]:
    return {role: {"authorization": f"Bearer {role.value}"} for role in Role}


@get("/api/vehicles/{number:int}", guards=[requires(Scope.VEHICLES_READ)], sync_to_thread=False)
def vehicle(number: FromPath[int]) -> str:
    return "a vehicle"


@post("/api/commands", guards=[requires(Scope.VEHICLES_COMMAND)], sync_to_thread=False)
def command() -> str:
    return "a command"


@get("/api/config", guards=[public], sync_to_thread=False)
def config() -> str:
    return "open"


@websocket("/api/live", guards=[requires(Scope.LIVE_READ)])
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.close()


def _app(*more: ControllerRouterHandler) -> Litestar:
    return Litestar(
        [vehicle, command, config, live, *more],
        plugins=[AuthPlugin(_role_by_bearer)],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


async def test_an_app_whose_guards_are_right_has_nothing_to_say() -> None:
    assert await walk(_app(), _headers, {}) == []
    assert [str(route) for route in routes_of(_app()) if route.scope is None] == ["GET /api/config"]


def test_a_route_without_a_guard_fails_the_walk() -> None:
    @get("/api/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "secret"

    with pytest.raises(Unguarded, match="GET /api/forgotten has 0 scopes and is not public"):
        routes_of(_app(forgotten))


def test_a_route_that_is_guarded_and_public_fails_the_walk() -> None:
    @get("/api/both", guards=[public, requires(Scope.AUDIT_READ)], sync_to_thread=False)
    def both() -> str:
        return "?"

    with pytest.raises(Unguarded, match="1 scopes and is public"):
        routes_of(_app(both))


async def test_a_guard_that_lets_the_wrong_role_in_is_named() -> None:
    class Careless(Requires):
        async def __call__(self, connection: Any, handler: Any) -> None:
            if connection.scope.get("user") is None:
                await super().__call__(connection, handler)

    @get("/api/audit", guards=[Careless(Scope.AUDIT_READ)], sync_to_thread=False)
    def audit() -> str:
        return "everything"

    wrong = await walk(_app(audit), _headers, {})
    assert "GET /api/audit as resident: in, not 403" in wrong
    assert not any("as nobody" in line or "as supervisor" in line for line in wrong)


async def test_a_foreign_page_gets_no_socket_and_a_refused_one_gets_its_code() -> None:
    app = _app()
    assert await open_socket(app, "/api/live", {"authorization": "Bearer dispatcher"}) == [1, 1000]
    assert await open_socket(app, "/api/live", {}) == [1, 4401]
    assert await open_socket(app, "/api/live", {"authorization": "Bearer resident"}) == [1, 4403]
    foreign = {"cookie": "steppe_session=st_x", "origin": "https://evil.test"}
    assert await open_socket(app, "/api/live", foreign) == [4403]
