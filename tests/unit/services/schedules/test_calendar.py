"""The calendar of a schedule: cron and plain times, clock changes, holidays, exceptions."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from services.schedules.calendar import (
    CLOSEST,
    Calendar,
    Cron,
    Daily,
    Holiday,
    Slot,
    SlotChange,
    check_calendar,
    counts,
    slots,
)
from services.schedules.kinds import DayRule

SHANGHAI = "Asia/Shanghai"
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
"""Clocks that change by an hour on either half of the globe, and one that changes by half an hour."""
HOLIDAYS = {
    day: Holiday(day=day, is_working=is_working, name_zh="国庆节", name_en="National Day")
    for day, is_working in [
        (date(2026, 10, 1), False),
        (date(2026, 10, 2), False),
        (date(2026, 10, 10), True),
    ]
}
moments = st.integers(0, 364 * 86_400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
crons = st.sampled_from(
    ["30 2 * * *", "0 2,3 * * *", "15 */2 * * *", "*/30 * * * *", "0 6 * * 1-5", "45 1 1,15 * *", "0 0 L * *"]
)
times = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30, 45])).map(lambda t: f"{t[0]:02}:{t[1]:02}")
dailies = st.lists(times, min_size=1, max_size=4, unique=True)


def cron(expression: str, zone: str = SHANGHAI, **changes: object) -> Calendar:
    return msgspec.structs.replace(Calendar(timing=Cron(expression=expression), zone=zone), **changes)


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local(found: list[Slot], zone: str = SHANGHAI) -> list[str]:
    return [f"{slot.due_at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for slot in found]


def between(calendar: Calendar, begin: str, end: str) -> list[Slot]:
    zone = calendar.zone
    return list(slots(calendar, HOLIDAYS, after=at(begin, zone), until=at(end, zone)))


@given(
    expression=crons,
    zone=st.sampled_from((SHANGHAI, *ZONES)),
    edges=st.lists(moments, min_size=3, max_size=5),
)
@example(
    expression="*/30 * * * *",
    zone="Europe/Berlin",
    edges=[datetime(2026, 10, 25, 0, 59, tzinfo=UTC) + timedelta(minutes=20) * n for n in range(5)],
)
@settings(max_examples=60, deadline=None)
def test_whoever_asks_in_whatever_pieces_is_told_every_slot_once(
    expression: str, zone: str, edges: list[datetime]
) -> None:
    edges = [max(edges) - timedelta(days=20), *sorted(max(e, max(edges) - timedelta(days=19)) for e in edges)]
    calendar = cron(expression, zone)
    whole = list(slots(calendar, {}, after=edges[0], until=edges[-1]))
    pieces = [slot for a, b in pairwise(edges) for slot in slots(calendar, {}, after=a, until=b)]
    assert pieces == whole
    assert [slot.slot_at for slot in whole] == sorted({slot.slot_at for slot in whole})


@given(chosen=dailies, weekdays=st.sets(st.integers(0, 6), min_size=1), begin=moments)
@settings(max_examples=60, deadline=None)
def test_plain_times_are_those_times_of_those_weekdays(
    chosen: list[str], weekdays: set[int], begin: datetime
) -> None:
    zone = ZoneInfo(SHANGHAI)
    calendar = Calendar(timing=Daily(times=tuple(chosen), weekdays=tuple(weekdays)), zone=SHANGHAI)
    until = begin + timedelta(days=15)
    first = begin.astimezone(zone).date()
    wanted = sorted(
        moment
        for day in (first + timedelta(days=n) for n in range(17))
        for time in chosen
        if day.weekday() in weekdays
        and begin
        < (moment := datetime.fromisoformat(f"{day} {time}").replace(tzinfo=zone).astimezone(UTC))
        <= until
    )
    assert [slot.due_at for slot in slots(calendar, {}, after=begin, until=until)] == wanted


@pytest.mark.parametrize(
    ("zone", "expression", "begin", "end", "times"),
    [
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-28 12:00",
            "2026-03-30 12:00",
            ["03-29 03:00", "03-30 02:30"],
        ),
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-24 12:00",
            "2026-10-26 12:00",
            ["10-25 02:30", "10-26 02:30"],
        ),
        ("America/New_York", "30 2 * * *", "2026-03-07 12:00", "2026-03-08 12:00", ["03-08 03:00"]),
        ("America/New_York", "30 1 * * *", "2026-10-31 12:00", "2026-11-01 12:00", ["11-01 01:30"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03 12:00", "2026-10-04 12:00", ["10-04 02:30"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04 12:00", "2026-04-05 12:00", ["04-05 01:45"]),
    ],
)
def test_a_time_that_the_clock_change_leaves_out_comes_after_it_and_a_repeated_one_once(
    zone: str, expression: str, begin: str, end: str, times: list[str]
) -> None:
    assert local(between(cron(expression, zone), begin, end), zone) == times


def test_a_step_of_minutes_follows_real_time_through_a_clock_change() -> None:
    found = between(cron("*/30 * * * *", "Europe/Berlin"), "2026-10-25 00:00", "2026-10-25 06:00")
    assert len(found) == 14
    assert {b.due_at - a.due_at for a, b in pairwise(found)} == {timedelta(minutes=30)}


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (DayRule.EVERY_DAY, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (DayRule.WORKING_DAYS, [5, 6, 7, 8, 9, 10]),
        (DayRule.REST_DAYS, [1, 2, 3, 4, 11]),
        (DayRule.NO_HOLIDAYS, [3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (DayRule.HOLIDAYS, [1, 2]),
    ],
)
def test_holidays_and_weekends_worked_for_them_decide_the_day(rule: DayRule, days: list[int]) -> None:
    found = between(cron("0 6 * * *", days=rule), "2026-10-01 00:00", "2026-10-12 00:00")
    assert [slot.due_at.astimezone(ZoneInfo(SHANGHAI)).day for slot in found] == days
    assert [day for day in range(1, 12) if counts(date(2026, 10, day), rule, HOLIDAYS)] == days


def test_validity_counts_local_days_and_includes_both() -> None:
    calendar = cron("30 0 * * *", valid_from=date(2026, 7, 2), valid_until=date(2026, 7, 3))
    assert local(between(calendar, "2026-07-01 00:00", "2026-07-06 00:00")) == ["07-02 00:30", "07-03 00:30"]


def test_a_slot_left_out_is_shown_with_its_reason_and_so_is_a_day_off() -> None:
    change = SlotChange(slot_at=at("2026-07-02 06:00"), reason="road works")
    calendar = cron("0 6 * * *", changes=(change,), days_off=(date(2026, 7, 4),))
    found = between(calendar, "2026-07-01 00:00", "2026-07-05 00:00")
    assert [slot.left_out for slot in found] == ["", "exception", "", "day_off"]


@given(far_h=st.integers(-60, 24 * 40).filter(lambda h: h % 24), edge=moments)
@settings(max_examples=60, deadline=None)
def test_a_moved_slot_happens_once_where_it_was_moved_to(far_h: int, edge: datetime) -> None:
    slot_at = at("2026-07-10 06:00")
    change = SlotChange(slot_at=slot_at, move_to=slot_at + timedelta(hours=far_h), reason="market day")
    plain, moved = cron("0 6 * * *"), cron("0 6 * * *", changes=(change,))
    begin, end = at("2026-07-01 00:00"), at("2026-09-01 00:00")
    edge = min(max(edge, begin), end)
    found = [s for a, b in ((begin, edge), (edge, end)) for s in slots(moved, {}, after=a, until=b)]
    before = list(slots(plain, {}, after=begin, until=end))
    assert {s.slot_at for s in found} == {s.slot_at for s in before}
    assert len(found) == len(before)
    assert [s.due_at for s in found if s.slot_at == slot_at] == [change.move_to]
    assert [s.due_at for s in found] == sorted(s.due_at for s in found)


def test_a_move_of_a_time_that_the_schedule_no_longer_has_makes_no_occurrence() -> None:
    change = SlotChange(slot_at=at("2026-07-10 06:00"), move_to=at("2026-07-10 09:00"), reason="market day")
    found = between(cron("0 7 * * *", changes=(change,)), "2026-07-10 00:00", "2026-07-11 00:00")
    assert local(found) == ["07-10 07:00"]


@pytest.mark.parametrize(
    ("calendar", "field"),
    [
        (cron("0 6 * *"), "timing.expression"),
        (cron("0 0 6 * * *"), "timing.expression"),
        (cron("61 6 * * *"), "timing.expression"),
        (cron("0 0 31 2 *"), "timing.expression"),
        (cron("*/5 * * * *"), "timing"),
        (cron("0 6 * * *", zone="Asia/Ordos"), "zone"),
        (cron("0 6 * * *", zone="../etc/passwd"), "zone"),
        (cron("0 6 * * *", zone="Asia"), "zone"),
        (cron("0 6 * * *", valid_from=date(2026, 7, 2), valid_until=date(2026, 7, 1)), "validUntil"),
        (Calendar(timing=Daily(times=()), zone=SHANGHAI), "timing"),
        (Calendar(timing=Daily(times=("6:00",)), zone=SHANGHAI), "timing.times"),
        (Calendar(timing=Daily(times=("24:00",)), zone=SHANGHAI), "timing.times"),
        (Calendar(timing=Daily(times=("06:00", "06:05")), zone=SHANGHAI), "timing"),
        (Calendar(timing=Daily(times=("06:00",), weekdays=(7,)), zone=SHANGHAI), "timing.weekdays"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_by_field(calendar: Calendar, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_calendar(calendar)
    assert refused.value.fields["field"] == field


@given(expression=crons, zone=st.sampled_from((SHANGHAI, *ZONES)))
@settings(deadline=None)
def test_what_is_accepted_keeps_its_distance(expression: str, zone: str) -> None:
    calendar = cron(expression, zone)
    check_calendar(calendar)
    found = between(calendar, "2026-03-01 00:00", "2026-04-01 00:00")
    assert all(b.due_at - a.due_at >= CLOSEST for a, b in pairwise(found))
