"""The roster out of the registry: everything once, then what changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.database import Database
from fleet.telemetry.roster import RosterRow
from fleet.vehicles.kinds import UNDER_WAY, Lifecycle
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

AGAIN_WALL_S: Final = 10.0
"""How far back a look reaches: a change may be committed some seconds after the time it carries."""
ALL_EVERY_WALL_S: Final = 300.0
"""How often everything is read again, whatever a change said about its time."""


class SqlRoster:
    """``RosterSource`` over SQL."""

    def __init__(self, database: Database, clock: Clock, *, report_interval_s: float = 1.0) -> None:
        self._database = database
        self._clock = clock
        self._interval_s = report_interval_s
        self._since: datetime | None = None
        self._all_at_s = float("-inf")
        self._seen: dict[int, int] = {}

    async def changed_rows(self) -> Sequence[RosterRow]:
        """Return rows that are new or have another version than before. Raises Unavailable."""
        now_s, now = self._clock.monotonic_s(), self._clock.now()
        everything = now_s - self._all_at_s >= ALL_EVERY_WALL_S
        async with self._database.read() as tx:
            found = await VehicleStore(tx).changed_since(None if everything else self._since)
        if everything:
            self._all_at_s = now_s
        self._since = now - timedelta(seconds=AGAIN_WALL_S * self._clock.rate)
        fresh = [vehicle for vehicle in found if self._seen.get(vehicle.vehicle_no) != vehicle.version]
        self._seen.update((vehicle.vehicle_no, vehicle.version) for vehicle in fresh)
        return [roster_row(vehicle, self._interval_s) for vehicle in fresh]


def roster_row(vehicle: Vehicle, report_interval_s: float) -> RosterRow:
    """Return what the hot path must know of a vehicle."""
    return RosterRow(
        vehicle_no=vehicle.vehicle_no,
        maker=vehicle.maker,
        operator=vehicle.operator,
        district=vehicle.district,
        service=vehicle.service,
        is_heard=vehicle.lifecycle is not Lifecycle.DECOMMISSIONED,
        is_in_service=vehicle.lifecycle is Lifecycle.IN_SERVICE,
        is_under_way=vehicle.duty in UNDER_WAY,
        report_interval_s=report_interval_s,
    )
