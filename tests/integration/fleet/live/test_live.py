"""Screens over a real socket: snapshot first, then deltas, only what they may see."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from litestar import Litestar
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core import keys
from core.auth.credentials import Credentials
from core.auth.litestar import AuthPlugin
from core.auth.principal import Principal, Reach
from core.auth.roles import Role
from core.clock import Clock
from core.errors import Unauthenticated
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.problem_http import EXCEPTION_HANDLERS
from core.redis import Redis
from core.redis import connect as connect_redis
from dashboard.live import live
from dashboard.routes.positions import PositionRoutes
from fleet.history.trail import TrailReader
from fleet.live.feeds import Change
from fleet.live.hub import LiveHub
from fleet.telemetry.blobs import Blobs, Header, Memory, PartitionBlob
from fleet.telemetry.records import (
    LIVE,
    STATE,
    STREAM_POSITION,
    LiveKind,
    entry_fields,
    live_message,
    read_live_message,
)
from fleet.telemetry.roster import FixedRoster, RosterRow
from tests.integration.fleet.links.conftest import served

type Eventually = Callable[..., Awaitable[Any]]

PARTITIONS = 4
KB, DL = DistrictCode("KB"), DistrictCode("DL")


def a_person(role: Role = Role.DUTY_OFFICER, *districts: DistrictCode) -> Principal:
    return Principal(
        kind="staff", id="s", name="s", role=role, districts=frozenset(districts) or None,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def a_row(number: int) -> RosterRow:
    return RosterRow(
        vehicle_no=VehicleNo(number), maker=MakerId("m"), operator=OperatorId("o"),
        district=KB if number < 10 else DL, service=ServiceKind.DELIVERY,
    )  # fmt: skip


def records_of(*places: tuple[int, float, float]) -> Any:
    records = np.zeros(len(places), LIVE)
    for row, (number, lat, lng) in enumerate(places):
        records[row]["vehicle_no"] = number
        records[row]["lat_e7"], records[row]["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
    return records


class Item(msgspec.Struct, rename="camel"):
    """A fact."""

    alarm_id: str
    district: str


class AlarmFeed:
    """Facts in memory."""

    nouns = ("alarm",)
    every_s: float | None = None

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    async def snapshot(self, reach: Reach) -> Sequence[Item]:
        return list((await self.read(list(self.items), reach)).values())

    async def read(self, ids: Collection[str], reach: Reach) -> Mapping[str, Item]:
        return {
            id_: self.items[id_]
            for id_ in ids
            if id_ in self.items and (reach.districts is None or self.items[id_].district in reach.districts)
        }

    def removed(self, id: str) -> dict[str, str]:  # noqa: A002
        return {"alarmId": id}


class Screen:
    """One socket and what it heard."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[tuple[LiveKind, int, dict[int, tuple[float, float]]]] = []
        self.texts: list[dict[str, Any]] = []
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                data = await self.socket.recv()
                if isinstance(data, str):
                    self.texts.append(json.loads(data))
                    continue
                kind, seq, _, records = read_live_message(data)
                places = {
                    int(r["vehicle_no"]): (float(r["lat_e7"]) / 1e7, float(r["lng_e7"]) / 1e7)
                    for r in records
                }
                self.frames.append((kind, seq, places))
        except ConnectionClosed:
            return

    async def ask(self, *topics: str, bbox: list[float] | None = None) -> None:
        await self.socket.send(json.dumps({"type": "subscribe", "topics": topics, "bbox": bbox}))

    def seen(self) -> dict[int, tuple[float, float]]:
        whole: dict[int, tuple[float, float]] = {}
        for kind, _, places in self.frames:
            whole = places if kind is LiveKind.SNAPSHOT else whole | places
        return whole


