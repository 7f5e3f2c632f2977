"""Alarms: two independent flags, one alarm a cause."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import IllegalTransition
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised, acknowledge, clear, dedup_key, raise_alarm
from fleet.alarms.kinds import DEFAULT_SEVERITY, AlarmKind, AlarmState, Severity

AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)


def an_alarm(kind: AlarmKind = AlarmKind.OVERSPEED) -> Alarm:
    raised = AlarmRaised(vehicle_no=VehicleNo(7), kind=kind, at=AT)
    return raise_alarm(
        raised, alarm_id=AlarmId("a-1"), district=DistrictCode("KB"), operator=OperatorId("chewang")
    )


def acknowledged(alarm: Alarm) -> Alarm:
    return acknowledge(alarm, by=StaffId("s-1"), by_name="值班员", comment="看到了", at=LATER)


def test_every_kind_has_a_severity() -> None:
    assert set(DEFAULT_SEVERITY) == set(AlarmKind)
    assert an_alarm(AlarmKind.COLLISION).severity is Severity.CRITICAL


def test_both_orders_of_the_two_flags_end_in_closed() -> None:
    assert clear(acknowledged(an_alarm()), at=LATER).state is AlarmState.CLOSED
    assert acknowledged(clear(an_alarm(), at=LATER)).state is AlarmState.CLOSED


def test_one_flag_leaves_the_other_open() -> None:
    assert acknowledged(an_alarm()).state is AlarmState.ACKNOWLEDGED
    assert clear(an_alarm(), at=LATER).state is AlarmState.CLEARED


def test_a_flag_is_set_once() -> None:
    with pytest.raises(IllegalTransition):
        acknowledged(acknowledged(an_alarm()))
    with pytest.raises(IllegalTransition):
        clear(clear(an_alarm(), at=LATER), at=LATER)


def test_who_acknowledges_becomes_the_owner_and_his_words_are_kept() -> None:
    alarm = acknowledged(an_alarm())
    assert (alarm.assignee, alarm.acknowledged_at, alarm.version) == ("s-1", LATER, 2)
    assert [comment.text for comment in alarm.comments] == ["看到了"]


def test_a_cause_that_ended_before_its_alarm_was_raised_is_cleared_at_once_not_before() -> None:
    assert clear(an_alarm(), at=AT - timedelta(seconds=9)).cleared_at == AT


def test_raising_and_clearing_name_the_same_cause() -> None:
    raised = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.NO_GO_ENTRY, cause="fence-3", at=AT)
    cleared = AlarmCleared(vehicle_no=VehicleNo(7), kind=AlarmKind.NO_GO_ENTRY, cause="fence-3", at=LATER)
    assert dedup_key(raised) == dedup_key(cleared) == "7:no_go_entry:fence-3"
