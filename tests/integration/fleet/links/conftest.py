"""A gateway on a free port with a real Valkey and a real inbox."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import uvicorn
from litestar import Litestar

from core import keys
from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.errors import Unauthenticated
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.inbox import InboxWriter
from core.kinds import ServiceKind
from core.redis import Redis, StreamsRedis, connect
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.profile import LinkProfile
from fleet.links.wire.messages import Command
from fleet.quality.routes import quality_routes
from fleet.quality.shown import QualityReader
from fleet.telemetry.records import read_entry
from fleet.telemetry.roster import FixedRoster, RosterRow
from steppe.link_socket import LinkSocketProtocol

LATER = datetime(2099, 1, 1, tzinfo=UTC)


def a_device(*numbers: int) -> Principal:
    return Principal(
        kind="device", id=f"d{numbers}", name="", role=Role.DEVICE, expires_at=LATER,
        vehicles=frozenset(VehicleNo(number) for number in numbers),
    )  # fmt: skip


def a_maker(maker: str) -> Principal:
    return Principal(kind="maker", id=maker, name="", role=Role.MAKER, maker=MakerId(maker), expires_at=LATER)


def a_row(number: int, maker: str = "east", **changes: Any) -> RosterRow:
    row = RosterRow(
        vehicle_no=VehicleNo(number),
        maker=MakerId(maker),
        operator=OperatorId("guotou"),
        district=DistrictCode("KB"),
        service=ServiceKind.DELIVERY,
    )
    return msgspec.structs.replace(row, **changes)


class Tokens:
    """Tokens by name."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    async def __call__(self, credentials: Credentials) -> Principal:
        principal = self.principals.get(credentials.bearer or "")
        if principal is None:
            raise Unauthenticated("token-invalid")
        return principal


class Owed:
    """Commands that SQL still owes."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.sent_ids: set[str] = set()

    async def pending(self, vehicle_nos: Collection[int]) -> list[Command]:
        return [command for command in self.commands if command.vehicle_no in vehicle_nos]

    async def sent(self, command_ids: Collection[str]) -> None:
        self.sent_ids |= set(command_ids)


class Running:
    """A gateway that serves, and what stands around it."""

    def __init__(self, gateway: Gateway, redis: Redis, database: Database, owed: Owed, port: int) -> None:
        self.gateway = gateway
        self.redis = redis
        self.database = database
        self.owed = owed
        self.http = f"http://127.0.0.1:{port}"
        self.link = f"ws://127.0.0.1:{port}/v1/link"
        self.server: uvicorn.Server

    def now_ms(self) -> int:
        return self.gateway.clock.now_ms()


@asynccontextmanager
async def served(app: Litestar, port: int = 0) -> AsyncIterator[uvicorn.Server]:
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, ws=LinkSocketProtocol,
            ws_per_message_deflate=False, timeout_graceful_shutdown=3,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


@pytest.fixture
def profile() -> LinkProfile:
    return LinkProfile(batch_wall_ms=5)


@pytest.fixture
async def running(valkey_url: str, sqlite_database: Database, profile: LinkProfile) -> AsyncIterator[Running]:
    clock = Clock.real()
    redis = connect(valkey_url)
    tokens, owed = Tokens(), Owed()
    tokens.principals = {
        "seven": a_device(7),
        "eight": a_device(8),
        "east": a_maker("east"),
        "west": a_maker("west"),
    }
    writer = InboxWriter(sqlite_database, clock)
    rows = [a_row(7), a_row(8), a_row(9, maker="west"), *(a_row(no) for no in range(100, 400))]
    stores = GatewayStores(
        streams=redis, plain=redis, roster=FixedRoster(rows), submit_report=writer.submit, commands=owed
    )
    gateway = Gateway(stores, clock, profile, partitions=4)
    stop = asyncio.Event()
    writing = asyncio.create_task(writer.run(stop))
    quality = quality_routes(QualityReader(redis))
    async with served(gateway_app(gateway, tokens, routes=[quality])) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        around = Running(gateway, redis, sqlite_database, owed, port)
        around.server = server
        await gateway.pusher.is_listening.wait()
        yield around
    stop.set()
    await writing
    await redis.aclose()


async def accepted(redis: StreamsRedis, partitions: int = 4) -> list[tuple[int, int]]:
    """(vehicle_no, seq) of everything in the streams, by partition in stream order."""

    found = []
    for partition in range(partitions):
        entries: Any = await redis.xrange(keys.telemetry(partition))
        for _, fields in entries:
            records = read_entry(fields).positions
            found += list(zip(records["vehicle_no"].tolist(), records["seq"].tolist(), strict=True))
    return found
