"""Alarms as people see and acknowledge them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from dashboard.cursors import write_cursor
from fleet.alarms.alarm import Alarm


class AcknowledgeAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the person has to say; `version` refuses when somebody changed the alarm meanwhile."""

    comment: Annotated[str, Meta(max_length=1000)] = ""
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class CommentAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A remark about an alarm."""

    comment: Annotated[str, Meta(min_length=1, max_length=1000)]


class AlarmCommentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody wrote."""

    by_name: str
    at: datetime
    text: str


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
    assignee_name: str | None
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
        assignee_name=alarm.assignee_name,
        lat=alarm.lat,
        lng=alarm.lng,
        details=alarm.details,
        comments=tuple(
            AlarmCommentView(by_name=said.by_name, at=said.at, text=said.text) for said in alarm.comments
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
