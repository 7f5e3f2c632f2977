"""A person wants a beat gone round now, or one that waits not at all."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from core.ids import StaffId, new_id
from services.orders.zone import want_dispatch
from services.patrol.beat import BeatId
from services.patrol.beat_store import BeatStore
from services.patrol.kinds import MissedReason, PointEvent, PointState, RunEvent
from services.patrol.run import Run, RunId, advance, advance_point, points_of, run_of
from services.patrol.run_store import RunStore
from services.schedules.settle_occurrence import occurrence_missed

BEGUN_WITHIN: Final = timedelta(hours=1)
CALLED_OFF: Final = "called_off"


async def start_run(tx: Transaction, /, principal: Principal, beat_id: BeatId, *, at: datetime) -> Run:
    """Return a run of the beat that waits for the next free vehicle, for an hour.

    Raises NotFound, and Conflict for a retired beat.
    """
    beat = await BeatStore(tx).get(beat_id, reach_of(principal))
    if beat.is_retired:
        raise Conflict("conflict", "the beat is retired", beat_id=beat_id)
    plain = run_of(beat, RunId(new_id()), begin_by=at + BEGUN_WITHIN, at=at)
    run = msgspec.structs.replace(plain, by=StaffId(principal.id), by_name=principal.name)
    await RunStore(tx).add(run, points_of(run, beat.checkpoints))
    await want_dispatch(tx, run.district, at=at)
    await audit.record(tx, principal, "patrol.started", f"patrol_run:{run.run_id}", {"beat": beat_id}, at=at)
    return run


async def call_off_run(tx: Transaction, /, principal: Principal, run_id: RunId, *, at: datetime) -> Run:
    """Return a run that waits, called off: its checkpoints are missed. Raises NotFound, IllegalTransition.

    One under way is ended by a command to its vehicle.
    """
    runs = RunStore(tx)
    run = await runs.get(run_id, reach_of(principal))
    off = await runs.move(run, advance(run, RunEvent.CANCELLED, at=at, reason=CALLED_OFF))
    for point in await runs.points(run_id):
        if point.state is PointState.DUE:
            missed = advance_point(point, PointEvent.GIVEN_UP, reason=MissedReason.CALLED_OFF)
            await runs.put_point(missed)
    if run.occurrence_id is not None:
        await occurrence_missed(tx, run.occurrence_id, CALLED_OFF, at=at)
    await audit.record(tx, principal, "patrol.called_off", f"patrol_run:{run_id}", at=at)
    return off
