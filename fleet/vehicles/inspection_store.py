"""SQL of inspection rules and of when each vehicle was inspected last."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import VehicleNo
from fleet.vehicles.inspections import InspectionDue, InspectionRule, inspection_due
from fleet.vehicles.tables import inspection_rules, vehicle_inspections
from fleet.vehicles.vehicle import Vehicle


class InspectionStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def put_rule(self, rule: InspectionRule) -> None:
        """Store the interval of a company and a model, or change it."""
        values = msgspec.structs.asdict(rule)
        if not await insert_new(self._tx, inspection_rules, values):
            await self._tx.execute(
                update(inspection_rules)
                .where(
                    inspection_rules.c.operator == rule.operator,
                    inspection_rules.c.hardware_model == rule.hardware_model,
                )
                .values(every_days=rule.every_days)
            )

    async def rules(self) -> list[InspectionRule]:
        """Return every rule; a city has few."""
        query = select(inspection_rules).order_by(
            inspection_rules.c.operator, inspection_rules.c.hardware_model
        )
        return [read_row(row, InspectionRule) for row in (await self._tx.execute(query)).mappings()]

    async def inspected(self, vehicle_no: VehicleNo, *, at: datetime) -> None:
        """Note that a vehicle was inspected; an older moment than the one known changes nothing."""
        values = {"vehicle_no": vehicle_no, "inspected_at": at}
        if not await insert_new(self._tx, vehicle_inspections, values):
            await self._tx.execute(
                update(vehicle_inspections)
                .where(
                    vehicle_inspections.c.vehicle_no == vehicle_no,
                    vehicle_inspections.c.inspected_at < at,
                )
                .values(inspected_at=at)
            )

    async def due_of(self, vehicles: Sequence[Vehicle]) -> dict[VehicleNo, InspectionDue]:
        """Return when each vehicle must be inspected next: two queries for any number of vehicles."""
        rules = await self.rules()
        last = await self._last_of([vehicle.vehicle_no for vehicle in vehicles])
        return {
            vehicle.vehicle_no: inspection_due(vehicle, last.get(vehicle.vehicle_no), rules)
            for vehicle in vehicles
        }

    async def _last_of(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, datetime]:
        if not numbers:
            return {}
        query = select(vehicle_inspections).where(vehicle_inspections.c.vehicle_no.in_(sorted(set(numbers))))
        return {VehicleNo(row.vehicle_no): row.inspected_at for row in await self._tx.execute(query)}
