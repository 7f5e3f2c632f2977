"""Where one vehicle was: raw files for what is on disk, the stream for the last seconds."""

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from core import keys
from core.clock import Clock
from core.errors import Unavailable
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.telemetry.records import STREAM_POSITION, Records, joined, read_entry

MOST_POINTS: Final = 2_000
"""Points of one trail; a longer one is thinned evenly, its ends kept."""
LONGEST_MS: Final = 24 * 3_600_000
SLACK_WALL_S: Final = 120.0
"""How long after it was measured a position may be written: the flush, and frames sent again after a loss."""

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """STREAM_POSITION[n] of one vehicle, ascending by measured time, each position once."""

    vehicle_no: int
    positions: Records
    is_thinned: bool


class TrailReader:
    """Reads trails. pyarrow is imported at the first one, so that a process that reads none stays small."""

    def __init__(self, streams: StreamsRedis, clock: Clock, folder: Path, *, partitions: int) -> None:
        self._streams = streams
        self._clock = clock
        self._folder = folder
        self._partitions = partitions

    async def read(self, vehicle_no: int, from_ms: int, to_ms: int) -> Trail:
        """Return the trail of a span of city time, at most a day. Raises Unavailable without the stream.

        Empty when the vehicle said nothing then, or what it said is older than the history keeps.
        """
        from_ms = max(from_ms, to_ms - LONGEST_MS)
        slack_ms = round(SLACK_WALL_S * 1000 * self._clock.rate)
        on_disk, recent = await asyncio.gather(
            asyncio.to_thread(self._from_files, vehicle_no, from_ms, to_ms, slack_ms),
            self._from_stream(vehicle_no),
        )
        found = joined((on_disk, recent), STREAM_POSITION)
        found = found[(found["measured_ms"] >= from_ms) & (found["measured_ms"] <= to_ms)]
        _, first = np.unique(found["measured_ms"], return_index=True)
        found = found[first]
        if len(found) <= MOST_POINTS:
            return Trail(vehicle_no=vehicle_no, positions=found, is_thinned=False)
        rows = np.unique(np.linspace(0, len(found) - 1, MOST_POINTS).astype(np.intp))
        return Trail(vehicle_no=vehicle_no, positions=found[rows], is_thinned=True)

    def _from_files(self, vehicle_no: int, from_ms: int, to_ms: int, slack_ms: int) -> Records:
        from fleet.history.files import RawFiles, read_vehicle

        files = RawFiles(self._folder).between(from_ms, to_ms, slack_ms=slack_ms)
        return read_vehicle(files, vehicle_no)

    async def _from_stream(self, vehicle_no: int) -> Records:
        partition = vehicle_no % self._partitions
        try:
            entries: Any = await self._streams.xrange(keys.telemetry(partition))
        except _AWAY as error:
            raise Unavailable("redis-unavailable", retry_after_s=2) from error
        parts = [read_entry(fields).positions for _, fields in entries]
        return joined((part[part["vehicle_no"] == vehicle_no] for part in parts), STREAM_POSITION)
