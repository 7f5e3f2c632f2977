"""A vehicle that can no longer do its task, and one that comes back to it."""

from datetime import datetime

from core.database import Transaction
from services.orders.zone import want_dispatch
from services.tasks.call_person import call_person, send_person_home
from services.tasks.effects import TaskEffects
from services.tasks.end_task import end_task
from services.tasks.states import PersonHelped, PersonNeeded, TaskFailed, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task


async def lose_task(tx: Transaction, task: Task, cause: str, effects: TaskEffects, *, at: datetime) -> Task:
    """Return the task after its vehicle was lost for ``cause``, a word of ``services.orders.reasons``.

    With nothing on board the task fails, its epoch is refused from now on, and a dispatch round is asked
    for. With something on board the task keeps its vehicle and its epoch, needs a person and calls one by
    an alarm. One that needs a person already is given back as it is.
    """
    if task.state is TaskState.NEEDS_PERSON:
        return task
    if await effects.lost(tx, task, cause, at):
        await call_person(tx, task, cause, at=at)
        return await TaskStore(tx).move(task, PersonNeeded(reason=cause), at=at)
    failed = await end_task(tx, task, TaskFailed(reason=cause), at=at)
    await want_dispatch(tx, task.district, at=at)
    return failed


async def take_up_again(tx: Transaction, task: Task, effects: TaskEffects, *, at: datetime) -> Task:
    """Return the task under way again when its vehicle, thought lost, speaks about it with the present
    epoch."""
    if task.state is not TaskState.NEEDS_PERSON:
        return task
    helped = await TaskStore(tx).move(task, PersonHelped(), at=at)
    await send_person_home(tx, task, at=at)
    await effects.helped(tx, helped, at)
    return helped
