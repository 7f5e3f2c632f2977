"""Taking an order off the stops of a task that are not over."""

from datetime import datetime

import msgspec

from core.database import Transaction
from core.ids import OrderId
from services.tasks.states import StopEvent, StopState
from services.tasks.store import TaskStore
from services.tasks.task import Stop, Task, advance_stop


async def take_off(tx: Transaction, task: Task, order_id: OrderId, *, at: datetime) -> Task:
    """Return the task without the order: a stop that is nobody's now is skipped. Raises Conflict on a lost
    race."""
    for stop in task.stops:
        if order_id in stop.orders and stop.state is not StopState.DONE:
            task = await TaskStore(tx).put_stop(task, _without(stop, order_id, at), at=at)
    return task


def _without(stop: Stop, order_id: OrderId, at: datetime) -> Stop:
    rest = msgspec.structs.replace(stop, orders=tuple(each for each in stop.orders if each != order_id))
    if rest.orders or stop.state is not StopState.PLANNED:
        return rest
    return advance_stop(rest, StopEvent.SKIP, at=at)
