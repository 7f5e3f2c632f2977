"""SQL of waybills: one row a number and station, compare-and-set on the version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.auth.tokens import token_hash
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import MerchantId, ResidentId, WaybillId
from services.waybills.tables import waybills
from services.waybills.waybill import TERMINAL, Waybill, WaybillEvent, WaybillState, advance


class WaybillStore:
    """Reads and moves waybills. Every list for somebody takes his reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, waybill: Waybill) -> bool:
        """Store a new waybill; False when the station has the number already."""
        return await insert_new(self._tx, waybills, msgspec.structs.asdict(waybill))

    async def get(self, waybill_id: WaybillId) -> Waybill:
        """Return one waybill; raise NotFound."""
        return self._one(await self._select(select(waybills).where(waybills.c.waybill_id == waybill_id)))

    async def by_token(self, token: str) -> Waybill:
        """Return the waybill of a recipient's link; raise NotFound for a token that nobody was sent."""
        return self._one(
            await self._select(select(waybills).where(waybills.c.token_hash == token_hash(token)))
        )

    async def known(self, merchant_id: MerchantId, numbers: Sequence[str]) -> frozenset[str]:
        """Return which of the numbers a station has already."""
        query = select(waybills.c.number).where(
            waybills.c.merchant_id == merchant_id, waybills.c.number.in_(sorted(set(numbers)))
        )
        return frozenset((await self._tx.execute(query)).scalars())

    async def listed(self, reach: Reach, *, limit: int) -> list[Waybill]:
        """Return the waybills of the merchants within the reach, newest first."""
        query = select(waybills).where(within(waybills.c.merchant_id, reach.merchants))
        newest = query.order_by(waybills.c.offered_at.desc(), waybills.c.waybill_id.desc())
        return await self._select(newest.limit(limit))

    async def open_of(self, resident_id: ResidentId) -> list[Waybill]:
        """Return the parcels of a resident that no order brings yet, and that wait at no counter."""
        query = select(waybills).where(
            waybills.c.resident_id == resident_id, waybills.c.state.not_in(sorted(TERMINAL))
        )
        return await self._select(query)

    async def due(self, *, unanswered: datetime, slot: datetime, limit: int = 200) -> list[Waybill]:
        """Return what time alone moves: offers past their deadline, choices whose slot is near."""
        late = (waybills.c.state == WaybillState.OFFERED.value) & (waybills.c.answer_by <= unanswered)
        near = (waybills.c.state == WaybillState.CHOSEN.value) & (waybills.c.slot_at <= slot)
        query = select(waybills).where(or_(late, near)).order_by(waybills.c.answer_by)
        return await self._select(query.limit(limit))

    async def move(self, waybill: Waybill, event: WaybillEvent, *, at: datetime) -> Waybill:
        """Advance and write. Raises IllegalTransition, and Conflict on a lost race."""
        moved = advance(waybill, event, at=at)
        written = await self._tx.execute(
            update(waybills)
            .where(waybills.c.waybill_id == waybill.waybill_id, waybills.c.version == waybill.version)
            .values(msgspec.structs.asdict(moved))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the waybill was changed in between", waybill_id=waybill.waybill_id)
        return moved

    @staticmethod
    def _one(found: Sequence[Waybill]) -> Waybill:
        if not found:
            raise NotFound("not-found", "no such waybill")
        return found[0]

    async def _select(self, query: Select[Any]) -> list[Waybill]:
        return [read_row(row, Waybill) for row in (await self._tx.execute(query)).mappings()]
