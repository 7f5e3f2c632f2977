"""Laws of any day: parts make the whole, two days make the drive, order and repetition change nothing."""

from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.days.compute import Computed, compute_days
from fleet.days.vehicle_day import span_of
from fleet.telemetry.records import Records
from tests.unit.fleet.days.drives import MIDNIGHT, SPAN, Halves, facts, frames, rules

CITY = ZoneInfo("Asia/Shanghai")
BEFORE = rules(span=span_of(date(2026, 6, 30), CITY))


@st.composite
def drives(draw: st.DrawFn) -> Records:
    """Two vehicles around midnight: gaps, standing, jumps, modes and charges as they come."""
    parts = []
    for number in (7, 9):
        count = draw(st.integers(2, 40))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        gaps = rng.choice([500, 1000, 1000, 5000, 30_000, 70_000], count)
        speeds = rng.choice([0.0, 0.0, 0.1, 2.0, 4.0, 8.0], count)
        parts.append(
            frames(
                MIDNIGHT + draw(st.integers(-400_000, 100_000)) + np.cumsum(gaps),
                number=number,
                north_m=np.cumsum(speeds * gaps / 1000) + rng.choice([0, 0, 0, 5000], count),
                speed_mps=speeds,
                mode_flags=rng.integers(0, 6, count),
                battery_200=rng.integers(0, 201, count),
            )
        )
    return np.concatenate(parts)


def both(records: Any, *, many: Any = None, of: Any = None) -> list[Computed]:
    parts = [records] if many is None else many
    return compute_days(parts, [facts(number=7), facts(number=9)], Halves(500), of or rules())


@given(drives())
@settings(deadline=None, max_examples=60)
def test_parts_make_the_whole(records: Records) -> None:
    for one in both(records):
        day = one.day
        assert sum(part.seconds for part in day.parts) == pytest.approx(day.known_s)
        assert day.known_s + day.unknown_s == pytest.approx(SPAN.length_ms / 1000)
        assert 0 <= day.available_s <= day.known_s + 1e-6
        assert sum(day.minutes_by_duty.values()) == pytest.approx(day.existed_s / 60)


@given(drives(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_order_and_repetition_change_nothing(records: Records, random: Any) -> None:
    rows = list(range(len(records))) * 2
    random.shuffle(rows)
    assert both(records[rows]) == both(records)


@given(drives(), st.lists(st.integers(MIDNIGHT - 400_000, MIDNIGHT + 900_000), max_size=4))
@settings(deadline=None, max_examples=60)
def test_the_cut_in_which_frames_come_changes_nothing(records: Records, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 2**62]
    ms = records["measured_ms"]
    many = [records[(ms >= a) & (ms < b)] for a, b in pairwise(edges)]
    for cut, whole in zip(both(None, many=many), both(records), strict=True):
        assert cut.input_hash == whole.input_hash
        assert _rounded(cut) == _rounded(whole)


@given(drives())
@settings(deadline=None, max_examples=60)
def test_two_days_make_the_drive(records: Records) -> None:
    ms = records["measured_ms"]
    around = records[(ms >= MIDNIGHT - 110_000) & (ms < MIDNIGHT + 110_000)]
    two = [both(around, of=BEFORE), both(around)]
    one = both(around, of=rules(span=span_of(date(2026, 6, 30), ZoneInfo("UTC"))))
    for number in range(2):
        days, whole = [of_day[number].day for of_day in two], one[number].day
        assert sum(day.metres for day in days) == pytest.approx(whole.metres, abs=1e-6)
        assert sum(day.known_s for day in days) == pytest.approx(whole.known_s)
        for counted in ("frames", "takeovers", "stops", "harsh_brakes", "teleports", "stops_on_the_way"):
            assert sum(getattr(day, counted) for day in days) == getattr(whole, counted), counted


def _rounded(one: Computed) -> Any:
    return _near(msgspec.to_builtins(one.day))


def _near(value: Any) -> Any:
    match value:
        case float():
            return round(value, 6)
        case dict():
            return {name: _near(of) for name, of in value.items()}
        case list() | tuple():
            return [_near(of) for of in value]
    return value


@given(drives())
@settings(deadline=None, max_examples=30)
def test_positions_that_come_again_in_a_later_array_change_nothing(records: Records) -> None:
    first = records[records["measured_ms"] < MIDNIGHT + 50_000]
    assert both(None, many=[first, records, first]) == both(
        None, many=[first, records[len(records) :], records]
    )
    for again, once in zip(both(None, many=[first, records]), both(records), strict=True):
        assert again.input_hash == once.input_hash
        assert _rounded(again) == _rounded(once)
