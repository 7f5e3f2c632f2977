"""What becomes of occurrences: the machine, the misfire policies, the conflicts."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransition, Invalid
from core.ids import DistrictCode, OccurrenceId, OperatorId, ScheduleId
from services.schedules.calendar import Calendar, Cron
from services.schedules.conflicts import Booked, clashes, double_booked
from services.schedules.kinds import (
    DAY_RULE_NAMES,
    MISFIRE_NAMES,
    OVER,
    STATE_NAMES,
    TERMINAL,
    TRANSITIONS,
    WORK_KIND_NAMES,
    DayRule,
    Misfire,
    OccurrenceEvent,
    OccurrenceState,
    WorkKind,
)
from services.schedules.misfire import which_run
from services.schedules.schedule import Occurrence, Schedule, advance, check_schedule, come_due

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
ON_TIME, GRACE = timedelta(minutes=2), timedelta(hours=2)


def an_occurrence(state: OccurrenceState = OccurrenceState.PLANNED) -> Occurrence:
    return Occurrence(
        occurrence_id=OccurrenceId("o-1"),
        schedule_id=ScheduleId("s-1"),
        slot_at=T0,
        due_at=T0,
        kind=WorkKind.PATROL_BEAT,
        subject_id="b-1",
        district=DistrictCode("KB"),
        operator=OperatorId("op-1"),
        state=state,
    )


def a_schedule(**changes: object) -> Schedule:
    schedule = Schedule(
        schedule_id=ScheduleId("s-1"),
        name="Morning",
        kind=WorkKind.PATROL_BEAT,
        subject_id="b-1",
        district=DistrictCode("KB"),
        operator=OperatorId("op-1"),
        calendar=Calendar(timing=Cron(expression="0 6 * * *"), zone="Asia/Shanghai"),
        planned_until=T0,
        created_at=T0,
        changed_at=T0,
    )
    return msgspec.structs.replace(schedule, **changes)


@pytest.mark.parametrize("event", OccurrenceEvent)
@pytest.mark.parametrize("state", OccurrenceState)
def test_every_step_is_in_the_table_or_refused(state: OccurrenceState, event: OccurrenceEvent) -> None:
    target = TRANSITIONS.get((state, event))
    if target is None:
        with pytest.raises(IllegalTransition):
            advance(an_occurrence(state), event, at=T0)
    else:
        moved = advance(an_occurrence(state), event, at=T0)
        assert (moved.state, moved.version) == (target, 2)


@given(st.lists(st.sampled_from(list(OccurrenceEvent)), max_size=12))
def test_no_walk_leaves_a_final_state_and_what_is_over_has_a_moment(events: list[OccurrenceEvent]) -> None:
    occurrence = an_occurrence()
    for event in events:
        try:
            moved = advance(occurrence, event, at=T0)
        except IllegalTransition:
            continue
        assert occurrence.state not in TERMINAL
        occurrence = moved
    assert (occurrence.closed_at is not None) == (occurrence.state in OVER)


def test_what_was_met_by_doubtful_evidence_is_missed_until_it_is_accepted() -> None:
    met = an_occurrence(OccurrenceState.MET)
    missed = advance(met, OccurrenceEvent.DOUBTED, at=T0, reason="evidence_doubtful")
    assert (missed.state, missed.reason) == (OccurrenceState.MISSED, "evidence_doubtful")
    again = advance(missed, OccurrenceEvent.ACCEPTED, at=T0)
    assert (again.state, again.reason) == (OccurrenceState.MET, "")


def test_what_came_due_knows_until_when_it_may_begin() -> None:
    due = come_due(an_occurrence(), 900, at=T0 + timedelta(minutes=5))
    assert due.start_by == T0 + timedelta(minutes=20)
    assert due.fired_at == T0 + timedelta(minutes=5)


def test_every_kind_and_state_has_two_names() -> None:
    for kind, names in (
        (WorkKind, WORK_KIND_NAMES),
        (DayRule, DAY_RULE_NAMES),
        (Misfire, MISFIRE_NAMES),
        (OccurrenceState, STATE_NAMES),
    ):
        assert set(names) == set(kind)
        assert all(all(pair) for pair in names.values())


@pytest.mark.parametrize(
    ("policy", "late_min", "runs"),
    [
        (Misfire.SKIP, [200, 100, 30, 1], [False, False, False, True]),
        (Misfire.RUN_ONCE, [200, 100, 30], [False, False, True]),
        (Misfire.RUN_ONCE, [200, 100, 30, 1], [False, False, False, True]),
        (Misfire.RUN_ALL, [200, 100, 30, 1], [False, True, True, True]),
        (Misfire.RUN_ONCE, [300, 200], [False, False]),
    ],
)
def test_an_outage_is_caught_up_as_the_policy_says(
    policy: Misfire, late_min: list[int], runs: list[bool]
) -> None:
    dues = [T0 - timedelta(minutes=late) for late in late_min]
    assert list(which_run(dues, policy, at=T0, on_time=ON_TIME, grace=GRACE)) == runs


@given(policy=st.sampled_from(Misfire), late_s=st.lists(st.integers(0, 20_000), max_size=12))
def test_what_is_on_time_runs_and_nothing_past_the_grace_does(policy: Misfire, late_s: list[int]) -> None:
    dues = [T0 - timedelta(seconds=late) for late in late_s]
    runs = which_run(dues, policy, at=T0, on_time=ON_TIME, grace=GRACE)
    for due, is_run in zip(dues, runs, strict=True):
        assert is_run or T0 - due > ON_TIME
        assert not is_run or T0 - due <= GRACE
    late = [run for due, run in zip(dues, runs, strict=True) if T0 - due > ON_TIME]
    assert sum(late) <= (len(late) if policy is Misfire.RUN_ALL else int(policy is Misfire.RUN_ONCE))


def booked(name: str, begin_min: int, lasts_min: int, *holds: str) -> Booked:
    begin = T0 + timedelta(minutes=begin_min)
    return Booked(
        schedule_id=ScheduleId(name),
        name=name,
        slot_at=begin,
        begin=begin,
        end=begin + timedelta(minutes=lasts_min),
        holds=frozenset(holds),
    )


def test_two_that_want_one_vehicle_at_once_clash_and_say_what_both_want() -> None:
    mine = booked("a", 0, 60, "vehicle:7", "beat:1")
    found = clashes([mine], [mine, booked("b", 30, 60, "vehicle:7", "zone:2"), booked("c", 30, 60, "zone:2")])
    assert [(clash.with_schedule, clash.holds) for clash in found] == [("b", ("vehicle:7",))]


def test_one_that_begins_as_the_other_ends_does_not_clash() -> None:
    assert clashes([booked("a", 0, 60, "vehicle:7")], [booked("b", 60, 60, "vehicle:7")]) == []


def test_a_schedule_that_lasts_longer_than_its_pause_clashes_with_itself() -> None:
    rows = [booked("a", 0, 90, "beat:1"), booked("a", 60, 90, "beat:1")]
    assert len(clashes(rows, rows)) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"grace_s": -1}, "graceS"),
        ({"start_within_s": 60}, "startWithinS"),
        ({"lasts_s": 90_000}, "lastsS"),
        ({"calendar": Calendar(timing=Cron(expression="x"), zone="Asia/Shanghai")}, "timing.expression"),
        (
            {
                "calendar": Calendar(
                    timing=Cron(expression="0 6 * * *"),
                    zone="Asia/Shanghai",
                    days_off=tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(201)),
                )
            },
            "changes",
        ),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_schedule(a_schedule(**changes))
    assert refused.value.fields["field"] == field


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.integers(1, 6), st.sampled_from("xyz")),
        max_size=12,
        unique_by=lambda booking: booking[:2],
    )
)
def test_what_is_double_booked_is_what_has_a_clash(raw: list[tuple[str, int, int, str]]) -> None:
    bookings = [
        Booked(
            schedule_id=ScheduleId(schedule),
            name=schedule,
            slot_at=T0 + timedelta(hours=begin),
            begin=T0 + timedelta(hours=begin),
            end=T0 + timedelta(hours=begin + hours),
            holds=frozenset({hold}),
        )
        for schedule, begin, hours, hold in raw
    ]
    clashing = {(booked.schedule_id, booked.slot_at) for booked in bookings if clashes([booked], bookings)}
    assert double_booked(bookings) == clashing
