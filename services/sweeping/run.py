"""A sweeping run, and the pure function that moves it."""

from datetime import datetime

import msgspec

from core.ids import DistrictCode, OccurrenceId, OperatorId, SweepingRunId, SweepingZoneId, TaskId, VehicleNo
from core.transitions import advance as next_state
from services.dispatch.area import OUTSIDE_PERMIT
from services.sweeping.run_states import TERMINAL, TRANSITIONS, Rest, RunEvent, RunKind, RunState
from services.sweeping.wetness import Way


class SweepingRun(msgspec.Struct, frozen=True, kw_only=True):
    """One sweeping of a zone, or of what an earlier run missed (``repairs``).

    ``vehicle_no`` is who does it; before that ``wanted_vehicle_no`` says who alone may, None lets any.
    ``reason``: why it was not done or not whole, a stable word. ``rest``: what becomes of what it left.
    ``excuse``: what a person wrote about it.
    """

    run_id: SweepingRunId
    version: int = 1
    zone_id: SweepingZoneId
    plan_id: str
    district: DistrictCode
    operator: OperatorId
    kind: RunKind = RunKind.WHOLE
    state: RunState = RunState.WAITING
    repairs: SweepingRunId | None = None
    occurrence_id: OccurrenceId | None = None
    wanted_vehicle_no: VehicleNo | None = None
    vehicle_no: VehicleNo | None = None
    task_id: TaskId | None = None
    way: Way | None = None
    reason: str = ""
    asked_by_name: str = ""
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    planned_m2: float = 0.0
    verified_m2: float = 0.0
    missed_m2: float = 0.0
    """Ground of missed cells."""
    month: str = ""
    """City month in which it ended, such as 2026-11."""
    rest: Rest = Rest.AS_ZONE
    excuse: str = ""
    excused_by_name: str = ""


def advance(run: SweepingRun, event: RunEvent, *, at: datetime, reason: str = "") -> SweepingRun:
    """Return the run after ``event``; version + 1. Raises IllegalTransition outside the table."""
    target = next_state(TRANSITIONS, run.state, event)
    moved = msgspec.structs.replace(
        run,
        state=target,
        version=run.version + 1,
        reason=reason or run.reason,
        ended_at=at if event is RunEvent.ENDED else run.ended_at,
        closed_at=at if target in TERMINAL else run.closed_at,
    )
    if event is RunEvent.GIVEN_BACK:
        return msgspec.structs.replace(moved, vehicle_no=None, task_id=None, way=None, started_at=None)
    return moved


def waits_because(run: SweepingRun, reason: str) -> SweepingRun:
    """Return a run that waits, with a stable word for why; version + 1."""
    return msgspec.structs.replace(run, reason=reason, version=run.version + 1)


def given(
    run: SweepingRun, vehicle_no: VehicleNo, task_id: TaskId, way: Way, reason: str, *, at: datetime
) -> SweepingRun:
    """Return the run under way with its vehicle; ``reason`` says why it is swept dry, if it is.

    Why it waited is past.
    """
    if run.reason == OUTSIDE_PERMIT:
        run = msgspec.structs.replace(run, reason="")
    moved = advance(run, RunEvent.GIVEN, at=at, reason=reason)
    return msgspec.structs.replace(moved, vehicle_no=vehicle_no, task_id=task_id, way=way, started_at=at)


def measured(
    run: SweepingRun, *, planned_m2: float, verified_m2: float, missed_m2: float, month: str, at: datetime
) -> SweepingRun:
    """Return the run with what was really swept."""
    moved = advance(run, RunEvent.MEASURED, at=at)
    return msgspec.structs.replace(
        moved,
        planned_m2=round(planned_m2, 1),
        verified_m2=round(verified_m2, 1),
        missed_m2=round(missed_m2, 1),
        month=month,
    )
