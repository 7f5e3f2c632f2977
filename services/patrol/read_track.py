"""Where a vehicle was, for evidence: the last seconds out of the stream, older ones out of the history."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.clock import Clock
from core.ids import VehicleNo
from core.redis import StreamsRedis
from fleet.history.tail import StreamTail
from fleet.history.trail import TrailReader
from fleet.telemetry.records import Records
from services.patrol.track import Fix


class VehicleTracks:
    """Reads what lies around a moment (services.patrol.check_evidence.Tracks). Files are opened only for
    moments that the stream does not hold any more: their reader is large."""

    def __init__(self, streams: StreamsRedis, clock: Clock, folder: Path, *, partitions: int) -> None:
        """Take the stream of positions with its number of partitions, and the folder of the history."""
        self._tail = StreamTail(streams, partitions=partitions)
        self._trails = TrailReader(streams, clock, folder, partitions=partitions)

    async def around(self, vehicle_no: VehicleNo, moment_ms: int, near_ms: int) -> Sequence[Fix]:
        """Return positions at most ``near_ms`` from a moment, oldest first, one a moment of measuring.

        The last before it is among them when the vehicle had one; where the stream alone answers, those
        before the stream begins are not. Raises Unavailable.
        """
        from_ms, to_ms = moment_ms - near_ms, moment_ms + near_ms
        recent = _within(await self._tail.of_vehicle(vehicle_no), from_ms, to_ms)
        if np.any(recent["measured_ms"] <= moment_ms):
            return _fixes(recent)
        return _fixes(await self._trails.every_position(vehicle_no, from_ms, to_ms))


def _within(positions: Records, from_ms: int, to_ms: int) -> Records:
    inside = positions[(positions["measured_ms"] >= from_ms) & (positions["measured_ms"] <= to_ms)]
    _, first = np.unique(inside["measured_ms"], return_index=True)
    return inside[first]


def _fixes(positions: Records) -> list[Fix]:
    return [
        Fix(measured_ms=int(one["measured_ms"]), lat=one["lat_e7"] / 1e7, lng=one["lng_e7"] / 1e7)
        for one in positions
    ]
