"""Health and metrics of the processes that serve HTTP anyway."""

from collections.abc import Awaitable, Callable, Mapping

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from core import metrics
from core.auth.guards import public
from core.errors import Unavailable
from core.health import Check, Readiness, readiness
from core.redis import REDIS_DOWN, Redis
from steppe.resources import Resources


def redis_answers(client: Redis) -> Check:
    """Return the check that a Redis answers; its failure reads ``redis-unavailable``."""

    async def check() -> None:
        try:
            await client.ping()
        except REDIS_DOWN as error:
            raise Unavailable("redis-unavailable") from error

    return check


def store_checks(resources: Resources) -> dict[str, Check]:
    """Return the checks that every process has: its database and its Redis answer."""
    checks: dict[str, Callable[[], Awaitable[None]]] = {
        "database": resources.database.ping,
        "redis": redis_answers(resources.redis),
    }
    if resources.settings.redis.streams_url is not None:
        checks["streams"] = redis_answers(resources.streams)
    return checks


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
