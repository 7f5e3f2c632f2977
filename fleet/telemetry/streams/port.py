"""What gateway and tracker ask of the streams server; one node and a cluster answer it each in a file."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

type Part = tuple[int, list[tuple[bytes, dict[bytes, bytes]]]]
"""A partition and its entries, (id, fields) in their order; never empty."""


class Appended(msgspec.Struct, frozen=True, gc=False):
    """A judged batch as bytes: the records lie partition after partition."""

    partitions: tuple[int, ...]
    """Partitions that get an entry, ascending."""
    sizes: list[int]
    """Bytes of positions and bytes of status of each partition, in turn: [p0, s0, p1, s1, …]."""
    received: bytes
    """The value of the entries' time field."""
    positions: bytes
    status: bytes


class BlobRow(msgspec.Struct, frozen=True, gc=False):
    """One partition's blob, header and memory, as they are stored."""

    partition: int
    epoch: int
    position: bytes
    tick: int
    at_ms: int
    state: bytes
    memory: bytes


class Look(msgspec.Struct, frozen=True, gc=False):
    """How full the streams are, and what the archiver has on disk."""

    longest: int
    """Entries of the fullest partition."""
    durable: dict[int, bytes]
    """Partition → last entry that is fsynced."""


class Streams(Protocol):
    """The streams server. Every method raises one of REDIS_DOWN or OSError when nothing of it answers."""

    async def append(self, batch: Appended) -> dict[int, bytes]:
        """Append one entry to each of the batch's partitions; return the ids of those that were accepted.

        A partition is missing when its entry may be lost: it must come again, and may be there twice then.
        """
        ...

    async def look(self, partitions: int) -> Look:
        """Return how full partitions 0 … ``partitions`` - 1 are and what is durable."""
        ...

    async def read(self, up_to: Mapping[int, bytes], *, count: int, wait_ms: int) -> list[Part]:
        """Return what is new, at most ``count`` entries a partition, waiting for the first of it."""
        ...

    @property
    def deaf(self) -> frozenset[int]:
        """Return the partitions that the last read could not ask for."""
        ...

    async def write_blobs(self, rows: Sequence[BlobRow]) -> list[int]:
        """Store rows, each whole or not at all; return the partitions for which a later epoch had written."""
        ...

    async def read_blob(self, partition: int) -> tuple[bytes, dict[bytes, Any], bytes]:
        """Return a partition's blob, header and memory as one writer left them; each may be empty."""
        ...

    async def run_ids(self) -> dict[str, str]:
        """Return the run of every server that takes entries: another run may have lost its last second."""
        ...

    async def aclose(self) -> None:
        """Give up what still waits; the client stays open."""
        ...
