"""Alarms as people see and acknowledge them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.auth.colleagues import StaffPerson
from core.ids import VehicleNo
from dashboard.cursors import write_cursor
from fleet.alarms.advice import ADVICE, AlarmAnswer
from fleet.alarms.alarm import Alarm
from fleet.alarms.groups import Member
from fleet.alarms.kinds import DEFAULT_SEVERITY, AlarmKind
from fleet.names import name_of


class AcknowledgeAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the person has to say; `version` refuses when somebody changed the alarm meanwhile."""

    comment: Annotated[str, Meta(max_length=1000)] = ""
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class CommentAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A remark about an alarm."""

    comment: Annotated[str, Meta(min_length=1, max_length=1000)]


class AssignAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who is to act; null takes the alarm oneself."""

    assignee: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class AnswerAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One of the answers that the alarm's kind allows."""

    answer: AlarmAnswer
    comment: Annotated[str, Meta(max_length=1000)] = ""
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class AlarmKindView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A kind of alarm: its names, how grave it is unless said otherwise, what to do and what to answer."""

    kind: str
    zh: str
    en: str
    severity: str
    action_zh: str
    action_en: str
    answers: tuple[str, ...]


class AlarmPersonView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody who may be given an alarm."""

    staff_id: str
    name: str
    role: str


class AlarmPeople(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everybody who may be given an alarm, by name."""

    items: tuple[AlarmPersonView, ...]


class AlarmMemberView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle of a group alarm; `back_at` is null while it is silent."""

    vehicle_no: int
    code: str | None
    joined_at: datetime
    back_at: datetime | None


class AlarmMembers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every vehicle of a group alarm, by number; empty for an alarm of one vehicle."""

    items: tuple[AlarmMemberView, ...]


class AlarmKinds(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every kind of alarm, in the order of the table."""

    items: tuple[AlarmKindView, ...]


class AlarmCommentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody wrote."""

    by_name: str
    at: datetime
    text: str
    answer: str | None


class AlarmView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One alarm with its two flags."""

    alarm_id: str
    kind: str
    severity: str
    state: str
    vehicle_no: int
    code: str | None
    district: str
    operator: str
    raised_at: datetime
    last_seen_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by_name: str | None
    assignee: str | None
    assignee_name: str | None
    level: str
    group_id: str | None
    answers: tuple[str, ...]
    lat: float | None
    lng: float | None
    details: Mapping[str, str | int | float | bool | None]
    comments: tuple[AlarmCommentView, ...]
    version: int


class AlarmPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of alarms, newest first; `next_cursor` is null on the last one."""

    items: tuple[AlarmView, ...]
    next_cursor: str | None = None


def alarm_view(alarm: Alarm, code: str | None) -> AlarmView:
    """Return an alarm as screens show it, with the code that its vehicle carries."""
    return AlarmView(
        alarm_id=alarm.alarm_id,
        kind=alarm.kind.value,
        severity=alarm.severity.value,
        state=alarm.state.value,
        vehicle_no=alarm.vehicle_no,
        code=code,
        district=alarm.district,
        operator=alarm.operator,
        raised_at=alarm.raised_at,
        last_seen_at=alarm.last_seen_at,
        cleared_at=alarm.cleared_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_by_name=alarm.acknowledged_by_name,
        assignee=alarm.assignee,
        assignee_name=alarm.assignee_name,
        level=alarm.level.value,
        group_id=alarm.group_id,
        answers=tuple(answer.value for answer in ADVICE[alarm.kind].answers),
        lat=alarm.lat,
        lng=alarm.lng,
        details=alarm.details,
        comments=tuple(
            AlarmCommentView(
                by_name=said.by_name,
                at=said.at,
                text=said.text,
                answer=None if said.answer is None else said.answer.value,
            )
            for said in alarm.comments
        ),
        version=alarm.version,
    )


def alarm_page(alarms: Sequence[Alarm], codes: Mapping[VehicleNo, str | None], limit: int) -> AlarmPage:
    """Return a page of at most `limit` of the alarms, which are one more when there is a next page."""
    shown = alarms[:limit]
    more = len(alarms) > limit
    cursor = write_cursor((shown[-1].raised_at, shown[-1].alarm_id)) if more else None
    views = tuple(alarm_view(alarm, codes.get(alarm.vehicle_no)) for alarm in shown)
    return AlarmPage(items=views, next_cursor=cursor)


def alarm_kinds() -> AlarmKinds:
    """Return every kind as screens and clients need it."""
    return AlarmKinds(
        items=tuple(
            AlarmKindView(
                kind=kind.value,
                zh=name_of(kind).zh,
                en=name_of(kind).en,
                severity=DEFAULT_SEVERITY[kind].value,
                action_zh=ADVICE[kind].zh,
                action_en=ADVICE[kind].en,
                answers=tuple(answer.value for answer in ADVICE[kind].answers),
            )
            for kind in AlarmKind
        )
    )


def alarm_people(people: Sequence[StaffPerson]) -> AlarmPeople:
    """Return people as a list to choose from."""
    return AlarmPeople(
        items=tuple(
            AlarmPersonView(staff_id=person.staff_id, name=person.name, role=person.role.value)
            for person in people
        )
    )


def alarm_members(members: Sequence[Member], codes: Mapping[VehicleNo, str | None]) -> AlarmMembers:
    """Return the vehicles of a group with the codes they carry."""
    return AlarmMembers(
        items=tuple(
            AlarmMemberView(
                vehicle_no=member.vehicle_no,
                code=codes.get(member.vehicle_no),
                joined_at=member.joined_at,
                back_at=member.back_at,
            )
            for member in members
        )
    )
