"""The daily check: whose day it is, what is asked, and when it keeps a vehicle from work."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from core.errors import Invalid
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.alarm import Alarm, AlarmRaised, raise_alarm
from fleet.alarms.kinds import AlarmKind
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


def test_the_day_begins_at_the_hour_that_the_rule_says() -> None:
    at = datetime(2026, 12, 1, 21, 30, tzinfo=UTC)
    days = [check_day(at, ORDOS, ReadinessRule(day_starts_hour=hour)) for hour in (5, 6)]
    assert days == [date(2026, 12, 2), date(2026, 12, 1)]


def test_a_rule_names_what_is_looked_at_and_kinds_that_it_does_not_name_keep_theirs() -> None:
    rule = ReadinessRule(looks={ServiceKind.DELIVERY: (CheckItem.TYRES,)})
    assert rule.looks_of(ServiceKind.DELIVERY) == (CheckItem.TYRES,)
    assert CheckItem.BRUSH in rule.looks_of(ServiceKind.SWEEPING)


def test_a_person_says_what_is_wrong_and_not_what_the_system_found() -> None:
    said = Line(item=CheckItem.TYRES, is_ok=False, value="2.1 bar", note=" 左前轮漏气 ")
    assert answered([said], [CheckItem.TYRES]) == (
        Line(item=CheckItem.TYRES, is_ok=False, note="左前轮漏气"),
    )


@pytest.mark.parametrize(
    ("code", "item"),
    [
        (ReasonCode.NO_VALID_CODE, CheckItem.PAPERS),
        (ReasonCode.NO_PERMIT, CheckItem.PAPERS),
        (ReasonCode.PERMIT_SERVICE, CheckItem.PAPERS),
        (ReasonCode.NO_INSURANCE, CheckItem.PAPERS),
        (ReasonCode.INSURANCE_EXPIRED, CheckItem.PAPERS),
        (ReasonCode.INSURANCE_TOO_LOW, CheckItem.PAPERS),
        (ReasonCode.INSPECTION_OVERDUE, CheckItem.INSPECTION),
        (ReasonCode.MODEL_NOT_PERMITTED, CheckItem.SOFTWARE),
    ],
)
def test_what_keeps_a_vehicle_from_work_by_its_papers_fails_their_line(
    code: ReasonCode, item: CheckItem
) -> None:
    lines = system_lines(heard(1), [Reason(code=code)], (), least_battery_ratio=0.15)
    assert [(line.item, line.value) for line in lines if not line.is_ok] == [(item, code.value)]


def test_an_alarm_about_the_vehicle_itself_fails_the_check_and_one_about_its_place_does_not() -> None:
    def an_alarm(kind: AlarmKind) -> Alarm:
        signal = AlarmRaised(vehicle_no=VehicleNo(7), kind=kind, at=AT)
        return raise_alarm(
            signal, alarm_id=AlarmId(kind.value), district=DistrictCode("KB"), operator=OperatorId("op-a")
        )

    alarms = [an_alarm(kind) for kind in (AlarmKind.NO_GO_ENTRY, AlarmKind.TIPPED_OVER)]
    lines = system_lines(heard(1), (), alarms, least_battery_ratio=0.15)
    assert [(line.item, line.value) for line in lines if not line.is_ok] == [("alarms", "tipped_over")]


def test_a_battery_at_the_border_is_enough_and_one_that_was_never_heard_is_not() -> None:
    border = system_lines(heard(1, battery_ratio=0.15), (), (), least_battery_ratio=0.15)
    assert all(line.is_ok for line in border)
    never = system_lines(None, (), (), least_battery_ratio=0.15)
    assert [line.item.value for line in never if not line.is_ok] == ["battery", "connection"]
