"""Minutes of operators on alarms: from taking to answering, capped, no minute of a person twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.auth.roles import Role
from core.ids import AlarmId, DistrictCode, MakerId, OperatorId, StaffId, TakeoverId, VehicleNo
from fleet.alarms.advice import AlarmAnswer
from fleet.alarms.alarm import Alarm, AlarmRaised, Person, acknowledge, answer, raise_alarm, take
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.alarms.take_alarm import taken
from fleet.takeovers.alarm_minutes import COUNTED_AT_MOST, alarm_minutes
from fleet.takeovers.takeover import Takeover
from tests.integration.fleet.builders import a_principal

T0 = datetime(2026, 7, 1, tzinfo=UTC)
ANNA, BORIS = StaffId("anna"), StaffId("boris")
MOST_MIN = COUNTED_AT_MOST.total_seconds() / 60


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def an_alarm(
    took: float | None,
    answered: float | None = None,
    *,
    vehicle: int = 7,
    by: StaffId = ANNA,
    cleared: float | None = None,
) -> Alarm:
    return Alarm(
        alarm_id=AlarmId("a"),
        vehicle_no=VehicleNo(vehicle),
        kind=AlarmKind.STUCK,
        severity=Severity.MAJOR,
        dedup_key="k",
        district=DistrictCode("KB"),
        operator=OperatorId("op-a"),
        raised_at=T0,
        last_seen_at=T0,
        taken_at=None if took is None else minute(took),
        taken_by=None if took is None else by,
        answered_at=None if answered is None else minute(answered),
        cleared_at=None if cleared is None else minute(cleared),
    )


def a_session(claimed: float, ended: float | None, by: StaffId = ANNA) -> Takeover:
    return Takeover(
        takeover_id=TakeoverId("t"),
        vehicle_no=VehicleNo(7),
        maker=MakerId("m"),
        district=DistrictCode("KB"),
        operator=OperatorId("op-a"),
        severity=Severity.MAJOR,
        cause=AlarmKind.STUCK,
        requested_at=T0,
        requested_wall=T0,
        claimed_by=by,
        claimed_at=minute(claimed),
        ended_at=None if ended is None else minute(ended),
    )


def spent(*alarms: Alarm, sessions: tuple[Takeover, ...] = (), now: float = 600) -> dict[int, float]:
    found = alarm_minutes(alarms, sessions, T0, minute(500), now=minute(now))
    return {int(number): round(minutes, 6) for number, minutes in found.items()}


@pytest.mark.parametrize(
    ("alarm", "minutes"),
    [
        (an_alarm(10, 12), 2.0),
        (an_alarm(10, 10 + 3 * MOST_MIN), MOST_MIN),
        (an_alarm(10), MOST_MIN),
        (an_alarm(10, 14, cleared=11), 1.0),
        (an_alarm(10, cleared=11), 1.0),
        (an_alarm(498, 503), 2.0),
        (an_alarm(-2, 1), 1.0),
    ],
    ids=["answered", "capped", "never answered", "gone before", "gone", "over the end", "from before"],
)
def test_an_alarm_counts_from_taking_to_its_answer_at_most_the_cap(alarm: Alarm, minutes: float) -> None:
    assert spent(alarm) == {7: minutes}


def test_an_alarm_still_open_counts_until_now() -> None:
    assert spent(an_alarm(10), now=11) == {7: 1.0}


@pytest.mark.parametrize("alarm", [an_alarm(None), an_alarm(None, 5), an_alarm(10, 12, vehicle=0)])
def test_what_nobody_took_and_what_is_of_no_vehicle_counts_nothing(alarm: Alarm) -> None:
    assert spent(alarm) == {}


def test_a_minute_with_several_alarms_is_shared_and_one_in_a_session_is_the_sessions() -> None:
    both = (an_alarm(10, 14, vehicle=7), an_alarm(12, 14, vehicle=8))
    assert spent(*both) == {7: 3.0, 8: 1.0}
    assert spent(*both, an_alarm(12, 14, vehicle=9, by=BORIS)) == {7: 3.0, 8: 1.0, 9: 2.0}
    assert spent(*both, sessions=(a_session(13, None),)) == {7: 2.5, 8: 0.5}
    assert spent(*both, sessions=(a_session(0, 100, by=BORIS),)) == {7: 3.0, 8: 1.0}


def test_two_alarms_of_one_vehicle_at_once_are_one_persons_minutes() -> None:
    assert spent(an_alarm(10, 14), an_alarm(10, 14)) == {7: 4.0}


MINUTES = st.integers(0, 40)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(MINUTES, MINUTES, st.integers(7, 9), st.sampled_from((ANNA, BORIS))), max_size=8),
    st.lists(st.tuples(MINUTES, MINUTES), max_size=3),
    st.integers(0, 60),
)
def test_neighbouring_spans_add_up_and_nobody_has_more_than_all_of_a_minute(
    took: list[tuple[int, int, int, StaffId]], held: list[tuple[int, int]], cut: int
) -> None:
    alarms = [an_alarm(a, a + b, vehicle=number, by=by) for a, b, number, by in took]
    sessions = [a_session(a, a + b) for a, b in held]

    def between(first: float, last: float) -> dict[VehicleNo, float]:
        return alarm_minutes(alarms, sessions, minute(first), minute(last), now=minute(200))

    whole, parts = between(0, 60), (between(0, cut), between(cut, 60))
    for number, minutes in whole.items():
        assert sum(part.get(number, 0.0) for part in parts) == pytest.approx(minutes)
    assert sum(whole.values()) <= 2 * 60 + 1e-6


ASKED = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.STUCK, at=T0)
ME = Person(staff_id=ANNA, name="Anna")


def raised() -> Alarm:
    return raise_alarm(
        ASKED, alarm_id=AlarmId("a"), district=DistrictCode("KB"), operator=OperatorId("op-a"), owner=ME
    )


def test_it_is_taken_once_and_answered_once() -> None:
    seen = acknowledge(raised(), by=ANNA, by_name="Anna", comment="", at=minute(1))
    first = take(seen, ANNA, at=minute(1))
    again = take(first, BORIS, at=minute(2))
    assert (again.taken_at, again.taken_by, again.version) == (minute(1), ANNA, seen.version)
    watched = answer(again, AlarmAnswer.WATCHING, by=ME, text="", at=minute(3))
    assert watched.answered_at is None, "who watches has not answered yet"
    done = answer(watched, AlarmAnswer.HANDLING, by=ME, text="", at=minute(4))
    more = answer(done, AlarmAnswer.CREW_SENT, by=ME, text="", at=minute(9))
    assert more.answered_at == minute(4)


def test_an_alarm_answered_at_first_sight_was_never_taken() -> None:
    done = answer(raised(), AlarmAnswer.HANDLING, by=ME, text="", at=minute(4))
    assert (take(done, ANNA, at=minute(5)).taken_at, done.answered_at) == (None, minute(4))
    assert spent(done) == {}


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.SHIFT_LEAD, Role.REMOTE_OPERATOR])
def test_the_minutes_of_a_companys_desk_count(role: Role) -> None:
    assert taken(raised(), a_principal(role), at=minute(1)).taken_at == minute(1)


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.AGENCY, Role.CREW])
def test_the_minutes_of_the_city_and_of_crews_do_not(role: Role) -> None:
    assert taken(raised(), a_principal(role), at=minute(1)).taken_at is None
