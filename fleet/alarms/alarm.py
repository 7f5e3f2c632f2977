"""An alarm as a fact, and what the tracker and others say to raise and to clear one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from core.errors import IllegalTransition, Invalid
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo
from core.transitions import advance as next_state
from fleet.alarms.advice import ADVICE, NOT_ACKNOWLEDGING, AlarmAnswer
from fleet.alarms.kinds import (
    ALARM_TERMINAL,
    ALARM_TRANSITIONS,
    DEFAULT_SEVERITY,
    SEVERITY_RANK,
    WAITING,
    AlarmEvent,
    AlarmKind,
    AlarmLevel,
    AlarmState,
    Severity,
)

NO_VEHICLE: Final = VehicleNo(0)
"""``vehicle_no`` of an alarm that is of a fence, a beat or the platform."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody an alarm can be given to."""

    staff_id: StaffId
    name: str


class AlarmRaised(msgspec.Struct, frozen=True, kw_only=True, tag="raised"):
    """A cause stands. Saying it again while it stands changes nothing but ``last_seen_at``."""

    vehicle_no: VehicleNo
    kind: AlarmKind
    cause: str = ""
    """What tells two causes of one kind and vehicle apart, such as a fence id; empty when one can stand."""
    at: datetime
    severity: Severity | None = None
    """None takes the kind's default."""
    lat: float | None = None
    lng: float | None = None
    details: Mapping[str, str | int | float | bool | None] = {}
    """Evidence for people: fence id and version, limit and value."""


class AlarmCleared(msgspec.Struct, frozen=True, kw_only=True, tag="cleared"):
    """The cause is gone."""

    vehicle_no: VehicleNo
    kind: AlarmKind
    cause: str = ""
    at: datetime


class AlarmPast(msgspec.Struct, frozen=True, kw_only=True, tag="past"):
    """A cause that was over when it became known: positions that came late show it."""

    raised: AlarmRaised
    ended_at: datetime

    @property
    def vehicle_no(self) -> VehicleNo:
        """Return whose cause it was."""
        return self.raised.vehicle_no

    @property
    def kind(self) -> AlarmKind:
        """Return what it was."""
        return self.raised.kind

    @property
    def cause(self) -> str:
        """Return the cause's own name."""
        return self.raised.cause

    @property
    def at(self) -> datetime:
        """Return when it began."""
        return self.raised.at


AlarmSignal = AlarmRaised | AlarmCleared | AlarmPast


def dedup_key(signal: AlarmSignal) -> str:
    """Return what one cause is known by: vehicle, kind and the cause's own name."""
    return f"{signal.vehicle_no}:{signal.kind.value}:{signal.cause}"


