"""A command all the way: SQL, relay, stream, gateway, a vehicle that shares no code, inbox, SQL again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.auth.principal import EVERYTHING
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.ids import VehicleNo
from core.inbox import InboxWriter
from core.inbox_consumer import InboxConsumer
from core.outbox import Relay
from core.redis import Redis, connect
from fleet.commands.carry_command import CommandCarrier
from fleet.commands.command import Command, to_wire
from fleet.commands.kinds import CommandState
from fleet.commands.pending import SqlPendingCommands
from fleet.commands.queue_command import TOPIC, Wish, queue_command
from fleet.commands.store import CommandStore
from fleet.commands.take_answer import AnswerHandler
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.outgoing import send_command
from fleet.links.profile import LinkProfile
from fleet.links.wire.commands import CommandBody, CommandKind, EmergencyStop, Release, Speak
from fleet.vehicles.roster_source import SqlRoster
from tests.integration.fleet.builders import working_vehicles
from tests.integration.fleet.links.conftest import Tokens, a_device, served
from tests.integration.fleet.links.second_client import Vehicle

type Eventually = Callable[..., Awaitable[Any]]
SEVEN = VehicleNo(7)


class Platform:
    """Everything between a row in SQL and a vehicle's link, running."""

    def __init__(self, database: Database, redis: Redis, clock: Clock, link: str) -> None:
        self.database = database
        self.redis = redis
        self.clock = clock
        self.link = link

    async def queue(self, kind: CommandKind, body: CommandBody) -> Command:
        async with self.database.write() as tx:
            wish = Wish(vehicle_no=SEVEN, kind=kind, body=body)
            return await queue_command(tx, wish, at=self.clock.now(), rate=1)

    async def state(self, command: Command) -> CommandState:
        async with self.database.read() as tx:
            return (await CommandStore(tx).get(command.command_id, EVERYTHING)).state


@pytest.fixture
async def platform(valkey_url: str, sqlite_database: Database) -> AsyncIterator[Platform]:
    clock, redis, stop = Clock.real(), connect(valkey_url), asyncio.Event()
    await working_vehicles(sqlite_database, 7)
    writer = InboxWriter(sqlite_database, clock)
    answers = AnswerHandler()
    running: list[Any] = [
        writer,
        Relay(sqlite_database, {TOPIC: CommandCarrier(sqlite_database, redis, clock)}, clock, holder="t"),
        InboxConsumer(sqlite_database, {"command_ack": answers, "command_result": answers}, clock),
    ]
    tasks = [asyncio.create_task(part.run(stop)) for part in running]
    stores = GatewayStores(
        streams=redis,
        plain=redis,
        roster=SqlRoster(sqlite_database),
        submit_report=writer.submit,
        commands=SqlPendingCommands(sqlite_database, clock),
    )
    gateway = Gateway(stores, clock, LinkProfile(batch_wall_ms=5), partitions=4)
    tokens = Tokens()
    tokens.principals = {"seven": a_device(7)}
    async with served(gateway_app(gateway, tokens)) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        await gateway.pusher.is_listening.wait()
        yield Platform(sqlite_database, redis, clock, f"ws://127.0.0.1:{port}/v1/link")
    stop.set()
    await asyncio.gather(*tasks)
    await redis.aclose()


async def says(vehicle: Vehicle, seq: int, kind: str, command: Command, result: str) -> None:
    await vehicle.say(
        type="report",
        vehicleNo=7,
        reportSeq=seq,
        kind=kind,
        measuredAtMs=ms_of_moment(command.issued_at),
        body={"commandId": command.command_id, "result": result},
    )
    await vehicle.hear("reportStored", lambda message: message["reportSeq"] == seq)


async def test_a_command_is_sent_acknowledged_and_done(platform: Platform, eventually: Eventually) -> None:
    async with Vehicle(platform.link, "seven") as vehicle:
        await vehicle.hello()
        command = await platform.queue(CommandKind.SPEAK, Speak(text_zh="请让一让"))
        heard = await vehicle.hear("command")
        assert (heard["commandId"], heard["body"]["textZh"]) == (command.command_id, "请让一让")
        await says(vehicle, 1, "command_ack", command, "accepted")
        await says(vehicle, 2, "command_result", command, "succeeded")

        async def is_done() -> bool:
            return await platform.state(command) is CommandState.SUCCEEDED

        await eventually(is_done)


async def test_a_stop_given_while_the_vehicle_was_away_meets_it_and_after_its_release_does_not(
    platform: Platform,
) -> None:
    """Promise 5: stop, cut, release, heal."""
    stop = await platform.queue(CommandKind.EMERGENCY_STOP, EmergencyStop())
    async with Vehicle(platform.link, "seven") as vehicle:
        await vehicle.hello()
        assert (await vehicle.hear("command"))["commandId"] == stop.command_id
    release = await platform.queue(CommandKind.RELEASE, Release())
    async with Vehicle(platform.link, "seven") as healed:
        await healed.hello()
        heard = await healed.hear("command", lambda m: m["commandId"] == release.command_id)
        assert heard["stopEpoch"] > stop.stop_epoch
        assert [m["commandId"] for m in healed.heard if m["type"] == "command"] == [release.command_id]


async def test_a_stop_that_comes_behind_its_release_stays_here(platform: Platform) -> None:
    """A repeated stream entry (the relay is at-least-once) must not bring a released stop back."""
    async with Vehicle(platform.link, "seven") as vehicle:
        await vehicle.hello()
        stop = await platform.queue(CommandKind.EMERGENCY_STOP, EmergencyStop())
        release = await platform.queue(CommandKind.RELEASE, Release())
        await vehicle.hear("command", lambda m: m["commandId"] == release.command_id)
        before = len(vehicle.heard)
        await send_command(platform.redis, to_wire(stop))
        speak = await platform.queue(CommandKind.SPEAK, Speak(text_zh="请让一让"))
        await vehicle.hear("command", lambda m: m["commandId"] == speak.command_id)
        assert stop.command_id not in {m.get("commandId") for m in vehicle.heard[before:]}
