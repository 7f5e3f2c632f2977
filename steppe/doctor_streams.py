"""What `steppe doctor` says about the streams server: that it answers, and whether a cluster can accept."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import NoPermissionError

from core.errors import Unavailable
from core.redis import REDIS_DOWN, RedisCluster, connect_streams, ping

_COVERAGE = "cluster-require-full-coverage"


class StreamsSeen(Struct, frozen=True, kw_only=True):
    """What was seen; `advice` is empty when all is well."""

    detail: str
    advice: str = ""


async def look_at_streams(url: str) -> StreamsSeen:
    """Ask the streams server, or one node of a cluster for its view. Raises Unavailable or ValueError."""
    client = connect_streams(url, retries=0)
    try:
        if not isinstance(client, RedisCluster):
            await ping(client)
            return StreamsSeen(detail="answers")
        return await _cluster(client)
    finally:
        await client.aclose()


async def _cluster(client: RedisCluster) -> StreamsSeen:
    """Ask the first node that answers: one of six that is away is not the cluster."""
    try:
        await client.initialize()
    except REDIS_DOWN as error:
        raise Unavailable("redis-unavailable", str(error)) from error
    for node in client.get_nodes():
        try:
            slots: Any = await client.cluster_slots(target_nodes=node)
            return _of_cluster(slots, await _stops_together(client, node))
        except REDIS_DOWN:
            continue
    raise Unavailable("redis-unavailable", "no node of the cluster answers")


async def _stops_together(client: RedisCluster, node: ClusterNode) -> bool:
    """Say whether one missing primary would stop the others; unknown where CONFIG is not allowed."""
    try:
        found: Any = await client.config_get(_COVERAGE, target_nodes=node)
    except NoPermissionError:
        return False
    return dict(found).get(_COVERAGE) == "yes"


def _of_cluster(slots: Mapping[Any, Mapping[str, Any]], is_all_or_nothing: bool) -> StreamsSeen:
    replicas: dict[tuple[str, int], int] = {}
    for row in slots.values():
        host, port, *_ = row["primary"]
        replicas[host, port] = len(row["replicas"])
    alone = [f"{host}:{port}" for (host, port), count in replicas.items() if not count]
    detail = f"a cluster of {len(replicas)} primaries, {sum(replicas.values())} replicas"
    if alone:
        advice = "a primary without a replica accepts no frame: start or add one (docs/operations.md)"
        return StreamsSeen(detail=f"{detail}; none at {', '.join(alone)}", advice=advice)
    if is_all_or_nothing:
        advice = "set cluster-require-full-coverage no: one primary that is away would stop them all"
        return StreamsSeen(detail=detail, advice=advice)
    return StreamsSeen(detail=detail)
