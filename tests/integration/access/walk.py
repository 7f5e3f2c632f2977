"""Walking an app: every route from its own table, every role with real credentials, what came back."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx
from litestar import Litestar
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute, WebSocketRoute

from core.auth.cookies import cookies_for
from core.auth.guards import Public, Requires
from core.auth.roles import ROLE_SCOPES, Role, Scope

Headers = Mapping[str, str]
FRAMEWORK_PATHS = ("/schema", "/api/schema")
"""The OpenAPI document and its reader are Litestar's own routes and public."""

QUIET_S = 0.5
"""A live feed that says nothing for so long has sent its snapshots."""


@dataclass(frozen=True)
class WalkedRoute:
    """One method of one path; `scope` is None for the public ones."""

    method: str
    path: str
    scope: Scope | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, values: Mapping[str, str]) -> str:
        """Return the path with its parameters replaced; one nobody knows for a parameter without a value."""
        parts = (
            values.get(part[1:-1].split(":")[0], "1") if part.startswith("{") else part
            for part in self.path.split("/")
        )
        return "/".join(parts) or "/"


class Unguarded(AssertionError):
    """A route that is neither guarded by a scope nor marked public, or is both."""


def routes_of(app: Litestar) -> list[WalkedRoute]:
    """Return every route of an app; raise Unguarded for one that nobody thought about."""
    found = [
        WalkedRoute(method, path, _scope_of(handler, f"{method} {path}"))
        for path, method, handler in _handlers(app)
    ]
    return sorted(found, key=str)


def _handlers(app: Litestar) -> Iterator[tuple[str, str, BaseRouteHandler]]:
    for route in app.routes:
        if route.path.startswith(FRAMEWORK_PATHS):
            continue
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                # Litestar answers OPTIONS by itself, with the list of methods and nothing else.
                methods = handler.http_methods - {"OPTIONS"}
                yield from ((route.path_format, str(method), handler) for method in sorted(methods))
        elif isinstance(route, WebSocketRoute):
            yield route.path_format, "WS", route.route_handler
        else:
            yield route.path_format, "ASGI", route.route_handler


def _scope_of(handler: BaseRouteHandler, name: str) -> Scope | None:
    guards = handler.resolve_guards()
    scopes = [guard.scope for guard in guards if isinstance(guard, Requires)]
    is_public = any(isinstance(guard, Public) for guard in guards)
    if len(scopes) + is_public != 1:
        raise Unguarded(f"{name} has {len(scopes)} scopes and is {'' if is_public else 'not '}public")
    return scopes[0] if scopes else None


async def knock(app: Litestar, route: WalkedRoute, headers: Headers, values: Mapping[str, str]) -> str:
    """Return what a caller gets at a route: ``401``, ``403``, or ``in`` for anything past the guard.

    Called with an empty body: whoever passes the guard is told that the body is wrong, and nothing happens.
    """
    if route.method == "WS":
        return await _knock_socket(app, route.address(values), headers)
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as client:
        answer = await client.request(route.method, route.address(values), headers=dict(headers))
    if answer.status_code == 401:
        return "401"
    if answer.status_code == 403 and answer.json().get("code") == "forbidden":
        return "403"
    assert answer.status_code < 500 or answer.status_code == 503, f"{route}: {answer.text}"
    return "in"


async def _knock_socket(app: Litestar, path: str, headers: Headers) -> str:
    codes = await open_socket(app, path, headers)
    return {4401: "401", 4403: "403"}.get(codes[-1] if codes else 0, "in")


async def open_socket(app: Litestar, path: str, headers: Headers) -> list[int]:
    """Open a WebSocket and leave at once; return 1 for an accept and the code of each close, in order."""
    heard: list[int] = []
    incoming = [{"type": "websocket.connect"}]

    async def receive() -> dict[str, Any]:
        return incoming.pop() if incoming else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            heard.append(1)
        elif message["type"] == "websocket.close":
            heard.append(int(message.get("code", 1000)))

    await cast(Any, app)(_socket_scope(path, headers), receive, send)
    return heard


async def hear_socket(app: Litestar, path: str, headers: Headers, topics: tuple[str, ...]) -> str:
    """Subscribe to topics of a live feed and return everything it says until each sent its snapshot."""
    said: list[str] = []
    subscribed = {"type": "websocket.receive", "text": json.dumps({"type": "subscribe", "topics": topics})}
    waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for message in ({"type": "websocket.connect"}, subscribed):
        waiting.put_nowait(message)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send" and message.get("text"):
            said.append(message["text"])
            quiet.set()

    quiet = asyncio.Event()
    serving = asyncio.ensure_future(cast(Any, app)(_socket_scope(path, headers), waiting.get, send))
    try:
        while not serving.done():
            quiet.clear()
            async with asyncio.timeout(QUIET_S):
                await quiet.wait()
    except TimeoutError:
        waiting.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await serving
    return "\n".join(said)


def _socket_scope(path: str, headers: Headers) -> dict[str, Any]:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (name.encode(), value.encode()) for name, value in {"host": "steppe.test", **headers}.items()
        ],
        "client": ("127.0.0.1", 5000),
        "server": ("steppe.test", 80),
        "subprotocols": [],
        "state": {},
        "extensions": {},
    }


def expected(route: WalkedRoute, role: Role | None) -> str:
    """Return what a role must get at a route; None is nobody."""
    if route.scope is None:
        return "in"
    if role is None:
        return "401"
    return "in" if route.scope in ROLE_SCOPES[role] else "403"


async def walk(
    app: Litestar,
    headers_of: Callable[[], Awaitable[Mapping[Role, Headers]]],
    values: Mapping[str, str],
    *,
    unknown_here: frozenset[Role] = frozenset(),
) -> list[str]:
    """Knock at every route as nobody and as every role; return a line for each answer that differs.

    `headers_of` gives fresh credentials for each route that may end them. Roles in `unknown_here` hold
    credentials of another process and must be nobody.
    """
    wrong: list[str] = []
    credentials = await headers_of()
    for route in routes_of(app):
        if route.method not in ("GET", "WS"):
            credentials = await headers_of()
        for role in (None, *Role):
            headers = {} if role is None else credentials[role]
            unknown = role in unknown_here or not _counts_on(route.address(values), headers)
            seen_as = None if unknown else role
            got, want = await knock(app, route, headers, values), expected(route, seen_as)
            if got != want:
                wrong.append(f"{route} as {role.value if role else 'nobody'}: {got}, not {want}")
    return wrong


def _counts_on(path: str, headers: Headers) -> bool:
    """Return whether a cookie is of the kind that proves somebody on a path: a staff session is none of a
    resident, and a link's cookie is good below its order only."""
    name = headers.get("cookie", "").partition("=")[0]
    return not name or name in cookies_for(path)
