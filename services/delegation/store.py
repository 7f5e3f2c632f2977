"""SQL of delegates: compare-and-set on the version. Who may see one was decided by reading the order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from core.database import Transaction
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import OrderId
from services.delegation.delegate import Delegate
from services.delegation.tables import pickup_delegates


class DelegateStore:
    """Reads and writes who may collect in a recipient's place."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, one: Delegate) -> None:
        """Store a new delegate."""
        await self._tx.execute(insert(pickup_delegates).values(_values(one)))

    async def of_orders(self, ids: Sequence[OrderId]) -> dict[OrderId, tuple[Delegate, ...]]:
        """Return everybody an order named, the first first; an order without any is absent."""
        if not ids:
            return {}
        query = select(pickup_delegates).where(pickup_delegates.c.order_id.in_(sorted(set(ids))))
        rows = await self._tx.execute(query.order_by(pickup_delegates.c.number))
        found: dict[OrderId, tuple[Delegate, ...]] = {}
        for row in rows.mappings():
            one = read_row(row, Delegate, secret=bytes.fromhex(row["secret"]))
            found[one.order_id] = (*found.get(one.order_id, ()), one)
        return found

    async def of_order(self, order_id: OrderId) -> tuple[Delegate, ...]:
        """Return everybody one order named, the first first."""
        return (await self.of_orders([order_id])).get(order_id, ())

    async def get(self, order_id: OrderId, number: int) -> Delegate:
        """Return one delegate; raise NotFound."""
        for one in await self.of_order(order_id):
            if one.number == number:
                return one
        raise NotFound("not-found", "this order has no such delegate", number=number)

    async def good_one(self, order_id: OrderId, at: datetime) -> Delegate | None:
        """Return the delegate whose code is good at a moment; there is at most one."""
        return next((one for one in await self.of_order(order_id) if one.is_good(at)), None)

    async def save(self, before: Delegate, after: Delegate) -> None:
        """Write the new state where the old one still stands; raise Conflict on a lost race."""
        if after.version == before.version:
            return
        written = await self._tx.execute(
            update(pickup_delegates)
            .where(
                pickup_delegates.c.order_id == before.order_id,
                pickup_delegates.c.number == before.number,
                pickup_delegates.c.version == before.version,
            )
            .values(_values(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the delegate was changed in between", order_id=before.order_id)

    async def end_all(self, order_id: OrderId) -> None:
        """Let every code of an order that is over die with it."""
        for one in await self.of_order(order_id):
            await self.save(one, one.with_code(one.code.die()))


def _values(one: Delegate) -> dict[str, object]:
    values = {field: getattr(one, field) for field in one.__struct_fields__}
    return values | {"secret": one.secret.hex(), "tries": dict(one.tries)}
