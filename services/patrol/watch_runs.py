"""The keeper of patrol runs: what nobody began in time, and what a vehicle never came back to."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, IllegalTransition
from core.repeating import repeat
from services.patrol.effects import PatrolEffects
from services.patrol.kinds import RunState
from services.patrol.run import Run
from services.patrol.run_store import RunStore
from services.patrol.settle_run import give_up_waiting
from services.tasks.lose_task import lose_task
from services.tasks.store import TaskStore

COMES_BACK_WITHIN: Final = timedelta(minutes=45)
"""So long a vehicle has for a look and the way back (and a charge between); then another does the rest."""
NOT_RESUMED: Final = "not_resumed"

_log = structlog.get_logger("services.patrol")


class RunWatch:
    """Brings about what time alone brings about; several may run, compare-and-set lets one win."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the runs, the clock, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def watch_once(self) -> int:
        """Settle what is overdue and return how many runs moved. Raises Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            runs = RunStore(tx)
            overdue = await runs.overdue(at)
            left = [run for run in await runs.suspended() if _is_left(run, at)]
        moved = 0
        for run in (*overdue, *left):
            moved += await self._settle(run, at)
        return moved

    async def _settle(self, run: Run, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                fresh = await RunStore(tx).get(run.run_id, EVERYTHING)
                if fresh.version != run.version:
                    return 0
                if fresh.state is RunState.WAITING:
                    await give_up_waiting(tx, fresh, at=at)
                elif fresh.task_id is not None:
                    task = await TaskStore(tx).get(fresh.task_id, EVERYTHING)
                    await lose_task(tx, task, NOT_RESUMED, PatrolEffects(), at=at)
        except (Conflict, IllegalTransition):
            return 0
        _log.warning("patrol_run_given_up", run_id=run.run_id, was=run.state.value)
        return 1

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("patrol-runs", self.watch_once, self._every_s, stop)


def _is_left(run: Run, at: datetime) -> bool:
    return run.suspended_at is not None and run.suspended_at + COMES_BACK_WITHIN <= at
