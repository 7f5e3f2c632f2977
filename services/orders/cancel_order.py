"""Calling an order off before its goods are loaded."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.ids import OrderId
from services.orders.close_order import put_goods_back, retire_access
from services.orders.leave_task import leave_task
from services.orders.order import Order
from services.orders.states import OrderCancelled, OrderState
from services.orders.store import OrderStore
from services.orders.zone import want_dispatch
from services.tasks.store import TaskStore


async def cancel_order(
    tx: Transaction,
    order_id: OrderId,
    reach: Reach,
    *,
    by: str,
    reason: str,
    actor: str,
    at: datetime,
    rate: float,
) -> Order:
    """Return the cancelled order; one that is cancelled already is given back as it is.

    Its vehicle is set free (the old epoch is refused from now on), or goes on with the other orders that it
    carries; the goods go back on the shelf, the code dies.
    Raises NotFound, and IllegalTransition once the goods are on board.
    """
    orders = OrderStore(tx)
    order = await orders.get(order_id, reach)
    if order.state is OrderState.CANCELLED:
        return order
    cancelled = await orders.move(order, OrderCancelled(by=by, reason=reason), at=at, actor=actor)
    if order.task_id is not None:
        task = await TaskStore(tx).get(order.task_id, EVERYTHING)
        if task.is_active:
            await leave_task(tx, task, order_id, at=at, rate=rate)
    await put_goods_back(tx, cancelled, at=at)
    await retire_access(tx, cancelled, at=at)
    await want_dispatch(tx, cancelled.district, at=at)
    return cancelled
