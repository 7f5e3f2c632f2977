"""Clients of Redis or Valkey, with retries that are written down.

redis-py's default re-sends a command after a lost reply for `Redis()` and never for `from_url()`
(libraries.md, pin 3). Here it is explicit, so every write through these clients is at-least-once:
use commands that may arrive twice.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

import redis as sync_redis
import redis.asyncio as async_redis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import AskError, BusyLoadingError, ClusterError, RedisClusterException, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig
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

RedisCluster = async_redis.RedisCluster
"""The asyncio client of a cluster; see connect_streams()."""

type StreamsRedis = Redis | RedisCluster
"""A client of the streams server, which may be a cluster."""

REDIS_DOWN: tuple[type[Exception], ...] = (
    RedisConnectionError,
    RedisTimeoutError,
    ClusterError,
    RedisClusterException,
    AskError,
    TryAgainError,
)
"""What a Redis call raises when the server is away, or the node of a cluster that has the key: a slot that
nobody holds, or that moved more often than the client followed."""

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)

CLUSTER_SCHEMES = ("redis-cluster://", "rediss-cluster://")
CLUSTER_PORT = 6379


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


def connect_streams(
    url: str, *, retries: int = RETRIES, reply_timeout_s: float | None = REPLY_TIMEOUT_S
) -> StreamsRedis:
    """Return an asyncio client of the streams server: of a cluster for redis-cluster://, else as connect().

    url: redis-cluster://[user:password@]host:port,host:port,… (rediss-cluster:// with TLS); one of the nodes
    must answer, the others are learnt from it. Raises ValueError for an address that names no node.
    """
    if not url.startswith(CLUSTER_SCHEMES):
        return connect(url, retries=retries, reply_timeout_s=reply_timeout_s)
    scheme, user, password, nodes = _cluster_address(url)
    # the client itself tries `retries` times and asks for the nodes anew between
    retry = AsyncRetry(ExponentialBackoff(cap=BACKOFF_CAP_S, base=BACKOFF_BASE_S), retries)
    return RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in nodes],
        username=user,
        password=password,
        ssl=scheme == "rediss-cluster",
        retry=retry,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=reply_timeout_s,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def _cluster_address(url: str) -> tuple[str, str | None, str | None, list[tuple[str, int]]]:
    scheme, _, rest = url.partition("://")
    login, _, hosts = rest.rpartition("@")
    user, _, password = login.partition(":")
    nodes = []
    for one in hosts.rstrip("/").split(","):
        parts = urlsplit(f"//{one.strip()}")
        if not parts.hostname or parts.path or parts.query:
            raise ValueError(f"no node of a cluster: {one!r}; write host:port,host:port")
        nodes.append((parts.hostname, parts.port or CLUSTER_PORT))
    return scheme, unquote(user) or None, unquote(password) or None, nodes


def is_outage(error: BaseException) -> bool:
    """Say whether an error means that a store is away, so that the same call may be made again later."""
    return isinstance(error, (Unavailable, *_AWAY))


async def ping(client: StreamsRedis) -> None:
    """Return when the server answers; raise Unavailable otherwise."""
    try:
        await client.ping()
    except _AWAY as error:
        raise Unavailable("redis-unavailable", retry_after_s=2) from error
