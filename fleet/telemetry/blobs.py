"""State blobs: STATE[n] of a partition at vehicle_no // partitions, with what is needed to go on from it."""

import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np

from core import keys
from core.redis import StreamsRedis
from fleet.telemetry.memory import Memory, PackedMemory, read_memory
from fleet.telemetry.records import STATE, STATE_BYTES, Records
from fleet.telemetry.streams import BlobRow, streams_of

START: Final = b"0-0"
ROUND_S: Final = 1.0
"""In so much wall time every blob is written once: so old is the oldest."""
CITY: Final = 50_000
"""Vehicles from which on a round takes longer and is written a few partitions at a time: a blob that is half
as often written costs half as much, and no tick waits for all of them."""
CITY_ROUND_S: Final = 3.0
STORM_ROUND_S: Final = 5.0
"""Every blob carries the facts that wait for SQL: seldomer while they are many, as when a city begins."""
SHARE_S: Final = 0.25
"""Between two shares of a round in a city."""


def round_s(vehicles: int) -> float:
    """Return in how much wall time every blob is written, so how old the oldest may be."""
    return CITY_ROUND_S if vehicles >= CITY else ROUND_S


class BlobTurns:
    """Whose blob is written next: who waited longest, and so many that everybody comes once a round."""

    def __init__(self) -> None:
        self._shared_s = float("-inf")
        self._written_s: dict[int, float] = {}

    def due(self, owned: Iterable[int], now_s: float, *, vehicles: int, is_storm: bool) -> list[int]:
        """Return the partitions whose blobs are to be written now: none, a share, or in a small city all.

        ``now_s``: wall time that never goes back.
        """
        whole_s = STORM_ROUND_S if is_storm else round_s(vehicles)
        passed_s = now_s - self._shared_s
        if passed_s < (SHARE_S if vehicles >= CITY else whole_s):
            return []
        self._shared_s = now_s
        waiting = sorted(owned, key=lambda partition: self._written_s.get(partition, float("-inf")))
        share = waiting[: math.ceil(len(waiting) * min(1.0, passed_s / whole_s))]
        self._written_s.update(dict.fromkeys(share, now_s))
        return share


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a blob."""

    epoch: int
    position: bytes
    """Stream entry up to which the blob holds."""
    tick: int
    at_ms: int
    """City time at which it was written."""


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """A partition as its last owner left it."""

    state: Records
    header: Header | None
    memory: Memory


class PartitionBlob(msgspec.Struct, frozen=True, kw_only=True):
    """A partition as its owner writes it."""

    partition: int
    header: Header
    state: Records
    memory: Memory | PackedMemory


_memory_encoder = msgspec.msgpack.Encoder()


class Blobs:
    """Reads and writes blobs on the streams server."""

    def __init__(self, redis: StreamsRedis) -> None:
        self._redis = redis
        self._streams = streams_of(redis)

    async def write(self, blobs: list[PartitionBlob]) -> list[int]:
        """Write blobs; return the partitions for which a later epoch had written, so nothing was."""
        if not blobs:
            return []
        return await self._streams.write_blobs([_row(blob) for blob in blobs])

    async def recover(self, partition: int) -> Recovered:
        """Return a partition as its last owner left it; nothing known gives an empty state."""
        blob, header, memory = await self._streams.read_blob(partition)
        return Recovered(
            state=read_blob(blob),
            header=_header(header),
            memory=read_memory(memory) if memory else Memory(),
        )

    async def states(self, partitions: int) -> tuple[Records, list[Header]]:
        """Return STATE[n] of every vehicle that was ever heard, and the headers that are known."""
        pipe = self._redis.pipeline(transaction=False)
        for partition in range(partitions):
            pipe.get(keys.state(partition))
            pipe.hgetall(keys.state_header(partition))
        found = await pipe.execute()
        state = read_blob(b"".join(_whole(blob) for blob in found[::2] if blob))
        headers = [_header(header) for header in found[1::2]]
        return state, [header for header in headers if header is not None]

    async def some(self, numbers: list[int], partitions: int) -> Records:
        """Return STATE[n] of the named vehicles that were ever heard; one GETRANGE each."""
        pipe = self._redis.pipeline(transaction=False)
        for number in numbers:
            first = number // partitions * STATE_BYTES
            pipe.getrange(keys.state(number % partitions), first, first + STATE_BYTES - 1)
        found = await pipe.execute() if numbers else []
        return read_blob(b"".join(one for one in found if len(one) == STATE_BYTES))


def read_blob(blob: bytes) -> Records:
    """Return STATE[n] of a blob, vehicles that were never heard left out."""
    state = np.frombuffer(_whole(blob), STATE)
    heard: Records = state[state["vehicle_no"] != 0]
    return heard


def _row(blob: PartitionBlob) -> BlobRow:
    header = blob.header
    return BlobRow(
        partition=blob.partition,
        epoch=header.epoch,
        position=header.position,
        tick=header.tick,
        at_ms=header.at_ms,
        state=blob.state.tobytes(),
        memory=_memory_encoder.encode(blob.memory),
    )


def _whole(blob: bytes) -> bytes:
    return blob[: len(blob) // STATE_BYTES * STATE_BYTES]


def _header(found: dict[bytes, Any]) -> Header | None:
    if not found:
        return None
    return Header(
        epoch=int(found[b"epoch"]),
        position=found[b"position"],
        tick=int(found[b"tick"]),
        at_ms=int(found[b"at_ms"]),
    )
