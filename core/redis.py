"""Clients of Redis or Valkey, with retries that are written down.

redis-py's default re-sends a command after a lost reply for `Redis()` and never for `from_url()`
(libraries.md, pin 3). Here it is explicit, so every write through these clients is at-least-once:
use commands that may arrive twice.
"""

from typing import Any

import redis as sync_redis
import redis.asyncio as async_redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry as SyncRetry

from core.errors import Unavailable

CONNECT_TIMEOUT_S = 2.0
REPLY_TIMEOUT_S = 5.0
"""A reply later than this is treated as lost; blocking reads must ask for less."""
RETRIES = 3
BACKOFF_BASE_S, BACKOFF_CAP_S = 0.05, 0.5
"""Three tries within about 0.35 s: an embedded server is restarted in 0.2–0.7 s, callers try again."""

Redis = async_redis.Redis
"""The asyncio client; every value is bytes unless `text` was asked for."""

REDIS_DOWN: tuple[type[Exception], ...] = (RedisConnectionError, RedisTimeoutError)
"""What a Redis call raises when the server is away."""


BusyLoading = BusyLoadingError
"""What a server raises that lives and still loads its data."""


def _shared(text: bool, retries: int, reply_timeout_s: float | None) -> dict[str, Any]:
    return {
        "decode_responses": text,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": reply_timeout_s,
        "retry_on_error": [RedisConnectionError, RedisTimeoutError, OSError] if retries else [],
    }


def connect(
    url: str, *, text: bool = False, retries: int = RETRIES, reply_timeout_s: float | None = REPLY_TIMEOUT_S
) -> Redis:
    """Return an asyncio client; no connection is made until it is used. Close it with `aclose()`.

    url: redis://host:port/0 or unix:///path?db=0. `retries` 20 suits a subscriber that must live through a
    restart of the server; 0 gives at-most-once. Calls raise one of REDIS_DOWN when the server is away.
    """
    retry = AsyncRetry(ExponentialBackoff(cap=BACKOFF_CAP_S, base=BACKOFF_BASE_S), retries)
    return async_redis.Redis.from_url(url, retry=retry, **_shared(text, retries, reply_timeout_s))


def connect_sync(
    url: str, *, text: bool = False, retries: int = RETRIES, reply_timeout_s: float | None = REPLY_TIMEOUT_S
) -> sync_redis.Redis:
    """Return a blocking client, for RQ and for threads; see connect()."""
    retry = SyncRetry(ExponentialBackoff(cap=BACKOFF_CAP_S, base=BACKOFF_BASE_S), retries)
    return sync_redis.Redis.from_url(url, retry=retry, **_shared(text, retries, reply_timeout_s))


def is_outage(error: BaseException) -> bool:
    """Say whether an error means that a store is away, so that the same call may be made again later."""
    return isinstance(error, Unavailable | RedisConnectionError | RedisTimeoutError | OSError)


async def ping(client: Redis) -> None:
    """Return when the server answers; raise Unavailable otherwise."""
    try:
        await client.ping()
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise Unavailable("redis-unavailable", retry_after_s=2) from error
