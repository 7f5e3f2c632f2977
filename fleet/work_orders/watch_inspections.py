"""Inspections that come due: a work order for each, some days ahead, whoever looks."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.repeating import repeat
from fleet.alarms.kinds import Severity
from fleet.vehicles.inspection_store import InspectionStore
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from fleet.work_orders.open_work_order import open_due_inspection

AHEAD: Final = timedelta(days=3)
"""How long before its due date an inspection is asked for; ours, a city may want longer."""


class InspectionWatch:
    """Opens inspections. Two may run: a vehicle has one automatic inspection that is not over."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 60.0) -> None:
        """Take where vehicles and work orders are, and the pause between two looks in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def look_once(self) -> int:
        """Open what is due soon; return how many inspections were opened."""
        at = self._clock.now()
        working = VehicleFilter(lifecycles=frozenset({Lifecycle.IN_SERVICE}))
        soon: list[tuple[Vehicle, datetime]] = []
        async with self._database.read() as tx:
            async for vehicles in VehicleStore(tx).parts(EVERYTHING, working):
                due = await InspectionStore(tx).due_of(vehicles)
                for vehicle in vehicles:
                    due_at = due[vehicle.vehicle_no].due_at
                    soon += [] if due_at is None or due_at > at + AHEAD else [(vehicle, due_at)]
        opened = 0
        for vehicle, due_at in soon:
            severity = Severity.MAJOR if due_at <= at else Severity.INFO
            async with self._database.write() as tx:
                order = await open_due_inspection(tx, vehicle, due_at=due_at, severity=severity, at=at)
            opened += order is not None
        return opened

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of the database is waited out."""
        await repeat("inspections", self.look_once, self._every_s, stop)
