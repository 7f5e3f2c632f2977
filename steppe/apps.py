"""The web applications: routes of every surface over the parts that composition put together."""

from collections.abc import Mapping, Sequence

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from core.auth.services import AuthServices
from core.health import Check
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.routes import DASHBOARD_ROUTES
from mobile_api.routes import MOBILE_ROUTES
from steppe.bodies import read_body
from steppe.described import openapi_document
from steppe.methods import MethodsTold
from steppe.pages import COMPRESSION, no_such_page, page_routes
from steppe.probes import probe_routes


class ApiParts(Struct, frozen=True, kw_only=True):
    """What the api app is made of; `provided` are the dependencies of routes by name."""

    surfaces: Sequence[ControllerRouterHandler] = (*DASHBOARD_ROUTES, *MOBILE_ROUTES)

    auth: AuthServices
    checks: Mapping[str, Check]
    provided: Mapping[str, object]
    max_body_bytes: int = 262_144
    more_routes: Sequence[ControllerRouterHandler] = ()


def create_api(parts: ApiParts) -> Litestar:
    """Return the app that residents, merchants, staff and agencies use, with the web pages."""
    return Litestar(
        route_handlers=[
            *parts.surfaces,
            *parts.more_routes,
            openapi_document,
            *probe_routes(parts.checks),
            *page_routes(),
        ],
        dependencies={name: _given(value) for name, value in parts.provided.items()},
        plugins=[parts.auth.plugin()],
        exception_handlers={**EXCEPTION_HANDLERS, NotFoundException: no_such_page()},
        before_request=read_body,
        middleware=[MethodsTold()],
        request_max_body_size=parts.max_body_bytes,
        compression_config=COMPRESSION,
        openapi_config=None,
        logging_config=None,
    )


def _given(value: object) -> Provide:
    def provide() -> object:
        return value

    return Provide(provide, sync_to_thread=False)
