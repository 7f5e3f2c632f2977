"""A person has been to the vehicle that stood with goods in it: what became of them."""

from datetime import datetime
from enum import StrEnum

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId
from services.notices.kinds import Occasion
from services.orders.close_order import put_goods_back, retire_access
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.states import GoodsReturned, OrderGivenUp, OrderState, ReturnStarted
from services.orders.store import OrderStore
from services.orders.zone import want_dispatch
from services.tasks.effects import TaskEffects
from services.tasks.end_task import end_task
from services.tasks.lose_task import take_up_again
from services.tasks.states import TaskFailed, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task


class Outcome(StrEnum):
    """What the person found and did."""

    RESUMED = "resumed"
    """The vehicle goes on with its plan."""
    RETURNED = "returned"
    """The goods were brought back to the merchant."""
    LOST = "lost"
    """The goods are gone or spoiled."""


async def recover_order(
    tx: Transaction,
    order_id: OrderId,
    reach: Reach,
    outcome: Outcome,
    effects: TaskEffects,
    *,
    actor: str,
    at: datetime,
) -> Order:
    """Return the order after its rescue; unless it is resumed, its task is over and the vehicle free.

    Raises NotFound, and Conflict when the order does not wait for a rescue.
    """
    orders = OrderStore(tx)
    order = await orders.get(order_id, reach)
    if order.state is not OrderState.NEEDS_RECOVERY or order.task_id is None:
        raise Conflict("illegal-transition", "the order does not wait for a rescue", state=order.state.value)
    task = await TaskStore(tx).get(order.task_id, EVERYTHING)
    if outcome is Outcome.RESUMED:
        await take_up_again(tx, task, effects, at=at)
        return await orders.get(order_id, reach)
    if outcome is Outcome.RETURNED:
        order = await orders.move(order, ReturnStarted(), at=at, actor=actor)
        order = await orders.move(order, GoodsReturned(), at=at, actor=actor)
        await put_goods_back(tx, order, at=at)
    else:
        order = await orders.move(order, OrderGivenUp(reason="goods_lost"), at=at, actor=actor)
    await retire_access(tx, order, at=at)
    await want_notice(tx, order, Occasion.CANCELLED, at=at)
    await _end(tx, task, at)
    return order


async def _end(tx: Transaction, task: Task, at: datetime) -> None:
    """End the task once none of its orders is on board any more."""
    left = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
    is_empty = all(order.is_terminal for order in left.values() if order.task_id == task.task_id)
    if task.state is TaskState.NEEDS_PERSON and is_empty:
        await end_task(tx, task, TaskFailed(reason="rescued"), at=at)
        await want_dispatch(tx, task.district, at=at)
