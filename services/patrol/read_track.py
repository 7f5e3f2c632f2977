"""Where a vehicle was, for evidence: the last seconds out of the stream, older ones out of the history."""

from collections.abc import Sequence
from pathlib import Path

from core.clock import Clock
from core.ids import VehicleNo
from core.redis import StreamsRedis
from fleet.history.tail import StreamTail
from fleet.history.trail import TrailReader
from fleet.telemetry.records import Records
from services.patrol.track import Fix


class VehicleTracks:
    """Reads short spans (services.patrol.check_evidence.Tracks). Files are opened only for what the stream
    does not hold any more: their reader is large."""

    def __init__(self, streams: StreamsRedis, clock: Clock, folder: Path, *, partitions: int) -> None:
        """Take the stream of positions with its number of partitions, and the folder of the history."""
        self._tail = StreamTail(streams, partitions=partitions)
        self._trails = TrailReader(streams, clock, folder, partitions=partitions)

    async def between(self, vehicle_no: VehicleNo, from_ms: int, to_ms: int) -> Sequence[Fix]:
        """Return the positions of a span, both ends included. Raises Unavailable."""
        recent = await self._tail.of_vehicle(vehicle_no)
        inside = recent[(recent["measured_ms"] >= from_ms) & (recent["measured_ms"] <= to_ms)]
        if not len(inside):
            inside = await self._trails.every_position(vehicle_no, from_ms, to_ms)
        return _fixes(inside)


def _fixes(positions: Records) -> list[Fix]:
    return [
        Fix(measured_ms=int(one["measured_ms"]), lat=one["lat_e7"] / 1e7, lng=one["lng_e7"] / 1e7)
        for one in positions
    ]
