"""Violations as people see and decide them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from dashboard.cursors import write_cursor
from fleet.violations.kinds import ViolationEvent
from fleet.violations.store import ViolationCount
from fleet.violations.violation import Violation

Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]


class JudgeViolation(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the city finds; `version` refuses when somebody changed the violation meanwhile."""

    step: Literal["confirm", "dismiss", "close"]
    reason: Reason
    version: Version | None = None


class AppealViolation(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why the operator of the vehicle does not agree."""

    reason: Reason
    version: Version | None = None


class DecideAppeal(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of an appeal."""

    step: Literal["uphold", "overturn"]
    reason: Reason
    version: Version | None = None


STEPS: Mapping[str, ViolationEvent] = {
    "confirm": ViolationEvent.CONFIRMED,
    "dismiss": ViolationEvent.DISMISSED,
    "close": ViolationEvent.CLOSED,
    "uphold": ViolationEvent.UPHELD,
    "overturn": ViolationEvent.OVERTURNED,
}


class DecisionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step that somebody took."""

    event: str
    staff_id: str
    by_name: str
    role: str
    at: datetime
    reason: str


class ViolationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One violation with its interval, its rule and what was decided."""

    violation_id: str
    alarm_id: str
    vehicle_no: int
    code: str | None
    kind: str
    district: str
    operator: str
    state: str
    finding: str
    began_at: datetime
    ended_at: datetime | None
    fence_id: str | None
    fence_version: int | None
    set_version: int | None
    permit_no: str | None
    lat: float | None
    lng: float | None
    evidence: Mapping[str, str | int | float | bool | None]
    decisions: tuple[DecisionView, ...]
    appeal_until: datetime | None
    opened_at: datetime
    version: int


class ViolationPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of violations, the latest begin first; `next_cursor` is null on the last one."""

    items: tuple[ViolationView, ...]
    next_cursor: str | None = None


class ViolationCountView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Violations of one vehicle, 旗区, operator or kind."""

    key: str
    suspected: int
    counted: int
    cleared: int


class ViolationCounts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Counts of what began in a span, by key; a key without any is absent."""

    by: str
    from_at: datetime
    to_at: datetime
    items: tuple[ViolationCountView, ...]


def violation_view(violation: Violation, code: str | None) -> ViolationView:
    """Return a violation as screens show it, with the code that its vehicle carries now."""
    values = {
        name: getattr(violation, name)
        for name in ViolationView.__struct_fields__
        if name not in ("code", "kind", "state", "finding", "decisions")
    }
    return ViolationView(
        **values,
        code=code,
        kind=violation.kind.value,
        state=violation.state.value,
        finding=violation.finding.value,
        decisions=tuple(
            DecisionView(
                event=said.event.value,
                staff_id=said.by,
                by_name=said.by_name,
                role=said.role,
                at=said.at,
                reason=said.reason,
            )
            for said in violation.decisions
        ),
    )


def violation_page(
    violations: Sequence[Violation], codes: Mapping[VehicleNo, str | None], limit: int
) -> ViolationPage:
    """Return a page of at most `limit` of the violations, which are one more when there is a next page."""
    shown = violations[:limit]
    more = len(violations) > limit
    cursor = write_cursor((shown[-1].began_at, shown[-1].violation_id)) if more else None
    return ViolationPage(
        items=tuple(violation_view(one, codes.get(one.vehicle_no)) for one in shown), next_cursor=cursor
    )


def violation_counts(
    by: str, from_at: datetime, to_at: datetime, counts: Sequence[ViolationCount]
) -> ViolationCounts:
    """Return counts as screens show them."""
    items = tuple(ViolationCountView(**msgspec.structs.asdict(count)) for count in counts)
    return ViolationCounts(by=by, from_at=from_at, to_at=to_at, items=items)
