"""What becomes of a run when its task is over: done, its rest for another vehicle, in doubt or incomplete."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from core.database import Transaction
from core.kinds import ServiceKind
from fleet.weather.recall_store import RecallStore
from services.dispatch.area import OUTSIDE_PERMIT
from services.orders.zone import want_dispatch
from services.patrol.kinds import (
    RUN_OVER,
    TO_SEE,
    MissedReason,
    PointEvent,
    PointState,
    RunEvent,
    RunKind,
    RunState,
    Verdict,
)
from services.patrol.missed_alarm import all_were_seen, tell_missed
from services.patrol.run import MOST_ATTEMPTS, Evidence, Run, RunPoint, advance, advance_point, can_wait
from services.patrol.run_store import RunStore
from services.schedules.settle_occurrence import (
    WEATHER,
    occurrence_excused,
    occurrence_given_back,
    occurrence_met,
    occurrence_missed,
)

CHECKPOINTS_MISSED: Final = "checkpoints_missed"
EVIDENCE_DOUBTFUL: Final = "evidence_doubtful"
REASON_OF_CAUSE: Final[Mapping[str, MissedReason]] = MappingProxyType(
    {
        "": MissedReason.NOT_REACHED,
        "nobody_came": MissedReason.NOBODY_CAME,
        OUTSIDE_PERMIT: MissedReason.OUTSIDE_PERMIT,
    }
)
"""Every other cause is a lost vehicle."""


async def settle_run(tx: Transaction, run: Run, *, cause: str, at: datetime) -> Run:
    """Return the run after its task ended: ``cause`` is why it was lost, empty when it ended well.

    Checkpoints without accepted evidence, and those whose evidence is doubtful, wait for a vehicle again
    while their windows allow it and the run has been tried less than three times; a look is not tried again:
    whoever wanted it is told.
    """
    if run.state in RUN_OVER or run.state is RunState.WAITING:
        return run
    points = await RunStore(tx).points(run.run_id)
    again = [point for point in points if point.state in TO_SEE and _is_tried_again(run, point, at)]
    left = [point for point in points if point.state is PointState.DUE and point not in again]
    await _give_up(tx, run, left, cause, at=at)
    if again:
        waiting = await RunStore(tx).move(run, advance(run, RunEvent.PUT_BACK, at=at))
        if run.occurrence_id is not None:
            await occurrence_given_back(tx, run.occurrence_id, at=at)
        await want_dispatch(tx, run.district, at=at)
        return waiting
    return await _close(tx, run, at=at)


async def give_up_waiting(tx: Transaction, run: Run, *, is_excused: bool = False, at: datetime) -> Run:
    """Return the run that nobody began in time: what it still had to see is missed, the doubtful stays so.

    One that is excused alarms nobody: that it was not gone round is right.
    """
    due = [p for p in await RunStore(tx).points(run.run_id) if p.state is PointState.DUE]
    is_outside = run.reason == OUTSIDE_PERMIT
    cause = MissedReason.OUTSIDE_PERMIT if is_outside else MissedReason.NOBODY_CAME
    await _give_up(tx, run, due, cause.value, at=at)
    return await _close(tx, run, is_excused=is_excused, at=at)


def _is_tried_again(run: Run, point: RunPoint, at: datetime) -> bool:
    is_look = run.kind is RunKind.LOOK
    return not is_look and run.attempt < MOST_ATTEMPTS and can_wait(point.point, at=at, zone=run.zone)


async def _give_up(tx: Transaction, run: Run, points: list[RunPoint], cause: str, *, at: datetime) -> None:
    if not points:
        return
    evidence = await RunStore(tx).evidence(run.run_id)
    for point in points:
        reason = _why(run, point, evidence, cause, at)
        await RunStore(tx).put_point(advance_point(point, PointEvent.GIVEN_UP, reason=reason))


def _why(run: Run, point: RunPoint, evidence: list[Evidence], cause: str, at: datetime) -> MissedReason:
    own = [each.verdict for each in evidence if each.checkpoint_id == point.point.checkpoint_id]
    if own:
        return MissedReason.TOO_FAR if own[-1] is Verdict.TOO_FAR else MissedReason.OUT_OF_WINDOW
    if not can_wait(point.point, at=at, zone=run.zone):
        return MissedReason.OUT_OF_WINDOW
    return REASON_OF_CAUSE.get(cause, MissedReason.VEHICLE_LOST)


async def close_when_seen(tx: Transaction, run: Run, *, at: datetime) -> Run:
    """Return the run closed when it waits for a vehicle and nothing is left to see, else as it is."""
    points = await RunStore(tx).points(run.run_id)
    if run.state is not RunState.WAITING or any(point.state in TO_SEE for point in points):
        return run
    return await _close(tx, run, at=at)


async def _close(tx: Transaction, run: Run, *, is_excused: bool = False, at: datetime) -> Run:
    """Return the run closed, whole or not; a beat that missed something is an alarm until one is whole.

    What was missed while the weather kept the vehicles in, or because they came out late, is excused.
    """
    points = await RunStore(tx).points(run.run_id)
    event, reason = _end_of(points)
    by_weather = reason == CHECKPOINTS_MISSED and await _was_kept_in(tx, run)
    is_excused = is_excused or by_weather
    told = None if run.kind is RunKind.LOOK else reason
    closed = await RunStore(tx).move(run, advance(run, event, at=at, reason=told))
    if run.kind is RunKind.BEAT and not reason:
        await all_were_seen(tx, run, at=at)
    elif run.kind is RunKind.BEAT and not is_excused:
        await tell_missed(tx, run, points, at=at)
    if run.occurrence_id is not None:
        if not reason:
            await occurrence_met(tx, run.occurrence_id, at=at)
        elif by_weather:
            await occurrence_excused(tx, run.occurrence_id, WEATHER, at=at)
        else:
            await occurrence_missed(tx, run.occurrence_id, reason, at=at)
    return closed


async def _was_kept_in(tx: Transaction, run: Run) -> bool:
    recalls = RecallStore(tx)
    return await recalls.kept_in(run.district, ServiceKind.PATROL, run.operator, since=run.created_at)


def _end_of(points: list[RunPoint]) -> tuple[RunEvent, str]:
    """Return how a run of these checkpoints ends, and why it is not whole; empty when it is."""
    states = {point.state for point in points}
    if states <= {PointState.INSPECTED}:
        return RunEvent.DONE, ""
    if states <= {PointState.INSPECTED, PointState.DOUBTFUL}:
        return RunEvent.ENDED_IN_DOUBT, EVIDENCE_DOUBTFUL
    return RunEvent.ENDED, CHECKPOINTS_MISSED
