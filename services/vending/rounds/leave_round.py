"""A round is left for somebody who called: put aside, gone on with, or its rest excused."""

from datetime import datetime, timedelta
from typing import Final

from core.database import Transaction
from services.schedules.settle_occurrence import occurrence_excused
from services.tasks.end_task import end_task
from services.tasks.lose_task import lose_task
from services.tasks.states import StopState, TaskCancelled, TaskFinished, TaskKind
from services.tasks.store import TaskStore
from services.tasks.suspend_task import suspend_task
from services.tasks.task import Stop, Task
from services.vending.rounds.drive_round import RoundEffects
from services.vending.rounds.round import RoundState
from services.vending.rounds.round_store import RoundStore

COMES_BACK_WITHIN: Final = timedelta(minutes=45)
"""So long a vehicle has for its callers and the way back (and a charge or goods between)."""
NOT_RESUMED: Final = "not_resumed"
CALLED_AWAY: Final = "called_away"
STAYS: Final = frozenset({"plan_refused", "plan_unanswered"})
"""Causes after which the vehicle itself can go on with the round that it was called away from."""


def rest_of_round(task: Task) -> tuple[Stop, ...]:
    """Return the stops of a round that its vehicle has not reached."""
    return tuple(stop for stop in task.stops if stop.state is StopState.PLANNED)


async def leave_round(tx: Transaction, task: Task, *, at: datetime) -> None:
    """Put a round aside; one that stands at its last stop is driven. Raises IllegalTransition, Conflict."""
    if rest_of_round(task):
        await suspend_task(tx, task, at=at)
        return
    await end_task(tx, task, TaskFinished(), at=at)
    await RoundEffects().finished(tx, task, at)


async def lose_rest(tx: Transaction, task: Task, cause: str, *, at: datetime) -> None:
    """Let another vehicle drive the round that the lost vehicle of a call was called away from."""
    if cause in STAYS:
        return
    for left in await TaskStore(tx).suspended(TaskKind.VENDING_ROUND, task.vehicle_no):
        await lose_task(tx, left, cause, RoundEffects(), at=at)


async def overdue_rests(tx: Transaction, *, at: datetime) -> list[Task]:
    """Return the rounds that their vehicles have not come back to in time."""
    store = TaskStore(tx)
    found = []
    for task in await store.suspended(TaskKind.VENDING_ROUND):
        since = await store.first_given_after(task)
        if since is None or since + COMES_BACK_WITHIN <= at:
            found.append(task)
    return found


async def excuse_rest(tx: Transaction, task: Task, *, at: datetime) -> None:
    """End a round that its vehicle has not come back to: people were served instead, which is excused."""
    rounds = RoundStore(tx)
    scheduled = await rounds.of_task(task.task_id)
    if scheduled is not None:
        await rounds.move(scheduled.occurrence_id, RoundState.DRIVEN, RoundState.OVER)
        await occurrence_excused(tx, scheduled.occurrence_id, CALLED_AWAY, at=at)
    await end_task(tx, task, TaskCancelled(reason=NOT_RESUMED), at=at)
