"""The telemetry streams and the blobs beside them, on one node or on a cluster."""

from core.redis import RedisCluster, StreamsRedis
from fleet.telemetry.streams.cluster import ClusterStreams
from fleet.telemetry.streams.one_node import OneNode
from fleet.telemetry.streams.port import Appended, BlobRow, Look, Part, Streams

__all__ = ["Appended", "BlobRow", "Look", "Part", "Streams", "streams_of"]


def streams_of(client: StreamsRedis) -> Streams:
    """Return the streams behind a client of the streams server."""
    return ClusterStreams(client) if isinstance(client, RedisCluster) else OneNode(client)
