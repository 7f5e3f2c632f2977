"""The registry as the gateway and the tracker need it: rows that changed since they last asked."""

from collections.abc import Sequence

from core.database import Database
from fleet.telemetry.roster import RosterRow
from fleet.vehicles.directory import ChangeReader
from fleet.vehicles.kinds import TO_MOVE, UNDER_WAY, Lifecycle
from fleet.vehicles.vehicle import Vehicle


class SqlRoster:
    """fleet.telemetry.roster.RosterSource over SQL; one for each process that asks."""

    def __init__(self, database: Database, *, report_interval_s: float = 1.0) -> None:
        """Take where vehicles are, and the pace that a vehicle of the native profile keeps (city seconds)."""
        self._changes = ChangeReader(database)
        self._report_interval_s = report_interval_s

    async def changed_rows(self) -> Sequence[RosterRow]:
        """Return every row at the first call, afterwards those that changed. Raises Unavailable."""
        return [self._row(vehicle) for vehicle in await self._changes.changed()]

    def _row(self, vehicle: Vehicle) -> RosterRow:
        return RosterRow(
            vehicle_no=vehicle.vehicle_no,
            maker=vehicle.maker,
            operator=vehicle.operator,
            district=vehicle.district,
            service=vehicle.service,
            is_heard=vehicle.lifecycle is not Lifecycle.DECOMMISSIONED,
            is_in_service=vehicle.lifecycle is Lifecycle.IN_SERVICE,
            is_under_way=vehicle.duty in UNDER_WAY,
            is_to_move=vehicle.duty in TO_MOVE,
            report_interval_s=self._report_interval_s,
        )
