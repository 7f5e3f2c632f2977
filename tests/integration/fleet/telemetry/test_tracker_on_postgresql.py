"""A tracker whose facts go to the database of a real city."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.database import Database
from core.redis import connect, connect_streams
from fleet.alarms.alarm import AlarmRaised
from tests.integration.fleet.telemetry.test_tracker import City

Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture
async def city(valkey_url: str, postgresql_database: Database) -> AsyncIterator[City]:
    streams, plain = connect_streams(valkey_url), connect(valkey_url)
    yield City(postgresql_database, streams, plain)
    await streams.aclose()
    await plain.aclose()


async def test_crossings_are_one_row_each_and_what_is_judged_again_adds_none(
    city: City, eventually: Eventually
) -> None:
    async with city.running(city.tracker()):
        for number in (7, 8):
            await city.say(number, 1, 39.605, 109.805)
        await eventually(lambda: city.alarms.signals)
    async with city.running(city.tracker()) as second:
        await city.say(7, 1, 39.605, 109.805)
        await city.say(7, 2, 39.6051, 109.805)
        await eventually(lambda: second.pipeline.live.state[7]["seq"] == 2)
    assert sorted(await city.events()) == [(7, "inside", "no-go", 1), (8, "inside", "no-go", 1)]
    raised = [signal for signal in city.alarms.signals if isinstance(signal, AlarmRaised)]
    assert {signal.vehicle_no for signal in raised} == {7, 8}
