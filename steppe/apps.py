"""The web applications: routes of every surface over the parts that composition put together."""

from collections.abc import Mapping, Sequence

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Contact, License
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from core.auth.services import AuthServices
from core.health import Check
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.routes import DASHBOARD_ROUTES
from mobile_api.routes import MOBILE_ROUTES
from steppe.pages import page_routes
from steppe.probes import probe_routes

VERSION = "0.1.0"

OPENAPI = OpenAPIConfig(
    title="Steppe",
    version=VERSION,
    summary="Operations of a city's low-speed unmanned vehicles",
    contact=Contact(name="The Steppe authors"),
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    path="/api/schema",
    render_plugins=[JsonRenderPlugin()],
    use_handler_docstrings=True,
)


class ApiParts(Struct, frozen=True, kw_only=True):
    """What the api app is made of; `provided` are the dependencies of routes by name."""

    auth: AuthServices
    checks: Mapping[str, Check]
    provided: Mapping[str, object]
    max_body_bytes: int = 262_144
    more_routes: Sequence[ControllerRouterHandler] = ()


def create_api(parts: ApiParts) -> Litestar:
    """Return the app that residents, merchants, staff and agencies use, with the web pages."""
    return Litestar(
        route_handlers=[
            *DASHBOARD_ROUTES,
            *MOBILE_ROUTES,
            *parts.more_routes,
            *probe_routes(parts.checks),
            *page_routes(),
        ],
        dependencies={name: _given(value) for name, value in parts.provided.items()},
        plugins=[parts.auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=parts.max_body_bytes,
        openapi_config=OPENAPI,
        logging_config=None,
    )


def _given(value: object) -> Provide:
    def provide() -> object:
        return value

    return Provide(provide, sync_to_thread=False)
