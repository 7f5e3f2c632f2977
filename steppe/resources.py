"""What every process opens first: settings, clock, database, Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core import crashpoints
from core.auth.configured import secret_keys
from core.clock import Clock
from core.database import Database
from core.privacy.encrypted import install_keys
from core.redis import Redis, StreamsRedis, connect, connect_streams
from core.settings import Settings, SettingsError, load, process_environment


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Open stores of one process and one event loop; `streams` may be the same server as `redis`."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis
    streams: StreamsRedis


def clock_of(settings: Settings) -> Clock:
    """Return the city's clock: the wall's unless the settings name an origin."""
    time = settings.time
    if time.origin_wall is None or time.origin_city is None:
        return Clock.real()
    return Clock(time.origin_wall, time.origin_city, time.rate)


def redis_url_of(settings: Settings) -> str:
    """Return the Redis address; SettingsError when a lone process was given none.

    The supervisor of ``steppe up`` and ``steppe demo`` starts the embedded server and sets it.
    """
    if settings.redis.url is None:
        raise SettingsError(
            "STEPPE_REDIS__URL is not set: a single process needs a running Redis or Valkey;"
            " `steppe up` starts an embedded one for all processes"
        )
    return settings.redis.url


def secret(settings: Settings, name: str) -> str:
    """Return a secret of ``settings.security``; load() has checked that every one is there."""
    value = getattr(settings.security, name)
    assert isinstance(value, str), f"{name} is filled by load()"
    return value


def _streams_of(url: str) -> StreamsRedis:
    try:
        return connect_streams(url)
    except ValueError as error:
        raise SettingsError(f"STEPPE_REDIS__STREAMS_URL: {error}") from None


@asynccontextmanager
async def open_resources(settings: Settings | None = None) -> AsyncIterator[Resources]:
    """Open the stores of this process and close them at the end.

    Raises SettingsError for a wrong environment and Unavailable when the database does not answer; Redis is
    not waited for, because a process without it is alive, though not ready.
    """
    settings = settings or load(process_environment())
    crashpoints.arm(settings.crash.point, settings.crash.after)
    install_keys(secret_keys(settings.security))
    url = redis_url_of(settings)
    database = await Database.open(
        settings.database_url,
        pool_size=settings.database.pool_size,
        busy_timeout_s=settings.database.busy_timeout_s,
    )
    redis = connect(url)
    streams = _streams_of(settings.redis.streams_url or url)
    try:
        yield Resources(
            settings=settings, clock=clock_of(settings), database=database, redis=redis, streams=streams
        )
    finally:
        await streams.aclose()
        await redis.aclose()
        await database.close()
