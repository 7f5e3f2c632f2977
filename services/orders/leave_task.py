"""Taking a cancelled order off the task that was to carry it; what else is on that task goes on."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import OrderId
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, Reroute
from services.orders.store import OrderStore
from services.tasks.end_task import end_task
from services.tasks.states import StopEvent, StopState, TaskCancelled
from services.tasks.store import TaskStore
from services.tasks.task import Stop, Task, advance_stop


async def leave_task(tx: Transaction, task: Task, order_id: OrderId, *, at: datetime, rate: float) -> None:
    """Take a closed order off its active task; the last one that leaves ends the task.

    A vehicle that carries other orders keeps plan and epoch and is told which order to forget: stops that
    are nobody's now are skipped. ``rate`` is city seconds a wall second, for the life of the command.
    """
    others = await OrderStore(tx).of_ids([each for each in task.orders() if each != order_id], EVERYTHING)
    if not any(order.task_id == task.task_id and not order.is_terminal for order in others.values()):
        await end_task(tx, task, TaskCancelled(reason="order_cancelled"), at=at)
        return
    for stop in task.stops:
        if order_id in stop.orders and stop.state is not StopState.DONE:
            task = await TaskStore(tx).put_stop(task, _without(stop, order_id, at), at=at)
    wish = Wish(
        vehicle_no=task.vehicle_no,
        kind=CommandKind.REROUTE,
        body=Reroute(task_id=task.task_id, epoch=task.epoch, dropped=(order_id,)),
        reason="order_cancelled",
        task_id=task.task_id,
        epoch=task.epoch,
    )
    await queue_command(tx, wish, at=at, rate=rate)


def _without(stop: Stop, order_id: OrderId, at: datetime) -> Stop:
    rest = msgspec.structs.replace(stop, orders=tuple(each for each in stop.orders if each != order_id))
    if rest.orders or stop.state is not StopState.PLANNED:
        return rest
    return advance_stop(rest, StopEvent.SKIP, at=at)
