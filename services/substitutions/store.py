"""SQL of substitutions: compare-and-set on the version. Who may see one was decided by reading the order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import GoodsId, OrderId
from services.substitutions.substitution import (
    Substitution,
    SubstitutionEvent,
    SubstitutionState,
    advance,
)
from services.substitutions.tables import substitutions


class SubstitutionStore:
    """Reads and moves what takes the place of missing goods."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, one: Substitution) -> bool:
        """Store a new offer; False when the line had one before."""
        return await insert_new(self._tx, substitutions, _values(one))

    async def of_orders(self, ids: Sequence[OrderId]) -> dict[OrderId, tuple[Substitution, ...]]:
        """Return the offers of several orders, the oldest first; an order without any is absent."""
        if not ids:
            return {}
        query = (
            select(substitutions)
            .where(substitutions.c.order_id.in_(sorted(set(ids))))
            .order_by(substitutions.c.offered_at, substitutions.c.goods_id)
        )
        found: dict[OrderId, tuple[Substitution, ...]] = {}
        for row in (await self._tx.execute(query)).mappings():
            one = read_row(row, Substitution)
            found[one.order_id] = (*found.get(one.order_id, ()), one)
        return found

    async def of_order(self, order_id: OrderId) -> tuple[Substitution, ...]:
        """Return the offers of one order, the oldest first."""
        return (await self.of_orders([order_id])).get(order_id, ())

    async def open_of(self, order_id: OrderId) -> tuple[Substitution, ...]:
        """Return the offers of one order that wait for an answer."""
        offers = await self.of_order(order_id)
        return tuple(one for one in offers if one.state is SubstitutionState.OFFERED)

    async def get(self, order_id: OrderId, goods_id: GoodsId) -> Substitution:
        """Return the offer for one line; raise NotFound when there is none."""
        for one in await self.of_order(order_id):
            if one.goods_id == goods_id:
                return one
        raise NotFound("not-found", "nothing is missing of this", goods_id=goods_id)

    async def due(self, at: datetime, *, limit: int = 200) -> list[Substitution]:
        """Return the offers whose time is over without an answer, the oldest first."""
        query = select(substitutions).where(
            substitutions.c.state == SubstitutionState.OFFERED, substitutions.c.answer_by <= at
        )
        rows = await self._tx.execute(query.order_by(substitutions.c.answer_by).limit(limit))
        return [read_row(row, Substitution) for row in rows.mappings()]

    async def move(self, one: Substitution, event: SubstitutionEvent, *, at: datetime) -> Substitution:
        """Advance and write an offer if nobody changed it in between.

        Raises IllegalTransition, and Conflict on a lost race.
        """
        moved = advance(one, event, at=at)
        written = await self._tx.execute(
            update(substitutions)
            .where(
                substitutions.c.order_id == one.order_id,
                substitutions.c.goods_id == one.goods_id,
                substitutions.c.version == one.version,
            )
            .values(_values(moved))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the offer was answered in between", order_id=one.order_id)
        return moved


def _values(one: Substitution) -> dict[str, object]:
    return {field: getattr(one, field) for field in one.__struct_fields__}
