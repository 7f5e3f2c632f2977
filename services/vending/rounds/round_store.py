"""SQL of scheduled rounds."""

from typing import Any

import msgspec
from sqlalchemy import Select, or_, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import DistrictCode, OccurrenceId, OperatorId, TaskId, VehicleNo
from services.vending.rounds.round import RoundState, ScheduledRound
from services.vending.tables import vending_rounds


class RoundStore:
    """Reads and moves scheduled rounds by compare-and-set on their state."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, scheduled: ScheduledRound) -> None:
        """Let a round wait; one that is known already is left as it is."""
        await insert_new(self._tx, vending_rounds, msgspec.structs.asdict(scheduled))

    async def next_for(
        self, district: DistrictCode, operator: OperatorId, vehicle_no: VehicleNo
    ) -> ScheduledRound | None:
        """Return the round that has waited longest for this vehicle or for any, or None."""
        query = select(vending_rounds).where(
            vending_rounds.c.state == RoundState.WAITING,
            vending_rounds.c.district == district,
            vending_rounds.c.operator == operator,
            or_(vending_rounds.c.wanted_vehicle.is_(None), vending_rounds.c.wanted_vehicle == vehicle_no),
        )
        return await self._one(query.order_by(vending_rounds.c.made_at).limit(1))

    async def of_task(self, task_id: TaskId) -> ScheduledRound | None:
        """Return the round that a task drives, or None."""
        driven = vending_rounds.c.state == RoundState.DRIVEN
        return await self._one(select(vending_rounds).where(vending_rounds.c.task_id == task_id, driven))

    async def driven(self) -> list[ScheduledRound]:
        """Return the rounds that vehicles drive, the oldest first."""
        query = select(vending_rounds).where(vending_rounds.c.state == RoundState.DRIVEN)
        rows = (await self._tx.execute(query.order_by(vending_rounds.c.made_at).limit(500))).mappings()
        return [read_row(row, ScheduledRound) for row in rows]

    async def move(
        self,
        occurrence_id: OccurrenceId,
        before: RoundState,
        after: RoundState,
        task_id: TaskId | None = None,
    ) -> bool:
        """Move a round that is still where it was thought to be; say whether it was."""
        written = await self._tx.execute(
            update(vending_rounds)
            .where(vending_rounds.c.occurrence_id == occurrence_id, vending_rounds.c.state == before)
            .values(state=after, task_id=task_id)
        )
        return written.rowcount == 1

    async def _one(self, query: Select[Any]) -> ScheduledRound | None:
        row = (await self._tx.execute(query)).mappings().first()
        return None if row is None else read_row(row, ScheduledRound)
