"""Taking a cancelled order off the task that was to carry it; what else is on that task goes on."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import OrderId
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, Reroute
from services.orders.store import OrderStore
from services.tasks.end_task import end_task
from services.tasks.states import TaskCancelled
from services.tasks.take_off import take_off
from services.tasks.task import Task


async def leave_task(tx: Transaction, task: Task, order_id: OrderId, *, at: datetime, rate: float) -> None:
    """Take a closed order off its active task; the last one that leaves ends the task.

    A vehicle that carries other orders keeps plan and epoch and is told which order to forget: stops that
    are nobody's now are skipped. ``rate`` is city seconds a wall second, for the life of the command.
    """
    others = await OrderStore(tx).of_ids([each for each in task.orders() if each != order_id], EVERYTHING)
    if not any(order.task_id == task.task_id and not order.is_terminal for order in others.values()):
        await end_task(tx, task, TaskCancelled(reason="order_cancelled"), at=at)
        return
    task = await take_off(tx, task, order_id, at=at)
    wish = Wish(
        vehicle_no=task.vehicle_no,
        kind=CommandKind.REROUTE,
        body=Reroute(task_id=task.task_id, epoch=task.epoch, dropped=(order_id,)),
        reason="order_cancelled",
        task_id=task.task_id,
        epoch=task.epoch,
    )
    await queue_command(tx, wish, at=at, rate=rate)
