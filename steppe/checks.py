"""When a process can work: the checks behind ``/health/ready``. Imports no web framework."""

from core.errors import Unavailable
from core.health import Check
from core.redis import REDIS_DOWN, StreamsRedis
from steppe.resources import Resources


def redis_answers(client: StreamsRedis) -> Check:
    """Return the check that a Redis answers; its failure reads ``redis-unavailable``."""

    async def check() -> None:
        try:
            await client.ping()
        except REDIS_DOWN as error:
            raise Unavailable("redis-unavailable") from error

    return check


def store_checks(resources: Resources) -> dict[str, Check]:
    """Return the checks that every process has: its database and its Redis answer."""
    checks: dict[str, Check] = {
        "database": resources.database.ping,
        "redis": redis_answers(resources.redis),
    }
    if resources.settings.redis.streams_url is not None:
        checks["streams"] = redis_answers(resources.streams)
    return checks