class AlarmComment(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wrote about an alarm."""

    by: StaffId
    by_name: str
    at: datetime
    text: str
    answer: AlarmAnswer | None = None
    """What of the allowed answers was given; the text may then be empty."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm of one cause."""

    alarm_id: AlarmId
    vehicle_no: VehicleNo
    kind: AlarmKind
    severity: Severity
    dedup_key: str
    district: DistrictCode
    operator: OperatorId
    state: AlarmState = AlarmState.OPEN
    raised_at: datetime
    last_seen_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: StaffId | None = None
    acknowledged_by_name: str | None = None
    taken_at: datetime | None = None
    """When an operator took it on: acknowledged it, took it as his own, or said that he watches it."""
    taken_by: StaffId | None = None
    answered_at: datetime | None = None
    """When somebody first said what was done about it."""
    cleared_at: datetime | None = None
    assignee: StaffId | None = None
    assignee_name: str | None = None
    level: AlarmLevel = AlarmLevel.OWNER
    """Who must act by now; it only rises, and stays when somebody has acknowledged."""
    group_id: AlarmId | None = None
    """The group alarm that this one's cause was part of."""
    lat: float | None = None
    lng: float | None = None
    details: Mapping[str, str | int | float | bool | None] = {}
    comments: tuple[AlarmComment, ...] = ()
    version: int = 1

    @property
    def is_cleared(self) -> bool:
        """Whether the cause is gone."""
        return self.cleared_at is not None


def raise_alarm(
    signal: AlarmRaised,
    *,
    alarm_id: AlarmId,
    district: DistrictCode,
    operator: OperatorId,
    owner: Person | None = None,
) -> Alarm:
    """Return the alarm that a cause makes; who watches the vehicle owns it from the start."""
    return Alarm(
        alarm_id=alarm_id,
        vehicle_no=signal.vehicle_no,
        kind=signal.kind,
        severity=signal.severity or DEFAULT_SEVERITY[signal.kind],
        dedup_key=dedup_key(signal),
        district=district,
        operator=operator,
        raised_at=signal.at,
        last_seen_at=signal.at,
        assignee=None if owner is None else owner.staff_id,
        assignee_name=None if owner is None else owner.name,
        lat=signal.lat,
        lng=signal.lng,
        details=signal.details,
    )


def past_alarm(
    signal: AlarmPast, *, alarm_id: AlarmId, district: DistrictCode, operator: OperatorId
) -> Alarm:
    """Return the alarm of a cause that is over: it is closed from the start and asks nobody to act."""
    alarm = raise_alarm(signal.raised, alarm_id=alarm_id, district=district, operator=operator)
    return msgspec.structs.replace(
        alarm, state=AlarmState.CLOSED, last_seen_at=signal.ended_at, cleared_at=signal.ended_at
    )


def worsened(alarm: Alarm, signal: AlarmRaised) -> Alarm:
    """Return the standing alarm with what a graver signal of its cause adds; the alarm itself when it is not.

    One cause may be said twice: by the status record, and by a report that calls it fatal.
    """
    severity = signal.severity or DEFAULT_SEVERITY[signal.kind]
    if SEVERITY_RANK[severity] <= SEVERITY_RANK[alarm.severity]:
        return alarm
    return msgspec.structs.replace(
        alarm, severity=severity, details={**alarm.details, **signal.details}, version=alarm.version + 1
    )


def acknowledge(alarm: Alarm, *, by: StaffId, by_name: str, comment: str, at: datetime) -> Alarm:
    """Return the alarm acknowledged by a person; raises IllegalTransition when somebody did so before."""
    state = next_state(ALARM_TRANSITIONS, alarm.state, AlarmEvent.ACKNOWLEDGED)
    said = (AlarmComment(by=by, by_name=by_name, at=at, text=comment),) if comment else ()
    return msgspec.structs.replace(
        alarm,
        state=state,
        acknowledged_at=at,
        acknowledged_by=by,
        acknowledged_by_name=by_name,
        assignee=alarm.assignee or by,
        assignee_name=alarm.assignee_name or by_name,
        comments=(*alarm.comments, *said),
        version=alarm.version + 1,
    )


def take(alarm: Alarm, by: StaffId, *, at: datetime) -> Alarm:
    """Return the alarm that an operator has taken on; one that was taken or answered before stays as it is.

    Beside acknowledging, assigning or answering, which counts the version.
    """
    if alarm.taken_at is not None or alarm.answered_at is not None:
        return alarm
    return msgspec.structs.replace(alarm, taken_at=at, taken_by=by)


def assign(alarm: Alarm, to: Person) -> Alarm:
    """Return the alarm given to somebody; raises IllegalTransition when it is closed."""
    if alarm.state in ALARM_TERMINAL:
        raise IllegalTransition(alarm.state, "alarm_assigned", alarm_id=alarm.alarm_id)
    return msgspec.structs.replace(
        alarm, assignee=to.staff_id, assignee_name=to.name, version=alarm.version + 1
    )


def answer(alarm: Alarm, given: AlarmAnswer, *, by: Person, text: str, at: datetime) -> Alarm:
    """Return the alarm with an answer of somebody; most answers acknowledge it while nobody has.

    Raises Invalid for an answer that its kind does not allow, IllegalTransition when it is closed.
    """
    allowed = ADVICE[alarm.kind].answers
    if given not in allowed:
        names = ", ".join(one.value for one in allowed)
        raise Invalid(
            "invalid-input", f"{alarm.kind.value} takes one of: {names}", field="answer", limit=names
        )
    if alarm.state in ALARM_TERMINAL:
        raise IllegalTransition(alarm.state, "alarm_answered", alarm_id=alarm.alarm_id)
    said = AlarmComment(by=by.staff_id, by_name=by.name, at=at, text=text, answer=given)
    if given not in NOT_ACKNOWLEDGING and alarm.state in WAITING:
        alarm = acknowledge(alarm, by=by.staff_id, by_name=by.name, comment="", at=at)
    else:
        alarm = msgspec.structs.replace(alarm, version=alarm.version + 1)
    is_done = given not in NOT_ACKNOWLEDGING and alarm.answered_at is None
    answered_at = at if is_done else alarm.answered_at
    return msgspec.structs.replace(alarm, comments=(*alarm.comments, said), answered_at=answered_at)


def clear(alarm: Alarm, *, at: datetime) -> Alarm:
    """Return the alarm with its cause gone; raises IllegalTransition when it was cleared before.

    A cause that ended before the alarm was raised (late positions) is cleared at the moment it was raised.
    """
    state = next_state(ALARM_TRANSITIONS, alarm.state, AlarmEvent.CLEARED)
    return msgspec.structs.replace(
        alarm, state=state, cleared_at=max(at, alarm.raised_at), version=alarm.version + 1
    )
