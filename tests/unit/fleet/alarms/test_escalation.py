"""Escalation along a timeline, and what takeover requests say; city time is an argument."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo
from core.settings.tree import AlarmSettings
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised, acknowledge, clear, raise_alarm
from fleet.alarms.escalation import due_level, escalate, patience_of
from fleet.alarms.kinds import AlarmKind, AlarmLevel, Severity
from fleet.alarms.takeovers import takeover_signals
from fleet.vehicles.kinds import ControlMode
from tests.integration.fleet.builders import heard

AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
PATIENCE = patience_of(AlarmSettings())
OWNER, LEAD, OFFICER = AlarmLevel


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def an_alarm(severity: Severity, kind: AlarmKind = AlarmKind.OVERSPEED) -> Alarm:
    raised = AlarmRaised(vehicle_no=VehicleNo(7), kind=kind, at=AT, severity=severity)
    return raise_alarm(raised, alarm_id=AlarmId("a"), district=DistrictCode("KB"), operator=OperatorId("o"))


def acknowledged(alarm: Alarm) -> Alarm:
    return acknowledge(alarm, by=StaffId("s"), by_name="甲", comment="", at=later(1))


@pytest.mark.parametrize(
    ("severity", "timeline"),
    [
        (Severity.CRITICAL, [(59, OWNER), (60, LEAD), (179, LEAD), (180, OFFICER), (9_999, OFFICER)]),
        (Severity.MAJOR, [(299, OWNER), (300, LEAD), (899, LEAD), (900, OFFICER)]),
        (Severity.WARNING, [(1_799, OWNER), (1_800, LEAD), (99_999, LEAD)]),
        (Severity.INFO, [(99_999, OWNER)]),
    ],
)
def test_an_alarm_that_nobody_acknowledges_goes_higher_by_its_severity(
    severity: Severity, timeline: list[tuple[int, AlarmLevel]]
) -> None:
    alarm = an_alarm(severity)
    seen = []
    for at_s, _ in timeline:
        alarm = escalate(alarm, due_level(alarm, PATIENCE, later(at_s)))
        seen.append((at_s, alarm.level))
    assert seen == timeline


def test_an_acknowledged_alarm_stays_where_it_is() -> None:
    lead = escalate(an_alarm(Severity.CRITICAL), LEAD)
    assert due_level(acknowledged(lead), PATIENCE, later(9_999)) is LEAD


def test_of_alarms_whose_cause_is_gone_only_a_critical_one_goes_on() -> None:
    assert due_level(clear(an_alarm(Severity.MAJOR), at=later(5)), PATIENCE, later(9_999)) is OWNER
    assert due_level(clear(an_alarm(Severity.CRITICAL), at=later(5)), PATIENCE, later(61)) is LEAD


def test_a_level_never_comes_down() -> None:
    officer = escalate(an_alarm(Severity.WARNING), OFFICER)
    assert due_level(officer, PATIENCE, later(2_000)) is OFFICER


REQUEST = an_alarm(Severity.MAJOR, AlarmKind.TAKEOVER_REQUESTED)


def said(alarm: Alarm, at_s: float, **last: Any) -> list[tuple[type, AlarmKind]]:
    known = {VehicleNo(7): heard(7, **{"measured_at": later(1), **last})} if last else {}
    signals = takeover_signals([alarm], known, unanswered_after=timedelta(seconds=30), at=later(at_s))
    return [(type(signal), signal.kind) for signal in signals]


class TestTakeovers:
    def test_one_that_nobody_acknowledges_is_unanswered_after_its_time(self) -> None:
        assert said(REQUEST, 29) == []
        assert said(REQUEST, 30) == [(AlarmRaised, AlarmKind.TAKEOVER_UNANSWERED)]

    def test_acknowledging_ends_the_unanswered_one_but_not_the_request(self) -> None:
        assert said(acknowledged(REQUEST), 31) == [(AlarmCleared, AlarmKind.TAKEOVER_UNANSWERED)]

    @pytest.mark.parametrize(
        "last",
        [{"control_mode": ControlMode.REMOTE_DRIVE}, {"speed_mps": 2.0}],
        ids=["somebody drives it", "it goes on by itself"],
    )
    def test_a_request_is_over_when_the_vehicle_goes_on(self, last: dict[str, Any]) -> None:
        assert said(REQUEST, 40, **last) == [
            (AlarmCleared, AlarmKind.TAKEOVER_REQUESTED),
            (AlarmCleared, AlarmKind.TAKEOVER_UNANSWERED),
        ]

    def test_what_was_measured_before_the_request_ends_nothing(self) -> None:
        assert said(REQUEST, 5, speed_mps=2.0, measured_at=AT) == []
