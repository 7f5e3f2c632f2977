"""Where one vehicle was: files for what is on disk, the stream for the last seconds."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from core.clock import Clock
from core.redis import StreamsRedis
from fleet.history.kept import HISTORY, POSITIONS_READ
from fleet.history.tail import StreamTail
from fleet.telemetry.records import STREAM_POSITION, Records, joined

MOST_POINTS: Final = 2_000
"""Points of one trail; a longer one is thinned evenly, its ends kept."""
LONGEST_MS: Final = 24 * 3_600_000


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
        found = await self.every_position(vehicle_no, max(from_ms, to_ms - LONGEST_MS), to_ms)
        if len(found) <= MOST_POINTS:
            return Trail(vehicle_no=vehicle_no, positions=found, is_thinned=False)
        rows = np.unique(np.linspace(0, len(found) - 1, MOST_POINTS).astype(np.intp))
        return Trail(vehicle_no=vehicle_no, positions=found[rows], is_thinned=True)

    async def every_position(self, vehicle_no: int, from_ms: int, to_ms: int) -> Records:
        """Return STREAM_POSITION[n] of a span, ascending by time, one a moment. Raises Unavailable."""
        # The stream before the files: what is flushed in between is then found twice, never not at all.
        recent = await StreamTail(self._streams, partitions=self._partitions).of_vehicle(vehicle_no)
        on_disk = await asyncio.to_thread(self._from_files, vehicle_no, from_ms, to_ms)
        found = joined((on_disk, recent), HISTORY)
        found = found[(found["measured_ms"] >= from_ms) & (found["measured_ms"] <= to_ms)]
        _, first = np.unique(found["measured_ms"], return_index=True)
        positions = np.zeros(len(first), STREAM_POSITION)
        for name in POSITIONS_READ:
            positions[name] = found[name][first]
        return positions

    def _from_files(self, vehicle_no: int, from_ms: int, to_ms: int) -> Records:
        from fleet.history.reading import History

        return joined(History(self._folder).of_vehicle(vehicle_no, from_ms, to_ms), HISTORY)
