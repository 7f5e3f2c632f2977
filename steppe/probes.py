"""Health and metrics of the processes that serve HTTP anyway."""

from collections.abc import Mapping

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from core import metrics
from core.auth.guards import public
from core.health import Check, Readiness, readiness


def probe_routes(checks: Mapping[str, Check]) -> list[HTTPRouteHandler]:
    """Return ``/health/live``, ``/health/ready`` (503 while a check fails) and ``/metrics``."""

    @get("/health/live", guards=[public], include_in_schema=False, sync_to_thread=False)
    def live() -> dict[str, bool]:
        return {"live": True}

    @get("/health/ready", guards=[public], include_in_schema=False)
    async def ready() -> Response[Readiness]:
        state = await readiness(checks)
        return Response(state, status_code=200 if state.ready else 503)

    @get("/metrics", guards=[public], include_in_schema=False, sync_to_thread=False)
    def prometheus() -> Response[bytes]:
        return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)

    return [live, ready, prometheus]
