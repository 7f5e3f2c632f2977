"""What the progress of a patrol task means for its run."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from services.patrol.kinds import RunKind
from services.patrol.run_store import RunStore
from services.patrol.settle_run import settle_run
from services.tasks.effects import NothingOnBoard
from services.tasks.lose_task import lose_task
from services.tasks.store import TaskStore
from services.tasks.task import Task

STAYS: frozenset[str] = frozenset({"plan_refused", "plan_unanswered", "called_away"})
"""Causes after which the vehicle itself can go on with what it was called away from."""


class PatrolEffects(NothingOnBoard):
    """Closes a run with its task, or puts what is left of it back."""

    async def finished(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """The vehicle has gone round: what it brought no evidence of is planned anew or reported."""
        run = await RunStore(tx).of_task(task.task_id)
        if run is not None:
            await settle_run(tx, run, cause="", at=at)

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """Put the rest back; a vehicle that was lost on a look will not go on with its beat either.

        Nothing is on board: return False.
        """
        run = await RunStore(tx).of_task(task.task_id)
        if run is None:
            return False
        await settle_run(tx, run, cause=cause, at=at)
        if run.kind is RunKind.LOOK and cause not in STAYS:
            await self._lose_suspended(tx, task, cause, at)
        return False

    async def _lose_suspended(self, tx: Transaction, task: Task, cause: str, at: datetime) -> None:
        suspended = await RunStore(tx).suspended_of(task.vehicle_no)
        if suspended is None or suspended.task_id is None:
            return
        beat = await TaskStore(tx).get(suspended.task_id, EVERYTHING)
        await lose_task(tx, beat, cause, self, at=at)
