"""Staff answer for a customer who is on the telephone: only where the order was placed so."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from core.ids import GoodsId, OrderId
from services.orders.order import Order
from services.orders.store import OrderStore
from services.substitutions.answer_substitute import answer_substitute
from services.substitutions.store import SubstitutionStore


async def answer_for_customer(
    tx: Transaction,
    principal: Principal,
    order_id: OrderId,
    goods_id: GoodsId,
    *,
    is_taken: bool,
    at: datetime,
    rate: float,
) -> Order:
    """Return the order after what its customer said on the telephone, with who wrote it down on record.

    Raises what ``answer_substitute`` raises, and Conflict where the customer ordered herself: her page asks
    her.
    """
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    if not order.placed_by:
        raise Conflict("conflict", "its customer ordered herself and answers herself", order_id=order_id)
    before = await SubstitutionStore(tx).get(order_id, goods_id)
    by = f"staff:{principal.name}"
    answered = await answer_substitute(
        tx, order_id, goods_id, reach_of(principal), is_taken=is_taken, actor=by, at=at, rate=rate, by=by
    )
    after = await SubstitutionStore(tx).get(order_id, goods_id)
    if after.version != before.version:
        fields = {"goods": goods_id, "taken": is_taken, "how": "telephone"}
        await audit.record(tx, principal, "order.substitute_answered", f"order:{order_id}", fields, at=at)
    return answered
