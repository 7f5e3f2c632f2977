"""What the progress of a sweeping task means for its run."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import SweepingRunId
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.schedules.settle_occurrence import (
    occurrence_excused,
    occurrence_given_back,
    occurrence_made_good,
    occurrence_met,
    occurrence_missed,
)
from services.sweeping.run import advance
from services.sweeping.run_states import NOBODYS_FAULT, Rest, RunEvent, RunState
from services.sweeping.run_store import RunStore
from services.tasks.effects import NothingOnBoard
from services.tasks.states import StopKind, StopState
from services.tasks.task import Stop, Task


class SweepingEffects(NothingOnBoard):
    """Ends runs with their tasks; a task without a run is nobody's."""

    async def stop_left(self, tx: Transaction, task: Task, _stop: Stop, at: datetime, /) -> None:
        """Say that the vehicle works when a pass is what it drives next."""
        following = task.next_stop()
        if following is not None and following.kind is StopKind.SWEEP:
            await move_duty_if_it_can(tx, task.vehicle_no, DutyEvent.WORK_STARTED, at)

    async def finished(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """Have measured what was swept; the occurrence of a schedule is met."""
        runs = RunStore(tx)
        run = await runs.of_task(task.task_id)
        if run is None or run.state is not RunState.UNDER_WAY:
            return
        await runs.move(run, advance(run, RunEvent.ENDED, at=at), at=at)
        if run.occurrence_id is not None:
            await occurrence_met(tx, run.occurrence_id, at=at)
        if run.repairs is not None:
            await _make_good(runs, run.repairs, tx, at)

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """Give a run that is not begun back to another vehicle; measure what was swept of one that is.

        What is nobody's fault excuses the run and its occurrence, and sends nobody out for the rest.
        """
        runs = RunStore(tx)
        run = await runs.of_task(task.task_id)
        if run is None or run.state is not RunState.UNDER_WAY:
            return False
        if cause in NOBODYS_FAULT:
            event = RunEvent.ENDED if has_swept(task) else RunEvent.EXCUSED
            excused = msgspec.structs.replace(run, rest=Rest.EXCUSED)
            await runs.move(run, advance(excused, event, at=at, reason=cause), at=at)
            if run.occurrence_id is not None:
                await occurrence_excused(tx, run.occurrence_id, cause, at=at)
            return False
        if not has_swept(task):
            await runs.move(run, advance(run, RunEvent.GIVEN_BACK, at=at), at=at)
            if run.occurrence_id is not None:
                await occurrence_given_back(tx, run.occurrence_id, at=at)
            return False
        await runs.move(run, advance(run, RunEvent.ENDED, at=at, reason=cause), at=at)
        if run.occurrence_id is not None:
            await occurrence_missed(tx, run.occurrence_id, cause, at=at)
        return False


async def _make_good(runs: RunStore, repaired: SweepingRunId, tx: Transaction, at: datetime) -> None:
    """Meet the occurrence whose run lost its vehicle: what that one left is swept now."""
    first = await runs.get(repaired, EVERYTHING)
    while first.repairs is not None:
        first = await runs.get(first.repairs, EVERYTHING)
    if first.occurrence_id is not None:
        await occurrence_made_good(tx, first.occurrence_id, at=at)


def has_swept(task: Task) -> bool:
    """Return whether the vehicle has left for its first pass, or is through with it."""
    for before, stop in zip((None, *task.stops), task.stops, strict=False):
        if stop.kind is StopKind.SWEEP:
            begun = before is None or before.state in (StopState.REACHED, StopState.DONE)
            return begun or stop.state in (StopState.REACHED, StopState.DONE)
    return False
