"""What a tracker knows beyond the last states outlives it: the next one has it from the blob."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from core import keys
from core.clock import moment_of_ms, ms_of_moment
from core.database import Database
from core.redis import connect, connect_streams
from fleet.alarms.alarm import AlarmPast, AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.blobs import Blobs, Header, PartitionBlob
from fleet.telemetry.memory import PackedMemory
from fleet.telemetry.records import STATE
from fleet.telemetry.rejects import Reject
from fleet.telemetry.tracker import Tracker
from tests.integration.fleet.telemetry.test_tracker import PARTITIONS, City

type Eventually = Callable[..., Awaitable[Any]]

PARTITION = 7 % PARTITIONS
INSIDE = (39.6003, 109.805)
OUTSIDE = (39.5997, 109.805)


@pytest.fixture
async def city(valkey_url: str, sqlite_database: Database) -> AsyncIterator[City]:
    streams, plain = connect_streams(valkey_url), connect(valkey_url)
    yield City(sqlite_database, streams, plain)
    await streams.aclose()
    await plain.aclose()


class Buffered:
    """Vehicle 7, whose positions of the last two minutes come as they are told to, one a second."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.began_ms = ms_of_moment(city.clock.now()) - 120_000

    async def say(self, *seqs: int, at: tuple[float, float] = OUTSIDE) -> None:
        for seq in seqs:
            await self.city.say(7, seq, *at, measured_ms=self.began_ms + seq * 1000)


