"""SQL of area stops and of the vehicles that they hold: compare-and-set on the version."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Select, insert, or_, select, update

from core.auth.principal import Reach
from core.database import CompareAndSet, Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import CommandId, VehicleNo
from fleet.area_stops.area_stop import AreaStop, Member
from fleet.area_stops.states import AreaOutcome, AreaStopState
from fleet.area_stops.tables import area_stop_vehicles, area_stops
from fleet.commands.command import Command
from fleet.commands.store import CommandStore

MOST_LISTED: Final = 100
"""Area stops in one list, the newest first."""
_UNCHANGED = CompareAndSet(area_stops, "area_stop_id", "version")


class AreaStopStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, stop: AreaStop, members: Sequence[Member]) -> bool:
        """Store a new area stop with its vehicles; return False when its id exists already."""
        if not await insert_new(self._tx, area_stops, msgspec.structs.asdict(stop)):
            return False
        rows = [msgspec.structs.asdict(member) for member in members]
        await self._tx.execute(insert(area_stop_vehicles), rows)
        return True

    async def get(self, area_stop_id: str, reach: Reach) -> AreaStop:
        """Return an area stop that concerns a reach; raise NotFound."""
        found = await self._all(select(area_stops).where(area_stops.c.area_stop_id == area_stop_id))
        if not found or not found[0].is_within(reach):
            raise NotFound("not-found", "there is no such area stop", area_stop_id=area_stop_id)
        return found[0]

    async def listed(self, reach: Reach, *, over_since: datetime | None = None) -> list[AreaStop]:
        """Return what stands, and what was released since a moment when one is given, the newest first."""
        stands = area_stops.c.state != AreaStopState.RELEASED
        wanted = stands if over_since is None else or_(stands, area_stops.c.ended_at >= over_since)
        query = select(area_stops).where(wanted)
        found = await self._all(query.order_by(area_stops.c.placed_at.desc()).limit(MOST_LISTED))
        return [stop for stop in found if stop.is_within(reach)]

    async def members(self, ids: Collection[str]) -> dict[str, list[Member]]:
        """Return the vehicles of area stops, ascending."""
        query = select(area_stop_vehicles).where(area_stop_vehicles.c.area_stop_id.in_(sorted(set(ids))))
        found: dict[str, list[Member]] = defaultdict(list)
        for row in (await self._tx.execute(query.order_by("vehicle_no"))).mappings():
            found[row["area_stop_id"]].append(read_row(row, Member))
        return found

    async def commands(self, members: Collection[Member], reach: Reach) -> dict[CommandId, Command]:
        """Return the commands by which vehicles within a reach were stopped."""
        ids = [member.command_id for member in members if member.command_id is not None]
        return {command.command_id: command for command in await CommandStore(self._tx).of_ids(ids, reach)}

    async def save(self, before: AreaStop, after: AreaStop) -> AreaStop:
        """Write `after` over exactly `before`; raise Conflict when somebody was faster."""
        if not await _UNCHANGED.write(self._tx, before, msgspec.structs.asdict(after)):
            raise Conflict("conflict", "the area stop was changed", area_stop_id=before.area_stop_id)
        return after

    async def note(self, area_stop_id: str, vehicle_no: VehicleNo, outcome: AreaOutcome) -> None:
        """Keep what became of a vehicle at the release."""
        v = area_stop_vehicles.c
        row = (v.area_stop_id == area_stop_id, v.vehicle_no == vehicle_no)
        await self._tx.execute(update(area_stop_vehicles).where(*row).values(outcome=outcome))

    async def _all(self, query: Select[Any]) -> list[AreaStop]:
        return [read_row(row, AreaStop) for row in (await self._tx.execute(query)).mappings()]
