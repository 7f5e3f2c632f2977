"""Calling home a run under way: what was swept stays swept, a person says what becomes of the rest."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.clock import Clock
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import SweepingRunId
from services.orders.zone import want_dispatch
from services.schedules.settle_occurrence import occurrence_excused, occurrence_given_back
from services.sweeping.call_home import WayHome, call_home
from services.sweeping.effects import has_swept
from services.sweeping.run import SweepingRun, advance
from services.sweeping.run_states import RECALLED, Rest, RunEvent
from services.sweeping.run_store import RunStore
from services.sweeping.start_run import LONGEST_EXCUSE
from services.tasks.end_task import end_task
from services.tasks.states import TaskCancelled, TaskState
from services.tasks.store import TaskStore


async def recall_run(
    tx: Transaction,
    principal: Principal,
    seen: SweepingRun,
    rest: Rest,
    reason: str,
    way: WayHome | None,
    *,
    at: datetime,
    clock: Clock,
) -> SweepingRun:
    """Return the run taken from its vehicle, which raises its brush and goes home by ``way``.

    Nothing swept yet: with ``REPAIR`` another vehicle begins, else the run is withdrawn. Something swept: it
    is measured, and the rest becomes a repair run or is excused. ``seen`` is the run for whose vehicle the
    way was found. Raises Invalid without a reason, IllegalTransition for a run that is not under way,
    Conflict when it moved meanwhile or nobody has room to watch the vehicle.
    """
    if not reason.strip() or len(reason) > LONGEST_EXCUSE:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_EXCUSE)
    runs = RunStore(tx)
    run = await runs.get(seen.run_id, reach_of(principal))
    ended = advance(run, RunEvent.ENDED, at=at, reason=RECALLED)
    if run.version != seen.version or run.task_id is None or run.vehicle_no is None:
        raise Conflict("conflict", "the run was changed in between", run_id=run.run_id)
    task = await TaskStore(tx).get(run.task_id, EVERYTHING)
    if has_swept(task):
        ended = msgspec.structs.replace(ended, rest=rest)
    elif rest is Rest.REPAIR:
        ended = advance(run, RunEvent.GIVEN_BACK, at=at)
    else:
        ended = advance(run, RunEvent.CALLED_HOME, at=at, reason=RECALLED)
    if ended.task_id is not None:
        ended = msgspec.structs.replace(ended, excuse=reason.strip(), excused_by_name=principal.name)
    done = await runs.move(run, ended, at=at)
    await _settle_occurrence(tx, done, at=at)
    await end_task(tx, task, TaskCancelled(reason=RECALLED), at=at)
    if task.state is not TaskState.SUSPENDED:
        await call_home(tx, run.vehicle_no, way, RECALLED, at=at, clock=clock)
    await want_dispatch(tx, run.district, at=at)
    await _record(tx, principal, run.run_id, rest, reason.strip(), at=at)
    return done


async def _settle_occurrence(tx: Transaction, run: SweepingRun, *, at: datetime) -> None:
    """A person took it back and said why: the occurrence is excused, unless another vehicle begins."""
    if run.occurrence_id is None:
        return
    if run.task_id is None:
        await occurrence_given_back(tx, run.occurrence_id, at=at)
    else:
        await occurrence_excused(tx, run.occurrence_id, run.excuse, at=at)


async def _record(
    tx: Transaction, principal: Principal, run_id: SweepingRunId, rest: Rest, reason: str, *, at: datetime
) -> None:
    about = f"sweeping_run:{run_id}"
    await audit.record(tx, principal, "sweeping_run.recalled", about, {"rest": rest.value}, reason, at=at)
