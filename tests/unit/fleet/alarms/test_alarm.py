"""Alarms: two independent flags, one alarm a cause."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.errors import IllegalTransition
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo
from fleet.alarms.advice import ADVICE, NOT_ACKNOWLEDGING
from fleet.alarms.alarm import (
    Alarm,
    AlarmCleared,
    AlarmRaised,
    acknowledge,
    clear,
    dedup_key,
    raise_alarm,
    worsened,
)
from fleet.alarms.kinds import DEFAULT_SEVERITY, AlarmKind, AlarmState, Severity
from fleet.alarms.quality import quality_signals

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


def test_every_kind_has_a_suggested_action_in_both_languages_and_an_answer_that_acknowledges() -> None:
    assert set(ADVICE) == set(AlarmKind)
    for kind, advice in ADVICE.items():
        assert advice.zh, kind
        assert advice.en, kind
        assert set(advice.answers) - NOT_ACKNOWLEDGING, kind


def test_a_graver_signal_of_a_standing_cause_makes_its_alarm_graver_and_a_milder_one_does_not() -> None:
    alarm = an_alarm(AlarmKind.SENSOR_BLOCKED)
    fatal = AlarmRaised(
        vehicle_no=VehicleNo(7),
        kind=alarm.kind,
        at=LATER,
        severity=Severity.CRITICAL,
        details={"fatal": True},
    )
    graver = worsened(alarm, fatal)
    assert (graver.severity, graver.details, graver.version) == (Severity.CRITICAL, {"fatal": True}, 2)
    assert worsened(graver, msgspec.structs.replace(fatal, severity=None)) is graver


def test_a_score_between_poor_and_good_says_nothing() -> None:
    said = quality_signals({VehicleNo(1): 0.79, VehicleNo(2): 0.85, VehicleNo(3): 0.9}, at=AT)
    assert [(type(signal), signal.vehicle_no) for signal in said] == [(AlarmRaised, 1), (AlarmCleared, 3)]


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
