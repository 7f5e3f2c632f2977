"""Rates by vehicle: what passes, and that the newest of a flood does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fleet.links.buckets import Buckets


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.uint32)


def test_a_vehicle_at_its_pace_is_never_refused() -> None:
    buckets = Buckets(rate=3, burst=5)
    assert all(buckets.take(numbers(7), now_ms).all() for now_ms in range(0, 60_000, 1000))


def test_of_a_burst_above_the_limit_the_newest_pass() -> None:
    buckets = Buckets(rate=1, burst=3)
    assert buckets.take(numbers(7, 7, 8, 7, 7, 7), 0).tolist() == [False, False, True, True, True, True]


def test_tokens_come_back_with_city_time_and_not_above_the_burst() -> None:
    buckets = Buckets(rate=1, burst=2)
    assert buckets.take(numbers(7, 7, 7), 0).sum() == 2
    assert buckets.take(numbers(7, 7, 7), 1_000).sum() == 1
    assert buckets.take(numbers(7, 7, 7), 3_600_000).sum() == 2


def test_a_clock_that_steps_back_gives_no_tokens() -> None:
    buckets = Buckets(rate=1, burst=1)
    assert buckets.take(numbers(7), 10_000).sum() == 1
    assert buckets.take(numbers(7), 5_000).sum() == 0


def test_one_vehicle_s_flood_leaves_the_others_theirs() -> None:
    buckets = Buckets(rate=1, burst=5)
    taken = buckets.take(numbers(*([7] * 1000), 8, 9), 0)
    assert taken[-2:].all()
    assert taken[:1000].sum() == 5


@given(st.lists(st.integers(0, 5_000), max_size=300), st.integers(1, 20))
def test_no_vehicle_gets_more_than_its_burst_at_once(values: list[int], burst: int) -> None:
    taken = Buckets(rate=1, burst=burst).take(numbers(*values), 0)
    for value in set(values):
        mine = [bool(ok) for number, ok in zip(values, taken, strict=True) if number == value]
        assert mine == [False] * (len(mine) - burst) + [True] * min(burst, len(mine))
