"""A real gateway with real credentials, and a simulated world of three vehicles that reach it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Router
from litestar.di import Provide
from sqlalchemy import select

from core import keys
from core.auth.machine_tokens import MachineTokens
from core.auth.machines import GatewayIdentity, ensure_maker_key
from core.auth.token_exchange import TokenExchange
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.inbox import InboxWriter, inbox
from core.kinds import ServiceKind
from core.privacy.cipher import SecretKeys
from core.redis import Redis, connect
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.profile import LinkProfile
from fleet.links.tokens import ask_for_token
from fleet.links.wire.messages import Command, LinkLoss
from fleet.telemetry.records import read_entry
from fleet.telemetry.roster import FixedRoster, RosterRow
from simulator.issued import GivenMaker, GivenVehicle, Issued, IssuedBox
from simulator.memory_file import MemoryFile
from simulator.world import World
from tests.integration.fleet.links.conftest import Owed, served
from tests.simulated import HOME, KEY

RATE = 10.0
NUMBERS = (7, 8, 9)
SECRET = "a secret of the maker that nobody else has"
PARTITIONS = 4
ORIGIN = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)


class City:
    """The gateway's side: it can be stopped and started on the same port."""

    def __init__(self, redis: Redis, database: Database, clock: Clock) -> None:
        self.redis, self.database, self.clock = redis, database, clock
        self.owed = Owed()
        self.port = 0
        self.gateway: Gateway
        self._up = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        tokens = MachineTokens("k" * 40)
        exchange = TokenExchange(
            self.database, self.clock, SecretKeys(encryption_key="e" * 40, index_key="i" * 40), tokens
        )
        writer = InboxWriter(self.database, self.clock)
        stores = GatewayStores(
            streams=self.redis,
            plain=self.redis,
            roster=FixedRoster([_row(number) for number in NUMBERS]),
            submit_report=writer.submit,
            commands=self.owed,
        )
        policy = LinkLoss(version=3, slow_after_s=10.0, stop_after_s=30.0)
        profile = LinkProfile(batch_wall_ms=5, link_loss=policy)
        self.gateway = Gateway(stores, self.clock, profile, partitions=PARTITIONS)
        route = Router(
            "/",
            route_handlers=[ask_for_token],
            dependencies={"token_exchange": Provide(lambda: exchange, sync_to_thread=False)},
        )
        app = gateway_app(self.gateway, GatewayIdentity(self.database, self.clock, tokens), routes=[route])
        await self._up.enter_async_context(_writing(writer))
        server = await self._up.enter_async_context(served(app, port=self.port))
        self.port = server.servers[0].sockets[0].getsockname()[1]
        await self.gateway.pusher.is_listening.wait()

    async def stop(self) -> None:
        await self._up.aclose()

    async def tell(self, command: Command) -> None:
        """Owe a command and close the links, so that it is handed over with the next welcome."""
        self.owed.commands.append(command)
        self.gateway.close_links()

    async def positions(self) -> dict[int, list[int]]:
        """Numbers of every position accepted, by vehicle."""
        found: dict[int, list[int]] = {}
        for partition in range(PARTITIONS):
            entries: Any = await self.redis.xrange(keys.telemetry(partition))
            for _, fields in entries:
                records = read_entry(fields).positions
                for number, seq in zip(records["vehicle_no"].tolist(), records["seq"].tolist(), strict=True):
                    found.setdefault(number, []).append(seq)
        return found

    async def reports(self, vehicle_no: int) -> list[tuple[int, str]]:
        """(seq, kind) of every stored report of a vehicle, in the order of storing."""
        async with self.database.read() as tx:
            rows = await tx.execute(
                select(inbox.c.report_seq, inbox.c.kind)
                .where(inbox.c.vehicle_no == vehicle_no)
                .order_by(inbox.c.id)
            )
        return [(row.report_seq, row.kind) for row in rows]

    async def kinds(self, vehicle_no: int) -> list[str]:
        return [kind for _, kind in await self.reports(vehicle_no)]


def _row(number: int) -> RosterRow:
    return RosterRow(
        vehicle_no=VehicleNo(number),
        maker=MakerId("m"),
        operator=OperatorId("guotou"),
        district=DistrictCode("KB"),
        service=ServiceKind.DELIVERY,
    )


@asynccontextmanager
async def _writing(writer: InboxWriter) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(writer.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.fixture
async def city(valkey_url: str, sqlite_database: Database) -> AsyncIterator[City]:
    redis = connect(valkey_url)
    clock = Clock(datetime.now(UTC), ORIGIN, RATE)
    async with sqlite_database.write() as tx:
        await ensure_maker_key(tx, "m-1", MakerId("m"), "Maker", secret=SECRET, at=clock.wall())
    around = City(redis, sqlite_database, clock)
    await around.start()
    yield around
    await around.stop()
    await redis.aclose()


def issued(secret: str = SECRET) -> Issued:
    vehicles = [
        GivenVehicle(
            vehicle_no=number,
            code=f"EDS-KB-D-{number:04d}-X",
            maker="m",
            service="delivery",
            district="KB",
            lat=HOME[0],
            lng=HOME[1],
            boxes=tuple(IssuedBox(number=n) for n in range(1, 7)),
            keypad_key=KEY,
        )
        for number in NUMBERS
    ]
    return Issued(vehicles=tuple(vehicles), makers=(GivenMaker(maker="m", key_id="m-1", secret=secret),))


@pytest.fixture
def start_world(city: City, tmp_path: Path) -> Callable[..., Any]:
    """Start a world that remembers in one file; use as an asynchronous context."""

    @asynccontextmanager
    async def start(*, outages_per_hour: float = 0.0, secret: str = SECRET) -> AsyncIterator[World]:
        memories = MemoryFile(tmp_path / "memory.sqlite3")
        world = World(issued(secret), city.url, memories, seed=3, outages_per_hour=outages_per_hour)
        stop = asyncio.Event()
        running = asyncio.create_task(world.run(stop))
        try:
            yield world
        finally:
            stop.set()
            await running
            memories.close()

    return start


def on_time(city: City, command: Command) -> Command:
    """The same command issued now in the city's time."""
    now_ms = city.clock.now_ms()
    expires_ms = None if command.expires_at_ms is None else now_ms + 600_000
    return msgspec.structs.replace(command, issued_at_ms=now_ms, expires_at_ms=expires_ms)
