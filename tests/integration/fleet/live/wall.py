"""A hub that serves screens over real sockets, and what feeds it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import uvicorn
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
from dashboard.routes.near import list_near_vehicles
from dashboard.routes.positions import PositionRoutes
from fleet.alarms.kinds import Severity
from fleet.history.trail import TrailReader
from fleet.live.cell_messages import read_cells
from fleet.live.hub import LiveHub
from fleet.telemetry.blobs import Blobs, Header, PartitionBlob
from fleet.telemetry.memory import Memory
from fleet.telemetry.records import LIVE, STATE, LiveKind, live_message, read_live_message
from fleet.telemetry.roster import FixedRoster, RosterRow
from steppe.live_socket import LiveSocketProtocol

type Eventually = Callable[..., Awaitable[Any]]

PARTITIONS = 4
KB, DL = DistrictCode("KB"), DistrictCode("DL")


def a_person(role: Role = Role.DUTY_OFFICER, *districts: DistrictCode) -> Principal:
    return Principal(
        kind="staff", id="s", name="s", role=role, districts=frozenset(districts) or None,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def a_row(number: int, operator: str = "o", service: ServiceKind = ServiceKind.DELIVERY) -> RosterRow:
    return RosterRow(
        vehicle_no=VehicleNo(number), maker=MakerId("m"), operator=OperatorId(operator),
        district=KB if number < 10 else DL, service=service,
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
        self.answers = asyncio.Event()
        """Cleared by a test whose store takes its time."""
        self.answers.set()

    async def snapshot(self, reach: Reach) -> Sequence[Item]:
        await self.answers.wait()
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
        """Of vehicles."""
        self.cells: dict[int, tuple[int, list[int], int]] = {}
        """Count, counts by condition and worst alarm by cell: what it would draw."""
        self.resolution: int | None = None
        """Of the cells that it is given; None while it is given vehicles."""
        self.texts: list[dict[str, Any]] = []
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                data = await self.socket.recv()
                if isinstance(data, str):
                    self.texts.append(json.loads(data))
                    continue
                if LiveKind(data[3]) in (LiveKind.CELLS_SNAPSHOT, LiveKind.CELLS_DELTA):
                    self._take_cells(data)
                    continue
                self.resolution = None
                kind, seq, _, records = read_live_message(data)
                places = {
                    int(r["vehicle_no"]): (float(r["lat_e7"]) / 1e7, float(r["lng_e7"]) / 1e7)
                    for r in records
                }
                self.frames.append((kind, seq, places))
        except ConnectionClosed:
            return

    def _take_cells(self, data: bytes) -> None:
        rows = read_cells(data)
        if rows.kind is LiveKind.CELLS_SNAPSHOT:
            self.cells = {}
        self.resolution = rows.resolution
        for at, cell in enumerate(rows.cells.tolist()):
            self.cells[cell] = int(rows.counts[at]), rows.conditions[:, at].tolist(), int(rows.worst[at])
            if not rows.counts[at]:
                del self.cells[cell]

    async def ask(self, *topics: str, bbox: list[float] | None = None, **more: Any) -> None:
        await self.socket.send(json.dumps({"type": "subscribe", "topics": topics, "bbox": bbox, **more}))

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
        self.standing: dict[VehicleNo, Severity] = {}
        """Worst standing alarms of the registry."""

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


@asynccontextmanager
async def served(app: Litestar) -> AsyncIterator[int]:
    """Serve an app as steppe/serving does; give its port."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, ws=LiveSocketProtocol,
        ws_per_message_deflate=False, timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def standing(valkey_url: str, folder: Path, rows: Sequence[RosterRow]) -> AsyncIterator[Wall]:
    """A wall over these vehicles; tokens are ``all``, ``kb`` (one district) and ``crew`` (may not look)."""
    redis = connect_redis(valkey_url)
    feed = AlarmFeed()
    roster = FixedRoster(rows)
    standing_now: dict[VehicleNo, Severity] = {}

    async def worst() -> Mapping[VehicleNo, Severity]:
        return standing_now

    hub = LiveHub(
        redis,
        redis,
        Clock.real(),
        roster=roster,
        partitions=PARTITIONS,
        feeds={"alarms": feed},
        standing=worst,
    )
    people = {"all": a_person(), "kb": a_person(Role.DUTY_OFFICER, KB), "crew": a_person(Role.CREW)}

    async def identify(credentials: Credentials) -> Principal:
        if credentials.bearer not in people:
            raise Unauthenticated("token-invalid")
        return people[credentials.bearer]

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        app.state.live_hub = hub
        app.state.trails = TrailReader(redis, Clock.real(), folder, partitions=PARTITIONS)
        stop = asyncio.Event()
        task = asyncio.create_task(hub.run(stop))
        yield
        stop.set()
        await task

    app = Litestar(
        [live, PositionRoutes, list_near_vehicles], plugins=[AuthPlugin(identify)], lifespan=[running],
        exception_handlers=EXCEPTION_HANDLERS,
    )  # fmt: skip
    async with served(app) as port:
        wall = Wall(redis, hub, feed, port)
        wall.standing = standing_now
        yield wall
    await redis.aclose()
