"""SQL of restocks that schedules want."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import OccurrenceId, VehicleNo, WorkOrderId
from services.vending.restock.visit import OPEN, RestockVisit, VisitState
from services.vending.tables import vending_restocks


class VisitStore:
    """Reads and moves visits by compare-and-set on their state."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, visit: RestockVisit) -> None:
        """Let a vehicle wait for its crew; one that is known already is left as it is."""
        await insert_new(self._tx, vending_restocks, msgspec.structs.asdict(visit))

    async def open_ones(self, vehicles: Sequence[VehicleNo] | None = None) -> list[RestockVisit]:
        """Return what is not over, the oldest first; of some vehicles when they are named."""
        query = select(vending_restocks).where(vending_restocks.c.state.in_(sorted(OPEN)))
        if vehicles is not None:
            query = query.where(vending_restocks.c.vehicle_no.in_(sorted(set(vehicles))))
        rows = await self._tx.execute(query.order_by(vending_restocks.c.made_at).limit(1_000))
        return [read_row(row, RestockVisit) for row in rows.mappings()]

    async def of_occurrence(self, occurrence_id: OccurrenceId) -> list[RestockVisit]:
        """Return the vehicles of an occurrence, by number."""
        query = select(vending_restocks).where(vending_restocks.c.occurrence_id == occurrence_id)
        rows = await self._tx.execute(query.order_by(vending_restocks.c.vehicle_no))
        return [read_row(row, RestockVisit) for row in rows.mappings()]

    async def move(
        self, visit: RestockVisit, after: VisitState, work_order_id: WorkOrderId | None = None
    ) -> bool:
        """Move a visit that is still where it was thought to be; say whether it was."""
        written = await self._tx.execute(
            update(vending_restocks)
            .where(
                vending_restocks.c.occurrence_id == visit.occurrence_id,
                vending_restocks.c.vehicle_no == visit.vehicle_no,
                vending_restocks.c.state == visit.state,
            )
            .values(state=after, work_order_id=work_order_id or visit.work_order_id)
        )
        return written.rowcount == 1
