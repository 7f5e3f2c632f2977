"""A vehicle is called away from its task, and later goes on with what was left of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import StopId, TaskId
from fleet.commands.queue_command import Wish, queue_command
from fleet.commands.withdraw_commands import withdraw_commands
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.tasks.plan import assign_task_body
from services.tasks.states import StopEvent, StopState, TaskResumed, TaskSuspended
from services.tasks.store import TaskStore
from services.tasks.task import Stop, Task, advance_stop

OPEN = frozenset({StopState.PLANNED, StopState.REACHED})


async def suspend_task(tx: Transaction, task: Task, *, at: datetime) -> Task:
    """Return the task put aside: its vehicle is free for another plan, which must have a higher epoch.

    What the vehicle did before it heard of that is still taken, because the epoch of this task stays.
    """
    suspended = await TaskStore(tx).move(task, TaskSuspended(), at=at)
    await withdraw_commands(tx, task.task_id, at=at)
    return suspended


async def resume_task(
    tx: Transaction, task_id: TaskId, stops: Sequence[Stop], *, epoch: int, at: datetime, rate: float
) -> Task:
    """Return the task taken up again with these stops of it in this order; the others are left behind.

    The legs of ``stops`` begin where the vehicle stands now. It is sent the plan anew with ``epoch``,
    which is above every one it was given. Raises Conflict when another task holds the vehicle,
    IllegalTransition when it is not suspended.
    """
    store = TaskStore(tx)
    task = await store.get(task_id, EVERYTHING)
    wanted = {stop.stop_id: stop for stop in stops}
    for stop in task.stops:
        if stop.state in OPEN and stop.stop_id not in wanted:
            event = StopEvent.SKIP if stop.state is StopState.PLANNED else StopEvent.FINISH
            task = await store.put_stop(task, advance_stop(stop, event, at=at), at=at)
    task = await store.replan(task, _in_order(task, wanted), epoch=epoch)
    resumed = await store.move(task, TaskResumed(), at=at)
    remaining = tuple(stop for stop in resumed.stops if stop.stop_id in wanted)
    wish = Wish(
        vehicle_no=task.vehicle_no,
        kind=CommandKind.ASSIGN_TASK,
        body=assign_task_body(msgspec.structs.replace(resumed, stops=remaining), {}, {}),
        reason=task.kind.value,
        task_id=task.task_id,
        epoch=epoch,
    )
    await queue_command(tx, wish, at=at, rate=rate)
    await move_duty_if_it_can(tx, task.vehicle_no, DutyEvent.SENT_TO_STOP, at)
    return resumed


def _in_order(task: Task, wanted: Mapping[StopId, Stop]) -> tuple[Stop, ...]:
    """Return every stop of the task, those that are over first, then the wanted ones as they are planned."""
    over = [stop for stop in task.stops if stop.stop_id not in wanted]
    states = {stop.stop_id: stop.state for stop in task.stops}
    planned = [msgspec.structs.replace(stop, state=states[stop.stop_id]) for stop in wanted.values()]
    return tuple(
        msgspec.structs.replace(stop, seq=seq) for seq, stop in enumerate((*over, *planned), start=1)
    )
