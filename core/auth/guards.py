"""Guards: every route carries one, `requires(scope)` or the marker `public`; a generated test holds it."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.handlers import BaseRouteHandler

from core.auth.principal import Principal
from core.auth.roles import Scope
from core.errors import Forbidden, SteppeError, Unauthenticated
from core.problems import close_code


class Requires:
    """A guard that lets a principal through whose role holds the scope, over HTTP and WebSocket."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Raise Unauthenticated without a principal, Forbidden when its role lacks the scope."""
        principal: Principal | None = connection.scope.get("user")
        if principal is None:
            raise _spoken(connection, _why_anonymous(connection))
        if not principal.may(self.scope):
            error = Forbidden(
                "forbidden",
                f"The role {principal.role.value} does not include {self.scope.value}.",
                scope=self.scope.value,
                role=principal.role.value,
            )
            raise _spoken(connection, error)

    def __repr__(self) -> str:
        return f"requires({self.scope.value})"


class Public:
    """The marker of a route that anybody may call; a test lists them by name."""

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Let everybody through."""

    def __repr__(self) -> str:
        return "public"


public = Public()


def requires(scope: Scope) -> Requires:
    """Return the guard for one scope: ``@get("/x", guards=[requires(Scope.VEHICLES_READ)])``."""
    return Requires(scope)


def _why_anonymous(connection: ASGIConnection[Any, Any, Any, Any]) -> SteppeError:
    refusal = connection.scope.get("auth")
    if isinstance(refusal, SteppeError):
        return refusal
    return Unauthenticated()


def _spoken(connection: ASGIConnection[Any, Any, Any, Any], error: SteppeError) -> Exception:
    """Return the error in the transport's own words: Litestar closes a WebSocket with 4500 for any other."""
    if connection.scope["type"] == ScopeType.WEBSOCKET:
        return WebSocketException(detail=error.code, code=close_code(error.code))
    return error
