"""The daily check: whose day it is, what is asked, and when it keeps a vehicle from work."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from core.kinds import ServiceKind
from fleet.readiness.check import (
    CheckItem,
    Line,
    Readiness,
    ReadinessCheck,
    ReadinessRule,
    answered,
    check_day,
    rule_of,
)
from fleet.readiness.system_part import system_lines
from fleet.vehicles.dispatchable import Reason, ReasonCode
from fleet.vehicles.kinds import Connection
from tests.integration.fleet.builders import AT, heard

ORDOS = ZoneInfo("Asia/Shanghai")
CHECK = ReadinessCheck(
    vehicle_no=VehicleNo(7),
    day=date(2026, 7, 1),
    number=1,
    operator=OperatorId("op-a"),
    district=DistrictCode("KB"),
    service=ServiceKind.DELIVERY,
    at=AT,
    staff_id=StaffId("crew"),
    by_name="crew",
    is_passed=True,
    rule_version=1,
    lines=(Line(item=CheckItem.TYRES, is_ok=True),),
)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 12, 1, 19, 59, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 1, 20, 0, tzinfo=UTC), date(2026, 12, 2)),
    ],
    ids=["03:59 is of the day before", "04:00 begins the next"],
)
def test_a_day_of_checks_begins_before_the_service_hours_not_at_midnight(at: datetime, day: date) -> None:
    assert check_day(at, ORDOS, ReadinessRule()) == day


def test_only_a_required_check_that_is_missing_or_failed_holds_a_vehicle_back() -> None:
    failed = msgspec.structs.replace(CHECK, is_passed=False)
    states = [None, failed, CHECK]
    assert [Readiness(is_required=True, last=last).holds_back for last in states] == [True, True, False]
    assert not any(Readiness(last=last).holds_back for last in states)


def test_a_companys_own_rule_goes_before_everybodys() -> None:
    everybodys, own = ReadinessRule(is_required=True), ReadinessRule(operator="op-a")
    assert rule_of("op-a", [everybodys, own]) == own
    assert rule_of("op-b", [everybodys, own]) == everybodys
    assert not rule_of("op-b", []).is_required


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([Line(item=CheckItem.TYRES, is_ok=True)], "sensors"),
        (
            [Line(item=item, is_ok=True) for item in (CheckItem.TYRES, CheckItem.TYRES, CheckItem.SENSORS)],
            "tyres",
        ),
        (
            [Line(item=item, is_ok=True) for item in (CheckItem.TYRES, CheckItem.SENSORS, CheckItem.BATTERY)],
            "battery",
        ),
        ([Line(item=CheckItem.TYRES, is_ok=True), Line(item=CheckItem.SENSORS, is_ok=False)], "sensors"),
    ],
    ids=["missing", "twice", "the system's", "a finding without words"],
)
def test_every_line_is_answered_once_and_findings_say_what_is_wrong(lines: list[Line], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        answered(lines, (CheckItem.TYRES, CheckItem.SENSORS))


def test_the_system_answers_from_what_it_knows() -> None:
    reasons = [Reason(code=ReasonCode.PERMIT_EXPIRED), Reason(code=ReasonCode.NO_OPERATOR_FREE)]
    silent = heard(1, battery_ratio=0.1, connection=Connection.OFFLINE)
    lines = system_lines(silent, reasons, (), least_battery_ratio=0.15)
    wrong = {line.item: line.value for line in lines if not line.is_ok}
    assert wrong == {"battery": "0.10", "connection": "offline", "papers": "permit_expired"}


def test_a_vehicle_at_its_charger_is_not_failed_for_its_battery() -> None:
    charging = heard(1, battery_ratio=0.1, is_charging=True)
    assert all(line.is_ok for line in system_lines(charging, (), (), least_battery_ratio=0.15))
