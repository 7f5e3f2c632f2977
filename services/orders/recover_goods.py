"""A crew has been to a vehicle: what became of everything that waited in it for a rescue."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import OrderId, VehicleNo
from services.orders.order import Order
from services.orders.recover_order import Outcome, recover_order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.tasks.effects import TaskEffects
from services.tasks.store import TaskStore


async def stranded_in(tx: Transaction, vehicle_no: VehicleNo) -> list[Order]:
    """Return the orders that wait in a vehicle for a rescue, the oldest first."""
    task = await TaskStore(tx).active_of(vehicle_no, EVERYTHING)
    if task is None:
        return []
    found = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
    return [
        found[order_id]
        for order_id in task.orders()
        if order_id in found
        and found[order_id].task_id == task.task_id
        and found[order_id].state is OrderState.NEEDS_RECOVERY
    ]


async def recover_goods(
    tx: Transaction,
    vehicle_no: VehicleNo,
    outcome: Outcome,
    effects: TaskEffects,
    *,
    actor: str,
    at: datetime,
) -> tuple[OrderId, ...]:
    """Return which orders of a vehicle were recovered with one outcome; none when nothing waited in it.

    A resumed vehicle goes on with all of them at once.
    """
    recovered = []
    while stranded := await stranded_in(tx, vehicle_no):
        waiting = [order for order in stranded if order.order_id not in recovered]
        if not waiting:
            break
        order_id = waiting[0].order_id
        await recover_order(tx, order_id, EVERYTHING, outcome, effects, actor=actor, at=at)
        recovered.append(order_id)
    return tuple(recovered)
