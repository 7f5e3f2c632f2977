"""Which reports may move a task: the right vehicle, the present epoch, a task that still lives."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import TaskId
from core.inbox import InboxItem
from services.tasks.states import TERMINAL
from services.tasks.store import TaskStore
from services.tasks.task import Task


async def current_task(tx: Transaction, item: InboxItem) -> Task | str:
    """Return the task that a report belongs to, or the outcome that refuses the report.

    ``no-task`` names none; ``unknown-task``; ``foreign-vehicle``: the task is another vehicle's;
    ``old-epoch``: its plan died or was replaced; ``future-epoch``: a plan that was never given;
    ``task-over``: the task had ended well.
    """
    if item.task_id is None or item.epoch is None:
        return "no-task"
    task = await TaskStore(tx).find(TaskId(item.task_id), EVERYTHING)
    if task is None:
        return "unknown-task"
    if task.vehicle_no != item.vehicle_no:
        return "foreign-vehicle"
    if item.epoch != task.epoch:
        return "old-epoch" if item.epoch < task.epoch else "future-epoch"
    return "task-over" if task.state in TERMINAL else task


def moment_of(item: InboxItem, task: Task, at: datetime) -> datetime:
    """Return when the report's fact happened: as the vehicle measured it, but not before the task or after
    now.

    A vehicle that was out of reach reports late, and its arrival counts from when it stood there.
    """
    return min(max(item.measured_at, task.created_at), at)
