"""Whose turn it is, who may take what, and how long vehicles waited. Pure."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.ids import DistrictCode, MakerId, OperatorId, StaffId, TakeoverId, VehicleNo
from fleet.alarms.kinds import FOLLOWED, AlarmKind, Severity
from fleet.takeovers.kinds import ASKED_BY, CLAIM_FOR, OFFER_FOR, TakeoverState
from fleet.takeovers.takeover import Takeover, in_turn, may_claim, waits_of
from tests.integration.fleet.builders import AT

ME, OTHER = StaffId("me"), StaffId("other")


def second(number: float) -> datetime:
    return AT + timedelta(seconds=number)


def a_takeover(name: str = "t", **changes: Any) -> Takeover:
    values: dict[str, Any] = {
        "takeover_id": TakeoverId(name),
        "vehicle_no": VehicleNo(1),
        "maker": MakerId("maker-a"),
        "district": DistrictCode("KB"),
        "operator": OperatorId("op-a"),
        "severity": Severity.MAJOR,
        "cause": AlarmKind.STUCK,
        "requested_at": AT,
        "requested_wall": AT,
    }
    return Takeover(**{**values, **changes})


def test_every_alarm_that_asks_for_somebody_is_followed_up() -> None:
    assert ASKED_BY <= FOLLOWED


def test_what_waits_comes_first_the_gravest_then_the_longest_waiting_of_any_maker() -> None:
    queue = [
        a_takeover("active", state=TakeoverState.ACTIVE, severity=Severity.CRITICAL),
        a_takeover("late", requested_at=second(9)),
        a_takeover("early", requested_at=second(1), maker=MakerId("maker-b")),
        a_takeover("grave", requested_at=second(20), severity=Severity.CRITICAL),
    ]
    assert [one.takeover_id for one in in_turn(queue)] == ["grave", "early", "late", "active"]


@pytest.mark.parametrize(
    ("changes", "after", "mine", "others"),
    [
        ({}, timedelta(), True, True),
        ({"state": TakeoverState.OFFERED, "offered_to": ME}, timedelta(), True, False),
        ({"state": TakeoverState.OFFERED, "offered_to": ME}, OFFER_FOR, True, True),
        ({"state": TakeoverState.CLAIMED, "claimed_by": ME, "claimed_wall": AT}, timedelta(), True, False),
        ({"state": TakeoverState.CLAIMED, "claimed_by": ME, "claimed_wall": AT}, CLAIM_FOR, True, True),
        ({"state": TakeoverState.ACTIVE, "claimed_by": ME}, CLAIM_FOR, False, False),
        ({"state": TakeoverState.RESOLVED}, CLAIM_FOR, False, False),
    ],
)
def test_offers_and_claims_hold_for_their_time(
    changes: dict[str, Any], after: timedelta, mine: bool, others: bool
) -> None:
    takeover = a_takeover(**changes)
    assert (may_claim(takeover, ME, AT + after), may_claim(takeover, OTHER, AT + after)) == (mine, others)


def test_waits_are_measured_to_the_moment_somebody_began() -> None:
    begun = [a_takeover(str(wait), begun_at=second(wait)) for wait in (4, 8, 12, 100)]
    expired = a_takeover("x", state=TakeoverState.EXPIRED, ended_at=second(900))
    waits = waits_of([*begun, expired])
    assert (waits.begun, waits.median_s, waits.p95_s, waits.longest_s, waits.expired) == (4, 8, 100, 100, 1)
    assert waits_of([]).median_s is None
    assert a_takeover().waited_s(second(30)) == 30
