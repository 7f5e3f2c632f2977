"""The check list of a kind of vehicle, what came of it, and whether it lets the vehicle work. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from core.kinds import ServiceKind

ANY: Final = ""
"""A rule's company that stands for every one without a rule of its own."""
LONGEST_NOTE: Final = 500


class CheckItem(StrEnum):
    """One line of a check list. The first six are answered by the system, the rest by who looks."""

    BATTERY = "battery"
    CONNECTION = "connection"
    PAPERS = "papers"
    INSPECTION = "inspection"
    ALARMS = "alarms"
    SOFTWARE = "software"
    TYRES = "tyres"
    SENSORS = "sensors"
    LIGHTS = "lights"
    DOORS = "doors"
    BRUSH = "brush"
    WATER = "water"
    COLD_BOX = "cold_box"


BY_SYSTEM: Final = frozenset(
    {
        CheckItem.BATTERY,
        CheckItem.CONNECTION,
        CheckItem.PAPERS,
        CheckItem.INSPECTION,
        CheckItem.ALARMS,
        CheckItem.SOFTWARE,
    }
)
_EVERY: Final = (CheckItem.TYRES, CheckItem.SENSORS, CheckItem.LIGHTS)
DEFAULT_LOOKS: Final[Mapping[ServiceKind, tuple[CheckItem, ...]]] = {
    ServiceKind.DELIVERY: (*_EVERY, CheckItem.DOORS),
    ServiceKind.VENDING: (*_EVERY, CheckItem.DOORS, CheckItem.COLD_BOX),
    ServiceKind.SWEEPING: (*_EVERY, CheckItem.BRUSH, CheckItem.WATER),
    ServiceKind.PATROL: _EVERY,
}
"""What a person looks at, by kind of vehicle, unless a rule says otherwise."""


class ReadinessState(StrEnum):
    """Where a vehicle stands today."""

    MISSING = "missing"
    FAILED = "failed"
    PASSED = "passed"


class ReadinessRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a company asks for before a vehicle works. Version 0 is the default, which nobody set.

    ``looks`` are the lines for a person by kind of vehicle; a kind it does not name has ``DEFAULT_LOOKS``.
    """

    operator: str = ANY
    version: int = 0
    is_required: bool = False
    """Whether a vehicle without today's passed check takes no work."""
    day_starts_hour: int = 4
    """Local hour at which a new day of checks begins; night work before it is covered by the evening's."""
    least_battery_ratio: float = 0.15
    looks: dict[ServiceKind, tuple[CheckItem, ...]] = {}
    by_name: str = ""
    reason: str = ""
    at: datetime | None = None

    def looks_of(self, service: ServiceKind) -> tuple[CheckItem, ...]:
        """Return what a person looks at on a vehicle of a kind."""
        return self.looks.get(service) or DEFAULT_LOOKS.get(service, _EVERY)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one line; ``value`` is what the system found, ``note`` what a person says is wrong."""

    item: CheckItem
    is_ok: bool
    value: str = ""
    note: str = ""


class ReadinessCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one vehicle; never changed. The last of a day decides."""

    vehicle_no: VehicleNo
    day: date
    number: int
    """1, 2, … on that day."""
    operator: OperatorId
    district: DistrictCode
    service: ServiceKind
    at: datetime
    staff_id: StaffId
    by_name: str
    is_passed: bool
    rule_version: int
    lines: tuple[Line, ...]

    def findings(self) -> tuple[Line, ...]:
        """Return what was not in order."""
        return tuple(line for line in self.lines if not line.is_ok)


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Where a vehicle stands today, and whether that keeps it from work."""

    is_required: bool = False
    day: date | None = None
    last: ReadinessCheck | None = None
    """The last check of today; None before the first."""

    @property
    def state(self) -> ReadinessState:
        """Return whether today's check was passed, failed, or is missing."""
        if self.last is None:
            return ReadinessState.MISSING
        return ReadinessState.PASSED if self.last.is_passed else ReadinessState.FAILED

    @property
    def holds_back(self) -> bool:
        """Return whether the vehicle takes no work for it."""
        return self.is_required and self.state is not ReadinessState.PASSED


def check_day(at: datetime, zone: tzinfo, rule: ReadinessRule) -> date:
    """Return the local day that a check at a moment is of.

    >>> from datetime import UTC
    >>> check_day(datetime(2026, 12, 1, 3, 59, tzinfo=UTC), UTC, ReadinessRule())
    datetime.date(2026, 11, 30)
    """
    return (at.astimezone(zone) - timedelta(hours=rule.day_starts_hour)).date()


def rule_of(operator: str, rules: Sequence[ReadinessRule]) -> ReadinessRule:
    """Return the rule of a company: its own before everybody's, the default without either."""
    by_company = {rule.operator: rule for rule in rules}
    return by_company.get(operator) or by_company.get(ANY) or ReadinessRule()


def answered(lines: Sequence[Line], wanted: Collection[CheckItem]) -> tuple[Line, ...]:
    """Return a person's lines; raise Invalid naming what is missing, twice, foreign or unexplained."""
    items = [line.item for line in lines]
    wrong = sorted(set(items) ^ set(wanted)) or sorted(item for item in set(items) if items.count(item) > 1)
    if wrong:
        limit = ", ".join(sorted(wanted))
        what = f"answer every line once: {', '.join(wrong)}"
        raise Invalid("invalid-input", what, field="lines", limit=limit)
    silent = [line.item for line in lines if not line.is_ok and not line.note.strip()]
    if silent:
        what = f"say what is wrong with {', '.join(silent)}"
        raise Invalid("invalid-input", what, field="lines.note", limit=f"1 to {LONGEST_NOTE} characters")
    return tuple(msgspec.structs.replace(line, note=line.note.strip(), value="") for line in lines)
