"""The end of a task: its vehicle is free, whatever it still says about the old plan is refused."""

from datetime import datetime

from core.database import Transaction
from fleet.commands.withdraw_commands import withdraw_commands
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.tasks.call_person import send_person_home
from services.tasks.states import TaskCancelled, TaskFailed, TaskFinished, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task


async def end_task(
    tx: Transaction, task: Task, event: TaskFinished | TaskFailed | TaskCancelled, *, at: datetime
) -> Task:
    """Return the ended task; the vehicle's duty is idle again, unless it was called away from this task
    and does another. Raises IllegalTransition, Conflict on a lost race."""
    ended = await TaskStore(tx).move(task, event, at=at)
    if task.state is TaskState.NEEDS_PERSON:
        await send_person_home(tx, task, at=at)
    if not isinstance(event, TaskFinished):
        await withdraw_commands(tx, task.task_id, at=at)
    if task.state is not TaskState.SUSPENDED:
        await move_duty_if_it_can(tx, task.vehicle_no, DutyEvent.TASK_ENDED, at)
    return ended
