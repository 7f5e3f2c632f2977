"""The life of a violation: a timeline of what people do, and who may not judge."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Conflict, Forbidden, IllegalTransition
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo, ViolationId
from fleet.alarms.alarm import AlarmRaised, clear, raise_alarm
from fleet.alarms.kinds import FOLLOWED, AlarmKind
from fleet.violations.kinds import OF_ALARM, ViolationEvent, ViolationState
from fleet.violations.violation import Decision, Violation, advance, check_parties, end, open_violation

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
APPEAL = timedelta(days=15)
EVENT, STATE = ViolationEvent, ViolationState


def a_violation(**details: Any) -> Violation:
    signal = AlarmRaised(
        vehicle_no=VehicleNo(7), kind=AlarmKind.OVERSPEED, at=AT, lat=39.6, lng=109.8, details=details
    )
    alarm = raise_alarm(
        signal, alarm_id=AlarmId("a-1"), district=DistrictCode("KB"), operator=OperatorId("op-a")
    )
    return open_violation(alarm, violation_id=ViolationId("v-1"), permit_no="P-7", at=AT)


def said(event: ViolationEvent, *, by: str = "agent", day: float = 0) -> Decision:
    return Decision(
        event=event, by=StaffId(by), by_name=by, role="agency", at=AT + timedelta(days=day), reason="因为"
    )


def after(*decisions: Decision) -> Violation:
    violation = a_violation()
    for decision in decisions:
        violation = advance(violation, decision, appeal=APPEAL)
    return violation


def test_a_violation_says_rule_permit_policy_and_place() -> None:
    violation = a_violation(fence_id="slow-1", fence_version=3, set_version=41, limit_mps=4.2)
    assert (violation.fence_id, violation.fence_version, violation.set_version) == ("slow-1", 3, 41)
    assert (violation.permit_no, violation.lat, violation.lng) == ("P-7", 39.6, 109.8)
    assert violation.evidence["limit_mps"] == 4.2
    assert (violation.began_at, violation.ended_at, violation.state) == (AT, None, STATE.SUSPECTED)


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ((EVENT.DISMISSED,), STATE.DISMISSED),
        ((EVENT.CONFIRMED, EVENT.APPEALED, EVENT.UPHELD), STATE.UPHELD),
        ((EVENT.CONFIRMED, EVENT.APPEALED, EVENT.OVERTURNED), STATE.OVERTURNED),
    ],
)
def test_what_was_found_outlives_the_closing(
    events: tuple[ViolationEvent, ...], finding: ViolationState
) -> None:
    closed = after(*(said(event) for event in events), said(EVENT.CLOSED, day=20))
    assert (closed.state, closed.finding) == (STATE.CLOSED, finding)
    assert closed.version == len(events) + 2
    assert [decision.event for decision in closed.decisions] == [*events, EVENT.CLOSED]


def test_a_confirmed_violation_is_closed_only_when_it_can_no_longer_be_appealed() -> None:
    confirmed = after(said(EVENT.CONFIRMED))
    assert confirmed.appeal_until == AT + APPEAL
    with pytest.raises(Conflict) as early:
        advance(confirmed, said(EVENT.CLOSED, day=15), appeal=APPEAL)
    assert early.value.code == "appeal-still-open"
    with pytest.raises(Conflict) as late:
        advance(confirmed, said(EVENT.APPEALED, day=15.1), appeal=APPEAL)
    assert late.value.code == "appeal-too-late"
    assert advance(confirmed, said(EVENT.CLOSED, day=15.1), appeal=APPEAL).finding is STATE.CONFIRMED


def test_a_violation_that_nobody_judged_is_neither_appealed_nor_closed() -> None:
    for event in (EVENT.APPEALED, EVENT.CLOSED, EVENT.UPHELD):
        with pytest.raises(IllegalTransition):
            after(said(event))


def test_the_interval_ends_whatever_people_decided_and_never_before_it_began() -> None:
    ended = end(after(said(EVENT.DISMISSED)), at=AT - timedelta(seconds=5))
    assert (ended.ended_at, ended.state) == (AT, STATE.DISMISSED)


def test_the_operator_of_the_vehicle_appeals_and_judges_nothing() -> None:
    violation = after(said(EVENT.CONFIRMED))
    for event in set(EVENT) - {EVENT.APPEALED}:
        with pytest.raises(Forbidden) as refused:
            check_parties(violation, violation.decisions, by="lead", operator="op-a", event=event)
        assert refused.value.code == "own-violation"
        check_parties(violation, violation.decisions, by="other", operator=None, event=event)
    check_parties(violation, violation.decisions, by="lead", operator="op-a", event=EVENT.APPEALED)


def test_who_confirmed_does_not_decide_the_appeal() -> None:
    violation = after(said(EVENT.CONFIRMED, by="agent"), said(EVENT.APPEALED, by="lead"))
    for event in (EVENT.UPHELD, EVENT.OVERTURNED):
        with pytest.raises(Forbidden) as refused:
            check_parties(violation, violation.decisions, by="agent", operator=None, event=event)
        assert refused.value.code == "own-finding"
        check_parties(violation, violation.decisions, by="other", operator=None, event=event)


def test_every_alarm_that_opens_a_violation_is_followed() -> None:
    assert set(OF_ALARM) <= FOLLOWED
    signal = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.STUCK, at=AT)
    alarm = raise_alarm(
        signal, alarm_id=AlarmId("a"), district=DistrictCode("KB"), operator=OperatorId("op-a")
    )
    with pytest.raises(KeyError):
        open_violation(clear(alarm, at=AT), violation_id=ViolationId("v"), permit_no=None, at=AT)
