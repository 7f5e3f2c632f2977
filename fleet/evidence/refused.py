"""What was refused of a vehicle, out of the samples that are kept for its maker."""

from typing import Any

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database
from core.errors import Unavailable
from core.ids import VehicleNo
from core.redis import REDIS_DOWN, Redis
from fleet.quality.shown import QualityReader
from fleet.vehicles.store import VehicleStore

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)


class RefusedSamplesOf:
    """fleet.evidence.seal_evidence.RefusedFrames over the newest samples of each maker and reason."""

    def __init__(self, database: Database, plain: Redis) -> None:
        """Take where the vehicle's maker stands, and where samples are kept."""
        self._database = database
        self._quality = QualityReader(plain)

    async def of_vehicle(self, vehicle_no: int, from_ms: int, to_ms: int) -> list[dict[str, Any]]:
        """Return the samples received in a span, each with reason, clock offset and bytes.

        Of a frame that could not be read nobody knows whose it was: those of the maker are taken. Raises
        Unavailable.
        """
        async with self._database.read() as tx:
            maker = (await VehicleStore(tx).get(VehicleNo(vehicle_no), EVERYTHING)).maker
        try:
            samples = await self._quality.samples(maker)
        except _AWAY as error:
            raise Unavailable("redis-unavailable", retry_after_s=2) from error
        found = [
            msgspec.to_builtins(sample)
            for sample in samples
            if sample.vehicle_no in (None, vehicle_no) and from_ms <= sample.received_at_ms <= to_ms
        ]
        return sorted(found, key=lambda sample: (sample["receivedAtMs"], sample["reason"]))
