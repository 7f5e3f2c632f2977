"""The telemetry streams and the blobs beside them, on one node or on a cluster."""

from core.redis import Redis
from fleet.telemetry.streams.one_node import OneNode
from fleet.telemetry.streams.port import Appended, BlobRow, Look, Part, Streams

__all__ = ["Appended", "BlobRow", "Look", "Part", "Streams", "streams_of"]


def streams_of(client: Redis) -> Streams:
    """Return the streams behind a client of the streams server."""
    return OneNode(client)
