"""The tracker on a real stream, a real SQL store and real leases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from core import keys
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.errors import Unavailable
from core.ids import DistrictCode, FenceId, FenceVersion, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.redis import Redis, StreamsRedis, connect, connect_streams
from fleet.alarms.alarm import AlarmRaised, AlarmSignal
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.facts import fence_events
from fleet.telemetry.last_heard import BlobReader
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, LiveKind, entry_fields, read_live_message
from fleet.telemetry.rejects import Reject
from fleet.telemetry.roster import FixedRoster, RosterRow
from fleet.telemetry.tracker import Tracker, TrackerSettingsOf
from fleet.vehicles.kinds import Condition, Connection
from geofences.fences import Fence, FenceKind
from geofences.index import FenceIndex

type Eventually = Callable[..., Awaitable[Any]]

PARTITIONS = 4
SETTINGS = TrackerSettingsOf(partitions=PARTITIONS, tick_ms=20, lease_s=1.0)


def a_square(west: float, south: float, east: float, north: float) -> Any:
    return (((west, south), (east, south), (east, north), (west, north), (west, south)),)


NO_GO = Fence(
    fence_id=FenceId("no-go"),
    version=FenceVersion(3),
    kind=FenceKind.NO_GO,
    name_zh="禁行",
    name_en="No go",
    area=(a_square(109.80, 39.60, 109.81, 39.61),),
    source="test",
    effective_at=datetime(2020, 1, 1, tzinfo=UTC),
)


class Fences:
    """A fixed index."""

    def __init__(self, *fences: Fence) -> None:
        self.index = FenceIndex.build(fences, set_version=9)

    async def load(self) -> FenceIndex:
        return self.index

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


class Alarms:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.signals: list[AlarmSignal] = []

    async def put(self, signals: Sequence[AlarmSignal]) -> int:
        self.signals += signals
        return len(signals)


class City:
    """Stores, and trackers started over them."""

    def __init__(self, database: Database, redis: StreamsRedis, plain: Redis) -> None:
        self.database = database
        self.redis = redis
        self.plain = plain
        self.clock = Clock.real()
        self.alarms = Alarms()
        self.reader = BlobReader(redis, self.clock, partitions=PARTITIONS)

    def tracker(self, *fences: Fence) -> Tracker:
        rows = [
            RosterRow(
                vehicle_no=VehicleNo(number),
                maker=MakerId("m"),
                operator=OperatorId("o"),
                district=DistrictCode("KB"),
                service=ServiceKind.DELIVERY,
            )
            for number in range(1, 41)
        ]
        return Tracker(
            self.database, self.redis, self.plain, self.clock, roster=FixedRoster(rows),
            fences=Fences(*(fences or (NO_GO,))), alarms=self.alarms, settings=SETTINGS,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, tracker: Tracker) -> AsyncIterator[Tracker]:
        stop = asyncio.Event()
        task = asyncio.create_task(tracker.run(stop))
        try:
            yield tracker
        finally:
            stop.set()
            await task

    async def say(
        self, number: int, seq: int, lat: float, lng: float, *, fence_set: int = 0, **fields: int
    ) -> None:
        now_ms = ms_of_moment(self.clock.now())
        record = np.zeros(1, STREAM_POSITION)
        record["vehicle_no"], record["seq"] = number, seq
        record["lat_e7"], record["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
        record["measured_ms"], record["battery_200"], record["accuracy_dm"] = now_ms, 160, 5
        for name, value in fields.items():
            record[name] = value
        status = np.zeros(1 if fence_set else 0, STREAM_STATUS)
        status["measured_ms"], status["status"]["vehicle_no"] = now_ms, number
        status["status"]["status_seq"], status["status"]["fence_set_version"] = seq, fence_set
        await self.redis.xadd(keys.telemetry(number % PARTITIONS), entry_fields(now_ms, record, status))

    async def events(self) -> list[tuple[int, str, str, int]]:
        async with self.database.read() as tx:
            found = await tx.execute(
                select(
                    fence_events.c.vehicle_no,
                    fence_events.c.kind,
                    fence_events.c.fence_id,
                    fence_events.c.seq,
                ).order_by(fence_events.c.id)
            )
            return [tuple(row) for row in found]

    async def last(self, number: int) -> Any:
        return (await self.reader.last_heard([VehicleNo(number)])).get(VehicleNo(number))


@pytest.fixture(params=["one node", pytest.param("cluster", marks=pytest.mark.thorough)])
async def city(
    request: pytest.FixtureRequest, valkey_url: str, sqlite_database: Database
) -> AsyncIterator[City]:
    on_cluster = request.param == "cluster"
    url = request.getfixturevalue("valkey_cluster").url if on_cluster else valkey_url
    streams, plain = connect_streams(url), connect(valkey_url)
    yield City(sqlite_database, streams, plain)
    await streams.aclose()
    await plain.aclose()


async def test_a_position_becomes_state_that_everybody_can_read(city: City, eventually: Eventually) -> None:
    async with city.running(city.tracker()):
        await city.say(7, 1, 39.5, 109.7, speed_cm_s=320, heading_256=64)
        heard = await eventually(lambda: city.last(7))
    assert (heard.lat, heard.lng, heard.speed_mps, heard.heading_deg) == (39.5, 109.7, 3.2, 90.0)
    assert (heard.connection, heard.condition) == (Connection.ONLINE, Condition.DRIVING)
    assert heard.battery_ratio == 0.8


async def test_who_holds_another_fence_set_is_known_without_asking_for_anybody(
    city: City, eventually: Eventually
) -> None:
    async with city.running(city.tracker()):
        for number, fence_set in ((3, 5), (4, 4), (21, 0), (22, 5)):
            await city.say(number, 1, 39.5, 109.7, fence_set=fence_set)

        async def behind() -> list[VehicleNo]:
            every = await asyncio.gather(*(city.last(number) for number in (3, 4, 21, 22)))
            return await city.reader.behind(5) if all(every) else []

        assert await eventually(behind) == [4, 21]
    assert await city.reader.behind(4) == [3, 21, 22]


async def test_a_crossing_is_one_row_and_its_alarm_is_raised_once(city: City, eventually: Eventually) -> None:
    async with city.running(city.tracker()) as tracker:
        await city.say(7, 1, 39.5999, 109.805)
        await eventually(lambda: tracker.pipeline.live.state[7]["seq"] == 1)
        for seq in (2, 3, 4):
            await city.say(7, seq, 39.6003, 109.805, measured_ms=ms_of_moment(city.clock.now()) + seq * 200)
        await eventually(city.events)
        await eventually(lambda: tracker.pipeline.live.state[7]["seq"] == 4)
        await eventually(lambda: city.alarms.signals)
    assert await city.events() == [(7, "enter", "no-go", 2)]
    raised = [s for s in city.alarms.signals if isinstance(s, AlarmRaised)]
    assert [(s.vehicle_no, s.kind) for s in raised] == [(7, AlarmKind.NO_GO_ENTRY)]
    assert raised[0].details["fence_id"] == "no-go"


async def test_a_tracker_that_takes_over_goes_on_where_the_last_one_was(
    city: City, eventually: Eventually
) -> None:
    began_ms = ms_of_moment(city.clock.now())

    async def say(seq: int) -> None:
        await city.say(7, seq, 39.605 + seq * 1e-5, 109.805, measured_ms=began_ms + seq * 100)

    async with city.running(city.tracker()):
        await say(1)
        await eventually(city.events)
        await eventually(lambda: city.last(7))
    await say(2)
    async with city.running(city.tracker()) as second:
        await eventually(lambda: second.pipeline.live.state[7]["seq"] == 2)
        await say(2)
        await say(3)
        await eventually(lambda: second.pipeline.live.state[7]["seq"] == 3)
    assert second.pipeline.counts.of_vehicle(7) == {Reject.DUPLICATE: 1}
    assert await city.events() == [(7, "inside", "no-go", 1)]
    assert len(city.alarms.signals) == 1


async def test_a_killed_tracker_leaves_no_event_lost_and_none_twice(
    city: City, eventually: Eventually
) -> None:
    killed = asyncio.create_task((tracker := city.tracker()).run(asyncio.Event()))
    await city.say(7, 1, 39.5999, 109.805)
    await eventually(lambda: city.last(7))
    for seq in range(2, 8):
        await city.say(7, seq, 39.6003, 109.805, measured_ms=ms_of_moment(city.clock.now()) + seq * 200)
    await eventually(lambda: tracker.pipeline.live.state[7]["seq"] == 7)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    async with city.running(city.tracker()) as second:
        await eventually(lambda: second.pipeline.live.state[7]["seq"] == 7, within=10)
        await eventually(city.events)
    kinds = [(number, kind) for number, kind, _, _ in await city.events()]
    assert kinds == [(7, "enter")]


async def test_two_trackers_share_the_partitions_and_each_vehicle_has_one(
    city: City, eventually: Eventually
) -> None:
    first, second = city.tracker(), city.tracker()
    async with city.running(first):
        await eventually(lambda: len(first.ownership.owned) == PARTITIONS)
        async with city.running(second):
            await eventually(
                lambda: len(first.ownership.owned) == 2 and len(second.ownership.owned) == 2, within=10
            )
            assert not set(first.ownership.owned) & set(second.ownership.owned)
            for number in range(1, 9):
                await city.say(number, 1, 39.605, 109.805)
            await eventually(lambda: _rows(city, 8))
        await eventually(lambda: len(first.ownership.owned) == PARTITIONS, within=10)
    assert len(await city.events()) == 8


async def _rows(city: City, count: int) -> bool:
    async with city.database.read() as tx:
        return bool((await tx.execute(select(func.count()).select_from(fence_events))).scalar_one() == count)


async def test_rooms_carry_the_live_record_of_what_changed(city: City, eventually: Eventually) -> None:
    async with city.running(city.tracker()), city.plain.pubsub() as listener:
        await listener.psubscribe(keys.room("*"))
        await listener.get_message(timeout=1)
        await city.say(7, 1, 39.5, 109.7, speed_cm_s=100)
        message = await eventually(lambda: listener.get_message(ignore_subscribe_messages=True, timeout=0.1))
    kind, _, _, records = read_live_message(message["data"])
    assert kind is LiveKind.DELTA
    assert records.tolist() == [(7, 395_000_000, 1_097_000_000, 0, 2, 5, 160)]


async def test_a_foreign_stream_entry_stops_nothing(city: City, eventually: Eventually) -> None:
    async with city.running(city.tracker()):
        await city.redis.xadd(keys.telemetry(3), {"rubbish": "yes"})
        await city.redis.xadd(keys.telemetry(3), {b"t": b"12345678", b"p": b"not a record"})
        await city.say(7, 1, 39.5, 109.7)
        await eventually(lambda: city.last(7))


async def test_facts_wait_for_sql_and_survive_the_tracker_in_the_blob(
    city: City, eventually: Eventually
) -> None:
    class Away(Alarms):
        async def put(self, signals: Sequence[AlarmSignal]) -> int:
            raise Unavailable("database-unavailable")

    kept, city.alarms = city.alarms, Away()
    first = city.tracker()
    task = asyncio.create_task(first.run(asyncio.Event()))
    await city.say(7, 1, 39.605, 109.805)
    await eventually(lambda: city.last(7))
    await eventually(lambda: len(first.facts) > 0)
    await asyncio.sleep(1.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    city.alarms = kept
    async with city.running(city.tracker()):
        await eventually(lambda: kept.signals, within=10)
    assert [signal.kind for signal in kept.signals] == [AlarmKind.NO_GO_ENTRY]
    assert await city.events() == [(7, "inside", "no-go", 1)]
