"""A vehicle that knows only docs/wire-protocol.md connects, reports and obeys."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from core.inbox import inbox
from fleet.links.outgoing import push_at_once, send_command
from fleet.links.wire.commands import CommandKind, EmergencyStop, OpenCompartment
from fleet.links.wire.messages import Command, body_of
from tests.integration.fleet.links.conftest import Running, accepted
from tests.integration.fleet.links.second_client import (
    Vehicle,
    frame,
    position,
    positions_frame,
    status,
)

type Eventually = Callable[..., Awaitable[Any]]


def a_command(command_id: str, vehicle_no: int = 7, **changes: Any) -> Command:
    return Command(
        command_id=command_id, vehicle_no=vehicle_no, kind=CommandKind.OPEN_COMPARTMENT, issued_at_ms=1,
        expires_at_ms=2, body=body_of(OpenCompartment(compartment=2)), **changes,
    )  # fmt: skip


async def test_hello_is_answered_with_city_time_pace_and_link_loss_policy(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        welcome = await vehicle.hello()
    assert abs(welcome["cityTimeMs"] - running.now_ms()) < 5_000
    assert welcome["reportIntervalS"] == 1.0
    assert welcome["linkLoss"] == {"version": 1, "slowAfterS": 10.0, "stopAfterS": 30.0}
    assert welcome["maxFrameBytes"] == 262_144


async def test_positions_and_status_are_accepted_and_lie_in_the_stream(running: Running) -> None:
    base = running.now_ms()
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(
            frame(
                1,
                base,
                (1, 24, position(7, 1, 39.6, 109.78) + position(7, 2, 39.6001, 109.78, after_ms=1000)),
                (2, 80, status(7, 1)),
            )
        )
        told = await vehicle.hear("accepted")
    assert told == {"type": "accepted", "frameSeq": 1, "count": 2}
    assert await accepted(running.redis) == [(7, 1), (7, 2)]


async def test_an_unknown_section_type_is_skipped_and_longer_records_are_cut(running: Running) -> None:
    longer = position(7, 5, 39.6, 109.78) + b"new!"
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(frame(1, running.now_ms(), (99, 0, b"whatever"), (1, 28, longer)))
        assert (await vehicle.hear("accepted"))["count"] == 1
    assert await accepted(running.redis) == [(7, 5)]


async def test_a_report_is_acknowledged_after_it_is_in_sql_and_once(running: Running) -> None:
    report = {
        "type": "report", "vehicleNo": 7, "reportSeq": 1, "kind": "stop_reached", "taskId": "t1", "epoch": 3,
        "measuredAtMs": running.now_ms(), "body": {"stopId": "s1", "lat": 39.6, "lng": 109.78},
    }  # fmt: skip
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.say(**report)
        first = await vehicle.hear("reportStored")
        await vehicle.say(**report)
        again = await vehicle.hear("reportStored", lambda m: m["outcome"] == "duplicate")
    assert first == {"type": "reportStored", "vehicleNo": 7, "reportSeq": 1, "outcome": "stored"}
    assert again["reportSeq"] == 1
    async with running.database.read() as tx:
        rows = (await tx.execute(select(inbox.c.vehicle_no, inbox.c.kind, inbox.c.epoch))).all()
    assert [tuple(row) for row in rows] == [(7, "stop_reached", 3)]


async def test_a_command_reaches_the_vehicle_it_is_for_and_nobody_else(
    running: Running, eventually: Eventually
) -> None:
    async with Vehicle(running.link, "seven") as seven, Vehicle(running.link, "eight") as eight:
        await seven.hello()
        await eight.hello()
        await send_command(running.redis, a_command("c1", 7))
        command = await seven.hear("command")
        await send_command(running.redis, a_command("c2", 8))
        await eight.hear("command", lambda m: m["commandId"] == "c2")
        assert [m["commandId"] for m in eight.heard if m["type"] == "command"] == ["c2"]
    assert command["kind"] == "open_compartment"
    assert command["body"] == {"compartment": 2, "orderId": None}
    await eventually(lambda: running.owed.sent_ids == {"c1", "c2"})


async def test_an_emergency_stop_is_pushed_at_once_without_the_stream(running: Running) -> None:
    stop = Command(
        command_id="stop", vehicle_no=7, kind=CommandKind.EMERGENCY_STOP, issued_at_ms=1, stop_epoch=4,
        body=body_of(EmergencyStop()),
    )  # fmt: skip
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        assert await push_at_once(running.redis, stop) == 1
        heard = await vehicle.hear("command")
    assert (heard["kind"], heard["stopEpoch"], heard["expiresAtMs"]) == ("emergency_stop", 4, None)


async def test_commands_that_waited_in_sql_are_sent_when_the_vehicle_connects(running: Running) -> None:
    running.owed.commands = [a_command("waited"), a_command("other", 8)]
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        assert (await vehicle.hear("command"))["commandId"] == "waited"
    assert [m["commandId"] for m in vehicle.heard if m["type"] == "command"] == ["waited"]


async def test_durable_is_told_once_the_archiver_has_the_frame(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(positions_frame(41, running.now_ms(), position(7, 1, 39.6, 109.78)))
        await vehicle.hear("accepted")
        assert not [m for m in vehicle.heard if m["type"] == "durable"]
        entries: Any = await running.redis.xrevrange("telemetry:{3}", count=1)
        await running.redis.hset("durable", "3", entries[0][0])
        assert (await vehicle.hear("durable"))["frameSeq"] == 41


async def test_a_newer_link_of_the_same_vehicle_replaces_the_older(running: Running) -> None:
    async with Vehicle(running.link, "seven") as old:
        await old.hello()
        async with Vehicle(running.link, "seven") as new:
            await new.hello()
            assert await old.closed() == 4482
            await send_command(running.redis, a_command("c9"))
            assert (await new.hear("command"))["commandId"] == "c9"


async def test_two_links_of_one_maker_share_its_vehicles(running: Running) -> None:
    async with Vehicle(running.link, "east") as first, Vehicle(running.link, "east") as second:
        await first.hello(vehicles=[100, 101])
        await second.hello(vehicles=[102])
        await send_command(running.redis, a_command("a", 101))
        await send_command(running.redis, a_command("b", 102))
        assert (await first.hear("command"))["commandId"] == "a"
        assert (await second.hear("command"))["commandId"] == "b"


async def test_a_gateway_that_stops_closes_links_with_service_restart(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        running.server.should_exit = True
        assert await vehicle.closed() == 1012