class Wall:
    """A hub that serves, and what feeds it."""

    def __init__(self, redis: Redis, hub: LiveHub, feed: AlarmFeed, port: int) -> None:
        self.redis = redis
        self.hub = hub
        self.feed = feed
        self.port = port

    @asynccontextmanager
    async def screen(self, token: str = "all", **headers: str) -> AsyncIterator[Screen]:
        url = f"ws://127.0.0.1:{self.port}/api/live"
        bearer = {"Authorization": f"Bearer {token}", **headers}
        async with connect(url, additional_headers=bearer, compression=None) as socket:
            screen = Screen(socket)
            yield screen
        await screen.reader

    async def tell(self, *places: tuple[int, float, float]) -> None:
        await self.redis.publish(keys.room("x"), live_message(LiveKind.DELTA, 1, 1, records_of(*places)))

    async def blob(self, *places: tuple[int, float, float]) -> None:
        for partition in range(PARTITIONS):
            state = np.zeros(10, STATE)
            for number, lat, lng in places:
                if number % PARTITIONS == partition:
                    record = state[number // PARTITIONS]
                    record["vehicle_no"], record["received_ms"] = number, self.hub.city_ms()
                    record["lat_e7"], record["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
            header = Header(epoch=1, position=b"0-0", tick=1, at_ms=1)
            blob = PartitionBlob(partition=partition, header=header, state=state, memory=Memory())
            await Blobs(self.redis).write([blob])


@pytest.fixture
async def wall(valkey_url: str, tmp_path: Path) -> AsyncIterator[Wall]:
    redis = connect_redis(valkey_url)
    feed = AlarmFeed()
    rows = FixedRoster([a_row(number) for number in range(1, 20)])
    hub = LiveHub(redis, redis, Clock.real(), roster=rows, partitions=PARTITIONS, feeds={"alarms": feed})
    people = {"all": a_person(), "kb": a_person(Role.DUTY_OFFICER, KB), "crew": a_person(Role.CREW)}

    async def identify(credentials: Credentials) -> Principal:
        if credentials.bearer not in people:
            raise Unauthenticated("token-invalid")
        return people[credentials.bearer]

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        app.state.live_hub = hub
        app.state.trails = TrailReader(redis, Clock.real(), tmp_path, partitions=PARTITIONS)
        stop = asyncio.Event()
        task = asyncio.create_task(hub.run(stop))
        yield
        stop.set()
        await task

    app = Litestar(
        [live, PositionRoutes], plugins=[AuthPlugin(identify)], lifespan=[running],
        exception_handlers=EXCEPTION_HANDLERS,
    )  # fmt: skip
    async with served(app) as server:
        yield Wall(redis, hub, feed, server.servers[0].sockets[0].getsockname()[1])
    await redis.aclose()


async def test_a_screen_gets_a_snapshot_and_then_deltas_in_one_sequence(
    wall: Wall, eventually: Eventually
) -> None:
    await wall.blob((1, 39.6, 109.8), (12, 39.7, 109.9))
    async with wall.screen() as screen:
        await screen.ask("vehicles")
        await eventually(lambda: len(screen.seen()) == 2)
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((1, 39.61, 109.81))
        await eventually(lambda: screen.seen()[1] == (39.61, 109.81))
    assert screen.frames[0][0] is LiveKind.SNAPSHOT
    assert [kind for kind, _, _ in screen.frames[1:]] == [LiveKind.DELTA] * (len(screen.frames) - 1)
    assert [seq for _, seq, _ in screen.frames] == list(range(1, len(screen.frames) + 1))


async def test_a_screen_sees_only_what_is_within_its_reach(wall: Wall, eventually: Eventually) -> None:
    await wall.blob((1, 39.6, 109.8), (12, 39.7, 109.9))
    async with wall.screen("kb") as screen, wall.screen() as everything:
        await screen.ask("vehicles")
        await everything.ask("vehicles")
        await eventually(lambda: len(everything.seen()) == 2)
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((12, 39.8, 109.9), (2, 39.6, 109.7), (777, 39.6, 109.7))
        await eventually(lambda: len(everything.seen()) == 3)
        await eventually(lambda: 2 in screen.seen())
    assert sorted(screen.seen()) == [1, 2]
    assert sorted(everything.seen()) == [1, 2, 12]


async def test_a_map_view_gets_what_is_in_it_and_once_more_what_leaves_it(
    wall: Wall, eventually: Eventually
) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 40.5, 109.8))
    async with wall.screen() as screen, wall.screen() as everything:
        await everything.ask("vehicles")
        await screen.ask("vehicles", bbox=[109.7, 39.5, 109.9, 39.7])
        await eventually(lambda: sorted(screen.seen()) == [1])
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((1, 39.75, 109.8), (2, 40.51, 109.8))
        await eventually(lambda: screen.seen()[1] == (39.75, 109.8))
        await wall.tell((1, 39.8, 109.8), (3, 39.6, 109.8))
        await eventually(lambda: 3 in screen.seen())
        await eventually(lambda: everything.seen()[1] == (39.8, 109.8))
    assert screen.seen() == {1: (39.75, 109.8), 3: (39.6, 109.8)}


