"""A tracker whose streams live on a cluster of six, and what a node that dies costs it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.clock import ms_of_moment
from core.database import Database
from core.redis import connect, connect_streams
from fleet.telemetry.steps.liveness import ONLINE
from fleet.vehicles.kinds import Connection
from tests.integration.fleet.telemetry.test_tracker import PARTITIONS, City
from tests.valkey_cluster import Node, ValkeyCluster

Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture
async def city(
    valkey_cluster: ValkeyCluster, valkey_url: str, sqlite_database: Database
) -> AsyncIterator[City]:
    streams, plain = connect_streams(valkey_cluster.url), connect(valkey_url)
    yield City(sqlite_database, streams, plain)
    await streams.aclose()
    await plain.aclose()


def owners(cluster: ValkeyCluster) -> list[Node]:
    return [cluster.owner_of(f"telemetry:{{{p}}}") for p in range(PARTITIONS)]


async def test_two_trackers_divide_the_partitions_and_one_resumes_those_of_the_other(
    city: City, eventually: Eventually
) -> None:
    first, second = city.tracker(), city.tracker()
    killed = asyncio.create_task(first.run(asyncio.Event()))
    async with city.running(second):
        await eventually(lambda: len(first.ownership.owned) == len(second.ownership.owned) == 2)
        assert first.ownership.owned.keys() | second.ownership.owned.keys() == set(range(PARTITIONS))
        for number in range(1, 9):
            await city.say(number, 1, 39.605, 109.805)
        await eventually(lambda: city.last(8))
        await eventually(city.events)
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        for number in range(1, 9):
            await city.say(number, 2, 39.605, 109.805)
        await eventually(lambda: (second.pipeline.live.state["seq"][1:9] == 2).all(), within=10)
        await eventually(lambda: len(second.ownership.owned) == PARTITIONS)
    events = await city.events()
    assert sorted(events) == [(number, "inside", "no-go", 1) for number in range(1, 9)]


async def test_a_primary_that_is_killed_holds_up_its_own_partitions_and_nobody_looks_silent(
    city: City, valkey_cluster: ValkeyCluster, eventually: Eventually
) -> None:
    own = owners(valkey_cluster)
    here = next(p for p in range(1, PARTITIONS) if own[p] is not own[0])
    tracker = city.tracker()
    async with city.running(tracker):
        await city.say(here, 1, 39.5, 109.7)
        await city.say(PARTITIONS, 1, 39.5, 109.7)
        await eventually(lambda: tracker.pipeline.live.state["seq"][[here, PARTITIONS]].tolist() == [1, 1])
        own[here].kill()
        await city.say(PARTITIONS, 2, 39.5001, 109.7)
        await eventually(lambda: tracker.pipeline.live.state["seq"][PARTITIONS] == 2, within=1.0)
        # as long ago as a vehicle would be called offline: it is we who do not hear it
        liveness = tracker.pipeline.liveness
        liveness.heard_ms[here] -= 100_000
        liveness.listening_since_ms -= 100_000
        await asyncio.to_thread(valkey_cluster.until_failed_over, own[here])
        assert liveness.connection[here] == ONLINE
        await city.say(here, 2, 39.5002, 109.7)
        await eventually(lambda: tracker.pipeline.live.state["seq"][here] == 2, within=5.0)
        heard = await eventually(lambda: city.last(here))
        assert heard.connection is Connection.ONLINE
        silent = [s for s in city.alarms.signals if s.vehicle_no == here]
        assert silent == []
        await tracker.ready()
    assert ms_of_moment(city.clock.now()) - ms_of_moment(heard.measured_at) < 10_000
