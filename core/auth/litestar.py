"""The plugin that turns a cookie or a bearer token into a principal, for HTTP and WebSocket alike."""

from collections.abc import Callable, Mapping
from typing import Any

from litestar.config.app import AppConfig
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.middleware import ASGIMiddleware
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from core.auth.cookies import cookie_values
from core.auth.credentials import Credentials, Identify
from core.auth.origin import SAFE_METHODS, is_own_origin
from core.auth.principal import Principal
from core.errors import Forbidden, Unauthenticated
from core.problems import close_code

_GUARDED_PREFIXES = ("/api/", "/v1/")
"""Below these a principal is looked for; pages and their assets cost no look-up."""


class _IdentityMiddleware(ASGIMiddleware):
    """Checks the origin, then puts ``user`` (Principal | None) and ``auth`` (the refusal | None) in scope."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(self, identify: Identify, allowed_origins: frozenset[str]) -> None:
        self._identify = identify
        self._allowed_origins = allowed_origins

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
            send = _close_so_that_browsers_see_it(send)
        await next_app(scope, receive, send)

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


def _close_so_that_browsers_see_it(send: Send) -> Send:
    """Accept a refused socket before closing it: a browser reads the 44xx code only of an accepted one.

    A foreign origin never comes here (it is refused before the accept and learns nothing).
    """
    accepted = False

    async def wrapped(message: Message) -> None:
        nonlocal accepted
        if message["type"] == "websocket.accept":
            accepted = True
        elif message["type"] == "websocket.close" and not accepted:
            accepted = True
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        await send(message)

    return wrapped


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
    ) -> None:
        """Take who knows tokens, further origins of our own pages, and more dependencies by name."""
        self._identify = identify
        self._allowed_origins = allowed_origins
        self._provides = dict(provides or {})

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put identity outermost, before whatever middleware the app lists."""
        app_config.middleware.insert(0, _IdentityMiddleware(self._identify, self._allowed_origins))
        app_config.dependencies.setdefault("principal", Provide(provide_principal))
        app_config.dependencies.setdefault("caller", Provide(provide_caller))
        for name, provider in self._provides.items():
            app_config.dependencies.setdefault(name, Provide(provider, sync_to_thread=False))
        return app_config
