"""OPTIONS on any address of the api: which methods it answers, and nothing else."""

from litestar.enums import HttpMethod, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.status_codes import HTTP_204_NO_CONTENT
from litestar.types import ASGIApp, Receive, Scope, Send


class MethodsTold(ASGIMiddleware):
    """Answers OPTIONS to anybody. No CORS header comes with it: pages of other sites may not ask us.

    The framework's own answer names the methods of the first handler only where an address has several, and
    stands behind the guard where a whole controller has one.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer OPTIONS, pass everything else on."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.OPTIONS:
            await next_app(scope, receive, send)
            return
        allow = ", ".join(_methods_at(scope)).encode()
        headers = [(b"allow", allow)]
        await send({"type": "http.response.start", "status": HTTP_204_NO_CONTENT, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _methods_at(scope: Scope) -> list[str]:
    routes = [route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute)]
    here = [route for route in routes if route.path_format == scope["path_template"]]
    return sorted({str(method) for route in here for method in route.methods})
