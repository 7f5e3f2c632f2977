"""City time of a demo: its evening is not spent on loading, and the next run goes on where it stopped."""

import asyncio
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.clock import Clock
from steppe.demo_time import DemoTime, today_at

ZONE = "Asia/Shanghai"
EVENING = time(23, 55)


def of_day(moment: datetime) -> timedelta:
    local = moment.astimezone(ZoneInfo(ZONE))
    return timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)


@pytest.fixture
def demo(tmp_path: Path) -> DemoTime:
    return DemoTime(tmp_path / "city-time.json", 60.0, today_at(EVENING, ZONE))


def at(demo: DemoTime, wall_s: float) -> datetime:
    """Return the city time that the children have after some seconds of the wall."""
    clock = demo.origin.clock()
    return demo.origin.origin_city + timedelta(seconds=wall_s) * clock.rate


def test_a_minute_of_loading_takes_a_minute_of_the_city_whatever_its_rate(demo: DemoTime) -> None:
    assert demo.variables()["STEPPE_TIME__RATE"] == "1"
    assert of_day(at(demo, 60.0)) == timedelta(hours=23, minutes=56)


def test_from_its_beginning_the_city_runs_at_its_rate_on_from_where_it_was(demo: DemoTime) -> None:
    before = demo.now()
    demo.begin()
    assert demo.variables()["STEPPE_TIME__RATE"] == "60"
    assert timedelta(0) <= demo.origin.origin_city - before < timedelta(seconds=10)
    assert at(demo, 60.0) - demo.origin.origin_city == timedelta(hours=1)
    assert demo.origin.origin_wall <= Clock.real().wall()


async def test_the_next_run_goes_on_where_the_last_one_stopped(demo: DemoTime, tmp_path: Path) -> None:
    demo.begin()
    stop = asyncio.Event()
    stop.set()
    await demo.run(stop)
    again = DemoTime(tmp_path / "city-time.json", 10.0, today_at(time(9, 30), ZONE))
    assert abs(again.now() - demo.now()) < timedelta(minutes=10)
    assert of_day(again.now()) > timedelta(hours=23, minutes=54)
