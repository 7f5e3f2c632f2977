"""Daily checks on the wire: what is to be looked at, what was found, what a company asks for."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from core.kinds import ServiceKind
from fleet.readiness.check import (
    LONGEST_NOTE,
    CheckItem,
    Line,
    ReadinessCheck,
    ReadinessRule,
    ReadinessState,
)
from fleet.vehicles.judge_vehicles import Judged

Company = Annotated[
    str, Meta(max_length=64, description="Company; empty stands for every one without its own")
]


class LineBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A person's answer to one line; a finding says what is wrong."""

    item: CheckItem
    is_ok: bool
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""


class CheckBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Every line that a person answers, each once."""

    lines: Annotated[tuple[LineBody, ...], Meta(min_length=1, max_length=20)]


class LineView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An answered line: `value` is what the system found, `note` what a person says."""

    item: CheckItem
    is_ok: bool
    value: str
    note: str


class CheckView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check."""

    day: date
    number: int
    at: datetime
    by_name: str
    is_passed: bool
    lines: tuple[LineView, ...]


class VehicleReadiness(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a vehicle stands today; `holdsBack` says that it takes no work for it."""

    vehicle_no: VehicleNo
    code: str | None
    service: ServiceKind
    district: str
    day: date
    state: ReadinessState
    holds_back: bool
    system: tuple[LineView, ...]
    """What the system would answer now."""
    looks: tuple[CheckItem, ...]
    """What a person looks at."""
    last: CheckView | None
    """The last check of today."""


class ReadinessPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Vehicles by number."""

    items: tuple[VehicleReadiness, ...]
    cursor: str | None


class ReadinessRuleBody(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What a company asks for, in place of `version` (0 for none), and why."""

    operator: Company
    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    is_required: bool
    day_starts_hour: Annotated[int, Meta(ge=0, le=23)] = 4
    least_battery_ratio: Annotated[float, Meta(ge=0, le=0.9)] = 0.15
    looks: Annotated[
        dict[ServiceKind, Annotated[tuple[CheckItem, ...], Meta(min_length=1, max_length=7)]],
        Meta(max_length=6),
    ] = {}


class ReadinessRuleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a company asks for; `looks` names every kind of vehicle. Version 0 is the default."""

    operator: str
    version: int
    is_required: bool
    day_starts_hour: int
    least_battery_ratio: float
    looks: dict[ServiceKind, tuple[CheckItem, ...]]
    by_name: str
    reason: str
    at: datetime | None


class ReadinessRuleList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The rule that holds for everybody, and those of companies."""

    items: tuple[ReadinessRuleView, ...]


def lines_of(body: CheckBody) -> tuple[Line, ...]:
    """Return a person's answers."""
    return tuple(Line(item=line.item, is_ok=line.is_ok, note=line.note) for line in body.lines)


def rule_from(body: ReadinessRuleBody) -> ReadinessRule:
    """Return the rule of a body."""
    return ReadinessRule(**msgspec.structs.asdict(body))


def rule_list(rules: Sequence[ReadinessRule]) -> ReadinessRuleList:
    """Return the rules as screens show them."""
    return ReadinessRuleList(items=tuple(rule_view(rule) for rule in rules))


def rule_view(rule: ReadinessRule) -> ReadinessRuleView:
    """Return a rule as screens show it."""
    looks = {service: rule.looks_of(service) for service in ServiceKind}
    return ReadinessRuleView(**{**msgspec.structs.asdict(rule), "looks": looks})


def check_view(check: ReadinessCheck) -> CheckView:
    """Return a check as screens show it."""
    return CheckView(
        day=check.day,
        number=check.number,
        at=check.at,
        by_name=check.by_name,
        is_passed=check.is_passed,
        lines=tuple(_line(line) for line in check.lines),
    )


def vehicle_readiness(
    judged: Judged, rule: ReadinessRule, day: date, now: Sequence[Line]
) -> VehicleReadiness:
    """Return where a vehicle stands today."""
    vehicle, readiness = judged.vehicle, judged.readiness
    return VehicleReadiness(
        vehicle_no=vehicle.vehicle_no,
        code=vehicle.code,
        service=vehicle.service,
        district=vehicle.district,
        day=day,
        state=readiness.state,
        holds_back=readiness.holds_back,
        system=tuple(_line(line) for line in now),
        looks=rule.looks_of(vehicle.service),
        last=None if readiness.last is None else check_view(readiness.last),
    )


def _line(line: Line) -> LineView:
    return LineView(item=line.item, is_ok=line.is_ok, value=line.value, note=line.note)
