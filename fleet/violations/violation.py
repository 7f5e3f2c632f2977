"""A violation as a fact, and the steps that people take about it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from core.errors import Conflict, Forbidden
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo, ViolationId
from core.transitions import advance as next_state
from fleet.alarms.alarm import Alarm
from fleet.violations.kinds import (
    OF_ALARM,
    VIOLATION_TRANSITIONS,
    ViolationEvent,
    ViolationKind,
    ViolationState,
)

type Evidence = Mapping[str, str | int | float | bool | None]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a violation: who, in which role, when and why."""

    event: ViolationEvent
    by: StaffId
    by_name: str
    role: str
    at: datetime
    reason: str


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle broke one rule from ``began_at`` to ``ended_at``."""

    violation_id: ViolationId
    alarm_id: AlarmId
    """The cause that opened it: one cause opens one violation."""
    vehicle_no: VehicleNo
    kind: ViolationKind
    district: DistrictCode
    """The vehicle's home 旗区, to which it counts."""
    operator: OperatorId
    state: ViolationState = ViolationState.SUSPECTED
    finding: ViolationState = ViolationState.SUSPECTED
    """The last state before it was closed: what it is counted as."""
    began_at: datetime
    ended_at: datetime | None = None
    """None while the cause stands."""
    fence_id: str | None = None
    """The fence whose rule was broken; None when no fence decided."""
    fence_version: int | None = None
    set_version: int | None = None
    """The published fence set (policy version) by which it was judged."""
    permit_no: str | None = None
    """The permit in force when it began; None when there was none."""
    lat: float | None = None
    lng: float | None = None
    evidence: Evidence = {}
    """What the judging said: sequence of the position, limit and value."""
    decisions: tuple[Decision, ...] = ()
    appeal_until: datetime | None = None
    opened_at: datetime
    version: int = 1


def open_violation(
    alarm: Alarm, *, violation_id: ViolationId, permit_no: str | None, at: datetime
) -> Violation:
    """Return the violation that a cause makes; raises KeyError for a kind of alarm that is none."""
    details = alarm.details
    fence_id, fence_version = details.get("fence_id"), details.get("fence_version")
    set_version = details.get("set_version")
    return Violation(
        violation_id=violation_id,
        alarm_id=alarm.alarm_id,
        vehicle_no=alarm.vehicle_no,
        kind=OF_ALARM[alarm.kind],
        district=alarm.district,
        operator=alarm.operator,
        began_at=alarm.raised_at,
        ended_at=alarm.cleared_at,
        fence_id=str(fence_id) if fence_id is not None else None,
        fence_version=fence_version if isinstance(fence_version, int) else None,
        set_version=set_version if isinstance(set_version, int) else None,
        permit_no=permit_no,
        lat=alarm.lat,
        lng=alarm.lng,
        evidence=details,
        opened_at=at,
    )


def end(violation: Violation, *, at: datetime) -> Violation:
    """Return the violation with its interval closed; its state is another matter."""
    ended_at = max(at, violation.began_at)
    return msgspec.structs.replace(violation, ended_at=ended_at, version=violation.version + 1)


def widened(violation: Violation, alarm: Alarm, *, is_over: bool) -> Violation:
    """Return the violation with the interval of another cause of its rule in it; itself when it was there.

    ``is_over``: no cause of the rule stands any more.
    """
    began_at = min(violation.began_at, alarm.raised_at)
    ends = [end for end in (violation.ended_at, alarm.cleared_at) if end is not None]
    ended_at = max(ends) if is_over and ends else None
    if (began_at, ended_at) == (violation.began_at, violation.ended_at):
        return violation
    return msgspec.structs.replace(
        violation, began_at=began_at, ended_at=ended_at, version=violation.version + 1
    )


def advance(violation: Violation, decision: Decision, *, appeal: timedelta) -> Violation:
    """Return the violation after a person's step; raises IllegalTransition for one the table has not.

    ``appeal``: how long a confirmed violation may be appealed. Raises Conflict for an appeal that comes too
    late and for closing a confirmed one before that time is over.
    """
    state = next_state(VIOLATION_TRANSITIONS, violation.state, decision.event)
    until = violation.appeal_until
    if decision.event is ViolationEvent.APPEALED and until is not None and decision.at > until:
        raise Conflict("appeal-too-late", appeal_until=until.isoformat())
    waits = violation.state is ViolationState.CONFIRMED and until is not None and decision.at <= until
    if decision.event is ViolationEvent.CLOSED and waits:
        raise Conflict("appeal-still-open", appeal_until=until.isoformat() if until else None)
    return msgspec.structs.replace(
        violation,
        state=state,
        finding=violation.finding if state is ViolationState.CLOSED else state,
        decisions=(*violation.decisions, decision),
        appeal_until=decision.at + appeal if decision.event is ViolationEvent.CONFIRMED else until,
        version=violation.version + 1,
    )


def check_parties(
    violation: Violation,
    decisions: Iterable[Decision],
    *,
    by: str,
    operator: str | None,
    event: ViolationEvent,
) -> None:
    """Raise Forbidden when somebody would judge his own cause.

    Whoever works for the operator of the vehicle only appeals. Who confirmed does not decide the appeal.
    """
    if event is ViolationEvent.APPEALED:
        return
    if operator is not None and operator == violation.operator:
        raise Forbidden("own-violation")
    if event in {ViolationEvent.UPHELD, ViolationEvent.OVERTURNED}:
        confirmed = {said.by for said in decisions if said.event is ViolationEvent.CONFIRMED}
        if by in confirmed:
            raise Forbidden("own-finding")
