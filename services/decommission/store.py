"""SQL of vehicles that are taken out of the fleet."""

from datetime import datetime

import msgspec
from sqlalchemy import select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import VehicleNo
from services.decommission.outgoing import Asked
from services.decommission.tables import decommissions


class DecommissionStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def ask(self, asked: Asked) -> bool:
        """Keep a decision; return False when one about this vehicle is kept already."""
        return await insert_new(self._tx, decommissions, msgspec.structs.asdict(asked))

    async def of(self, vehicle_no: VehicleNo) -> Asked | None:
        """Return the decision about a vehicle; read it with a reach before."""
        found = await self._all(decommissions.c.vehicle_no == vehicle_no)
        return found[0] if found else None

    async def pending(self) -> list[Asked]:
        """Return what is not done yet, the oldest first."""
        return await self._all(decommissions.c.done_at.is_(None))

    async def done(self, vehicle_no: VehicleNo, *, at: datetime) -> bool:
        """Note that a vehicle's life has ended; return False when that was noted already."""
        pending = (decommissions.c.vehicle_no == vehicle_no) & decommissions.c.done_at.is_(None)
        noted = await self._tx.execute(update(decommissions).where(pending).values(done_at=at))
        return bool(noted.rowcount)

    async def drop(self, vehicle_no: VehicleNo) -> None:
        """Forget a decision: the vehicle was put in service again before it was carried out."""
        await self._tx.execute(
            decommissions.delete().where(
                decommissions.c.vehicle_no == vehicle_no, decommissions.c.done_at.is_(None)
            )
        )

    async def _all(self, where: object) -> list[Asked]:
        query = select(decommissions).where(where).order_by(decommissions.c.asked_at)  # type: ignore[arg-type]
        return [read_row(row, Asked) for row in (await self._tx.execute(query)).mappings()]
