"""City time and wall time."""

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import Clock, moment_of_ms, ms_of_moment

WALL = datetime(2026, 1, 1, 0, 0, tzinfo=UTC)
CITY = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


def a_clock(passed_s: float, rate: float) -> Clock:
    return Clock(WALL, CITY, rate, wall=lambda: WALL + timedelta(seconds=passed_s))


def test_city_time_runs_at_its_rate_from_its_origin() -> None:
    clock = a_clock(90, 10)
    assert clock.now() == CITY + timedelta(minutes=15)
    assert clock.wall() == WALL + timedelta(seconds=90)
    assert clock.wall_s(600) == 60


def test_milliseconds_are_of_city_time_and_go_back_to_the_moment() -> None:
    clock = a_clock(1.2345, 1)
    assert clock.now_ms() == ms_of_moment(CITY) + 1234
    assert moment_of_ms(ms_of_moment(CITY)) == CITY


def test_two_processes_with_one_origin_read_the_same_time() -> None:
    assert a_clock(5, 60).now() == a_clock(5, 60).now()


@pytest.mark.parametrize("rate", [0.5, 61, -1])
def test_a_rate_outside_its_range_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="1 to 60"):
        Clock(WALL, CITY, rate)


def test_an_origin_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Clock(WALL.replace(tzinfo=None), CITY)


def test_the_real_clock_reads_the_wall() -> None:
    clock = Clock.real()
    assert abs(clock.now() - clock.wall()) < timedelta(seconds=1)