async def test_facts_come_as_snapshot_upsert_and_remove(wall: Wall, eventually: Eventually) -> None:
    wall.feed.items = {"a": Item("a", "KB")}

    async def change(id_: str) -> None:
        await wall.redis.publish(keys.changed("alarm"), msgspec.json.encode(Change("alarm", id_)))

    async with wall.screen("kb") as screen:
        await screen.ask("alarms")
        await eventually(lambda: len(screen.texts) == 1)
        wall.feed.items["b"] = Item("b", "KB")
        wall.feed.items["c"] = Item("c", "DL")
        await change("b")
        await eventually(lambda: len(screen.texts) == 2)
        await change("c")
        await eventually(lambda: len(screen.texts) == 3)
        del wall.feed.items["a"]
        await change("a")
        await eventually(lambda: len(screen.texts) == 4)
    assert screen.texts == [
        {"topic": "alarms", "type": "snapshot", "seq": 0, "items": [{"alarmId": "a", "district": "KB"}]},
        {"topic": "alarms", "type": "upsert", "seq": 1, "items": [{"alarmId": "b", "district": "KB"}]},
        {"topic": "alarms", "type": "remove", "seq": 2, "items": [{"alarmId": "c"}]},
        {"topic": "alarms", "type": "remove", "seq": 3, "items": [{"alarmId": "a"}]},
    ]


async def test_topics_that_a_role_may_not_read_stay_silent(wall: Wall, eventually: Eventually) -> None:
    async with wall.screen("all") as screen:
        await screen.ask("orders", "alarms", "no-such-topic")
        await eventually(lambda: screen.texts)
        await asyncio.sleep(0.05)
    assert [text["topic"] for text in screen.texts] == ["alarms"]


@pytest.mark.parametrize(
    ("token", "code"), [("nobody", 4401), ("crew", 4403)], ids=["unknown token", "role without the scope"]
)
async def test_who_may_not_look_is_told_so(wall: Wall, token: str, code: int) -> None:
    async with wall.screen(token) as screen:
        await screen.reader
        assert screen.socket.close_code == code


@pytest.mark.parametrize("text", ["{", '{"type":"subscribe","topics":["vehicles"],"bbox":[1,2,3]}',
                                  '{"type":"subscribe","topics":["vehicles"],"bbox":[5,2,3,4]}'],
                         ids=["no json", "three numbers", "west of east"])  # fmt: skip
async def test_a_subscription_that_cannot_be_read_closes_with_4400(wall: Wall, text: str) -> None:
    async with wall.screen() as screen:
        await screen.socket.send(text)
        await screen.reader
        assert screen.socket.close_code == 4400


async def test_a_hub_that_stops_listening_begins_again_for_the_next_screen(
    wall: Wall, eventually: Eventually
) -> None:
    for _ in range(2):
        async with wall.screen() as screen:
            await screen.ask("vehicles")
            await eventually(lambda: screen.frames)
            await eventually(lambda: wall.hub._is_mirror_current.is_set())
            await wall.tell((5, 39.6, 109.8))
            await eventually(lambda: 5 in screen.seen())
        await eventually(lambda: not wall.hub.clients)


async def test_positions_answer_with_the_same_bytes_within_reach_and_box(wall: Wall) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 40.5, 109.8), (12, 39.6, 109.8))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wall.port}") as client:
        kb = {"Authorization": "Bearer kb"}
        whole = await client.get("/api/vehicles/positions", headers=kb)
        part = await client.get("/api/vehicles/positions?bbox=109.7,39.5,109.9,39.7", headers=kb)
        wrong = await client.get("/api/vehicles/positions?bbox=1,2,3", headers=kb)
        nobody = await client.get("/api/vehicles/positions")
    assert sorted(read_live_message(whole.content)[3]["vehicle_no"].tolist()) == [1, 2]
    assert read_live_message(part.content)[3]["vehicle_no"].tolist() == [1]
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid-input")
    assert nobody.status_code == 401


async def test_a_trail_comes_from_the_stream_and_not_of_foreign_vehicles(wall: Wall) -> None:
    now_ms = wall.hub.city_ms()
    records = np.zeros(3, STREAM_POSITION)
    records["vehicle_no"], records["seq"] = (4, 8, 4), (1, 1, 2)
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_098_000_000
    records["measured_ms"] = (now_ms - 5_000, now_ms, now_ms - 4_000)
    await wall.redis.xadd(keys.telemetry(0), entry_fields(now_ms, records, None))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wall.port}") as client:
        kb = {"Authorization": "Bearer kb"}
        answer = await client.get("/api/vehicles/4/trail", headers=kb)
        foreign = await client.get("/api/vehicles/12/trail", headers=kb)
        backwards = await client.get("/api/vehicles/4/trail?from_ms=5&to_ms=4", headers=kb)
    points = answer.json()["points"]
    assert [point["measuredAtMs"] for point in points] == [now_ms - 5_000, now_ms - 4_000]
    assert points[0]["lat"] == 39.6
    assert foreign.status_code == 404
    assert backwards.json()["code"] == "time-out-of-range"
