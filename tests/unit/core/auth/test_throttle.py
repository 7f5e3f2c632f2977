"""Locks grow with tries and are forgotten with time."""

from datetime import UTC, datetime, timedelta

from core.auth.throttle import Count, Limit, after_try

LIMIT = Limit(tries=3, window_s=3600, first_lock_s=30, longest_lock_s=100)
START = datetime(2026, 7, 1, tzinfo=UTC)


def _tries(*seconds: float) -> Count:
    count: Count | None = None
    for second in seconds:
        count = after_try(count, LIMIT, START + timedelta(seconds=second))
    assert count is not None
    return count


def test_tries_below_the_limit_lock_nothing() -> None:
    assert _tries(0, 1) == Count(tries=2, since=START)


def test_the_try_that_reaches_the_limit_locks_and_each_further_one_twice_as_long_up_to_the_longest() -> None:
    locks = []
    at, count = START, None
    for _ in range(7):
        count = after_try(count, LIMIT, at)
        if count.locked_until:
            locks.append((count.locked_until - at).total_seconds())
            at = count.locked_until
    assert locks == [30, 60, 100, 100, 100]


def test_a_new_window_forgets_the_old_tries() -> None:
    assert _tries(0, 1, 3600) == Count(tries=1, since=START + timedelta(seconds=3600))


def test_a_lock_that_still_runs_outlives_its_window() -> None:
    count = _tries(0, 1, 3590)
    assert count.locked_until == START + timedelta(seconds=3620)
    later = after_try(count, LIMIT, START + timedelta(seconds=3610))
    assert later.tries == 4
