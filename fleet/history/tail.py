"""The last seconds, which are in no file yet: positions and statuses out of the stream."""

from collections.abc import AsyncIterator
from typing import Any, Final

import numpy as np

from core import keys
from core.errors import Unavailable
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.history.kept import HISTORY, HISTORY_STATUS, Recent, as_kept, as_kept_status
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry, Records, joined, read_entry

ENTRIES_AT_ONCE: Final = 500

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)


class StreamTail:
    """What the stream holds. Read it before the files: what is flushed meanwhile is then found twice."""

    def __init__(self, streams: StreamsRedis, *, partitions: int) -> None:
        self._streams = streams
        self._partitions = partitions

    async def of_vehicle(self, vehicle_no: int) -> Records:
        """Return HISTORY[n] of one vehicle, in the stream's order. Raises Unavailable."""
        parts = [part async for part in self._of_partition(vehicle_no % self._partitions)]
        return joined((part[part["vehicle_no"] == vehicle_no] for part in parts), HISTORY)

    async def both_of_vehicle(self, vehicle_no: int) -> Recent:
        """Return positions and statuses of one vehicle. Raises Unavailable."""
        positions, statuses = [], []
        async for entries in self._entries(vehicle_no % self._partitions):
            said = kept(entries)
            positions.append(said[said["vehicle_no"] == vehicle_no])
            status = joined((entry.status for entry in entries), STREAM_STATUS)
            statuses.append(as_kept_status(status[status["status"]["vehicle_no"] == vehicle_no]))
        return Recent(joined(positions, HISTORY), joined(statuses, HISTORY_STATUS))

    async def of_all(self) -> AsyncIterator[Records]:
        """Yield HISTORY[n] of every vehicle, some entries of a partition at a time. Raises Unavailable."""
        for partition in range(self._partitions):
            async for part in self._of_partition(partition):
                yield part

    async def _of_partition(self, partition: int) -> AsyncIterator[Records]:
        async for entries in self._entries(partition):
            yield kept(entries)

    async def _entries(self, partition: int) -> AsyncIterator[list[Entry]]:
        after = "-"
        while True:
            try:
                found: Any = await self._streams.xrange(
                    keys.telemetry(partition), min=after, max="+", count=ENTRIES_AT_ONCE
                )
            except _AWAY as error:
                raise Unavailable("redis-unavailable", retry_after_s=2) from error
            if found:
                yield [read_entry(fields) for _, fields in found]
                after = f"({found[-1][0].decode()}"
            if len(found) < ENTRIES_AT_ONCE:
                return


def kept(entries: list[Entry]) -> Records:
    """Return HISTORY[n] of stream entries."""
    positions = joined((entry.positions for entry in entries), STREAM_POSITION)
    received_ms = np.repeat(
        np.array([entry.received_ms for entry in entries], np.int64),
        [len(entry.positions) for entry in entries],
    )
    return as_kept(positions, received_ms)
