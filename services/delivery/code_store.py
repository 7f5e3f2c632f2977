"""SQL of pickup codes: the secret (encrypted), the generation and the tries; never a code."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select

from core.database import CompareAndSet, Transaction
from core.errors import Conflict, NotFound
from core.ids import OrderId
from services.delivery.pickup_code import PickupCode
from services.delivery.tables import pickup_codes

_UNCHANGED = CompareAndSet(pickup_codes, "order_id", "version")
_OF = select(pickup_codes).where(pickup_codes.c.order_id.in_(bindparam("orders", expanding=True)))


class PickupCodeStore:
    """Reads and writes the state of pickup codes. Who may see one was decided by reading the order first."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, codes: Sequence[PickupCode]) -> None:
        """Store the codes of new orders."""
        if codes:
            await self._tx.execute(insert(pickup_codes), [self._values(code) for code in codes])

    async def get(self, order_id: OrderId) -> PickupCode:
        """Return the code of an order; raise NotFound when it has none."""
        found = await self.of_orders([order_id])
        if order_id not in found:
            raise NotFound("not-found", "this order has no pick-up code", order_id=order_id)
        return found[order_id]

    async def of_orders(self, orders: Sequence[OrderId]) -> dict[OrderId, PickupCode]:
        """Return the codes of several orders; an order without one is absent."""
        if not orders:
            return {}
        return {
            OrderId(row.order_id): PickupCode(
                order_id=OrderId(row.order_id),
                version=row.version,
                secret=bytes.fromhex(row.secret),
                generation=row.generation,
                tries=row.tries,
                is_dead=row.is_dead,
                opened_at=row.opened_at,
            )
            for row in await self._tx.execute(_OF, {"orders": sorted(set(orders))})
        }

    async def save(self, before: PickupCode, after: PickupCode) -> None:
        """Write the new state where the old one still stands; raise Conflict on a lost race."""
        if after.version == before.version:
            return
        if not await _UNCHANGED.write(self._tx, before, self._values(after)):
            raise Conflict("conflict", "the pick-up code was changed in between", order_id=before.order_id)

    @staticmethod
    def _values(code: PickupCode) -> dict[str, object]:
        return {
            "order_id": code.order_id,
            "version": code.version,
            "secret": code.secret.hex(),
            "generation": code.generation,
            "tries": dict(code.tries),
            "is_dead": code.is_dead,
            "opened_at": code.opened_at,
        }