@asynccontextmanager
async def killed_after_its_blob(city: City, eventually: Eventually) -> AsyncIterator[Tracker]:
    """Run a tracker until it has written a blob of what was said inside, then kill it."""
    tracker = city.tracker()
    task = asyncio.create_task(tracker.run(asyncio.Event()))
    yield tracker
    found: Any = await city.redis.xrevrange(keys.telemetry(PARTITION), count=1)
    newest = found[0][0]

    async def has_it() -> bool:
        return bool(await city.redis.hget(keys.state_header(PARTITION), "position") == newest)

    await eventually(has_it, within=20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def refused(tracker: Tracker) -> dict[Reject, int]:
    return dict(tracker.pipeline.counts.of_vehicle(7))


async def test_a_buffer_goes_on_being_taken_after_the_tracker_was_killed(
    city: City, eventually: Eventually
) -> None:
    vehicle = Buffered(city)
    async with killed_after_its_blob(city, eventually) as first:
        await vehicle.say(1, 60, 80)
        await vehicle.say(*range(70, 60, -1), *range(30, 40))
    assert refused(first) == {}
    async with city.running(city.tracker()) as second:
        await vehicle.say(*range(40, 60), *range(29, 1, -1), *range(71, 80))
        await vehicle.say(81)
        await eventually(lambda: second.pipeline.live.state[7]["seq"] == 81, within=20)
        assert refused(second) == {}
        assert len(second.pipeline.guard.gaps) == 0
        await vehicle.say(35, 82)
        await eventually(lambda: second.pipeline.live.state[7]["seq"] == 82)
    assert refused(second) == {Reject.DUPLICATE: 1}


async def test_late_positions_that_wait_for_earlier_ones_are_judged_by_the_next_tracker(
    city: City, eventually: Eventually
) -> None:
    vehicle = Buffered(city)
    async with killed_after_its_blob(city, eventually) as first:
        await vehicle.say(1, 60)
        await vehicle.say(*range(59, 50, -1))
        await vehicle.say(*range(50, 30, -1), at=INSIDE)
    assert city.alarms.signals == []
    assert len(first.pipeline.late_order) == 29
    async with city.running(city.tracker()):
        await vehicle.say(*range(30, 1, -1))
        await eventually(lambda: city.alarms.signals, within=20)
    [past] = city.alarms.signals
    assert isinstance(past, AlarmPast)
    assert past.kind is AlarmKind.NO_GO_ENTRY
    assert (past.at, past.ended_at) == (
        moment_of_ms(vehicle.began_ms + 31_000), moment_of_ms(vehicle.began_ms + 56_000)
    )  # fmt: skip


async def test_a_rule_that_stood_in_a_gap_at_the_kill_ends_where_the_buffer_says(
    city: City, eventually: Eventually
) -> None:
    vehicle = Buffered(city)
    async with killed_after_its_blob(city, eventually):
        await vehicle.say(1, 60)
        await vehicle.say(*range(2, 10))
        await vehicle.say(*range(10, 20), at=INSIDE)
    assert city.alarms.signals == []
    async with city.running(city.tracker()):
        await vehicle.say(*range(20, 30))
        await eventually(lambda: city.alarms.signals, within=20)
    [past] = city.alarms.signals
    assert isinstance(past, AlarmPast)
    assert (past.at, past.ended_at) == (
        moment_of_ms(vehicle.began_ms + 10_000), moment_of_ms(vehicle.began_ms + 25_000)
    )  # fmt: skip


async def test_a_raise_that_was_held_back_is_told_by_the_next_tracker(
    city: City, eventually: Eventually
) -> None:
    vehicle = Buffered(city)
    async with killed_after_its_blob(city, eventually):
        await vehicle.say(1)
        await vehicle.say(2, 3, at=INSIDE)
    assert city.alarms.signals == []
    async with city.running(city.tracker()):
        await vehicle.say(4, 10)
        await eventually(lambda: city.alarms.signals, within=20)
    [past] = city.alarms.signals
    assert isinstance(past, AlarmPast)
    assert (past.kind, past.at) == (AlarmKind.NO_GO_ENTRY, moment_of_ms(vehicle.began_ms + 2000))
    assert past.ended_at == moment_of_ms(vehicle.began_ms + 10_000)


async def test_a_cause_that_was_being_counted_is_not_counted_anew(city: City, eventually: Eventually) -> None:
    """Without a fix for ten seconds, of which each tracker sees one end."""
    began_ms = ms_of_moment(city.clock.now()) - 6_000

    async def say(seq: int) -> None:
        await city.say(7, seq, *OUTSIDE, measured_ms=began_ms + seq * 1000, mode_flags=PositionFlag.NO_FIX)

    async with killed_after_its_blob(city, eventually):
        await say(1)
    async with city.running(city.tracker()):
        await say(11)
        await eventually(lambda: city.alarms.signals, within=20)
    [raised] = city.alarms.signals
    assert isinstance(raised, AlarmRaised)
    assert (raised.kind, raised.details["seq"]) == (AlarmKind.POSITIONING_LOST, 11)


A_CROSSING = {
    "vehicle_no": 7,
    "fence_id": "no-go",
    "fence_version": 3,
    "set_version": 9,
    "kind": "enter",
    "seq": 41,
    "measured_at": datetime(2026, 7, 1, 2, tzinfo=UTC),
    "since_at": datetime(2026, 7, 1, 2, tzinfo=UTC),
    "received_at": datetime(2026, 7, 1, 2, 0, 1, tzinfo=UTC),
    "lat": 39.6003,
    "lng": 109.805,
    "accuracy_m": 0.5,
    "is_border_uncertain": False,
}
"""As trackers packed it until crossings became columns."""


async def test_facts_that_an_older_tracker_left_waiting_are_written(
    city: City, eventually: Eventually
) -> None:
    old = {"partition": PARTITION, "epoch": 1, "events": [A_CROSSING], "raised": [], "comebacks": []}
    memory = PackedMemory(facts=[msgspec.Raw(msgspec.msgpack.encode(old))])
    header = Header(epoch=1, position=b"0-0", tick=1, at_ms=city.clock.now_ms())
    await Blobs(city.redis).write(
        [PartitionBlob(partition=PARTITION, header=header, state=np.zeros(0, STATE), memory=memory)]
    )
    async with city.running(city.tracker()):
        await eventually(city.events, within=20)
    assert await city.events() == [(7, "enter", "no-go", 41)]
