"""The plugin that turns a cookie or a bearer token into a principal, for HTTP and WebSocket alike."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from litestar.config.app import AppConfig
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.middleware import ASGIMiddleware
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send

from core.auth.cookies import cookie_values
from core.auth.credentials import Credentials, Identify
from core.auth.open_sockets import RECHECK_S, StillHolds, WatchedSocket, accepted_before_closed
from core.auth.origin import SAFE_METHODS, is_own_origin
from core.auth.principal import Principal
from core.errors import Forbidden, Unauthenticated
from core.problems import close_code

_GUARDED_PREFIXES = ("/api/", "/v1/")
"""Below these a principal is looked for; pages and their assets cost no look-up."""


class _IdentityMiddleware(ASGIMiddleware):
    """Checks the origin, then puts ``user`` (Principal | None) and ``auth`` (the refusal | None) in scope."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(
        self,
        identify: Identify,
        allowed_origins: frozenset[str],
        still_holds: StillHolds | None,
        recheck_s: float,
    ) -> None:
        self._identify = identify
        self._allowed_origins = allowed_origins
        self._still_holds = still_holds
        self._recheck_s = recheck_s

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["user"] = scope["auth"] = None
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        credentials = credentials_of(connection)
        if credentials.bearer is None:
            self._check_origin(connection)
        has_shown = credentials.bearer is not None or bool(credentials.sessions)
        if has_shown and scope["path"].startswith(_GUARDED_PREFIXES):
            try:
                scope["user"] = await self._identify(credentials)
            except Unauthenticated as refusal:
                # A stale cookie must not close the public routes: the guard decides whether this matters.
                scope["auth"] = refusal
        if scope["type"] == ScopeType.WEBSOCKET:
            await self._serve_socket(scope, receive, accepted_before_closed(send), next_app)
        else:
            await next_app(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        principal: Principal | None = scope["user"]
        if principal is None or self._still_holds is None:
            await next_app(scope, receive, send)
            return
        socket = WatchedSocket(principal, self._still_holds, receive, send)
        watching = asyncio.create_task(socket.watch(self._recheck_s))
        try:
            await next_app(scope, socket.receive, socket.send)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _check_origin(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        is_socket = connection.scope["type"] == ScopeType.WEBSOCKET
        if not is_socket and connection.scope.get("method") in SAFE_METHODS:
            return
        if is_own_origin(connection.headers, allowed=self._allowed_origins):
            return
        if is_socket:
            raise WebSocketException(detail="origin-refused", code=close_code("origin-refused"))
        raise Forbidden("origin-refused")


def credentials_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Credentials:
    """Return what a connection showed. A bearer token silences cookies: one request, one principal."""
    header = connection.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer":
        return Credentials(bearer=token.strip(), sessions=())
    return Credentials(bearer=None, sessions=cookie_values(connection.cookies, connection.scope["path"]))


async def provide_principal(scope: Scope) -> Principal:
    """Return the principal of the connection; raise Unauthenticated on a public route called by nobody."""
    principal: Principal | None = scope["user"]
    if principal is None:
        raise Unauthenticated()
    return principal


async def provide_caller(scope: Scope) -> Principal | None:
    """Return the principal, or None when nobody is signed in: for public routes that answer by role."""
    caller: Principal | None = scope["user"]
    return caller


class AuthPlugin(InitPlugin):
    """Adds the identity middleware and the dependencies `principal` and `caller` to an app."""

    def __init__(
        self,
        identify: Identify,
        *,
        allowed_origins: frozenset[str] = frozenset(),
        provides: Mapping[str, Callable[..., object]] | None = None,
        still_holds: StillHolds | None = None,
        recheck_s: float = RECHECK_S,
    ) -> None:
        """Take who knows tokens, further origins of our own pages, and more dependencies by name.

        With `still_holds` every open WebSocket is closed with 4401 within `recheck_s` of its session's end.
        """
        self._middleware = _IdentityMiddleware(identify, allowed_origins, still_holds, recheck_s)
        self._provides = dict(provides or {})

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put identity outermost, before whatever middleware the app lists."""
        app_config.middleware.insert(0, self._middleware)
        app_config.dependencies.setdefault("principal", Provide(provide_principal))
        app_config.dependencies.setdefault("caller", Provide(provide_caller))
        for name, provider in self._provides.items():
            app_config.dependencies.setdefault(name, Provide(provider, sync_to_thread=False))
        return app_config
