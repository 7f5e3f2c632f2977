"""Commands in SQL and Redis: never late, never twice, a stop before everything."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from core import keys
from core.auth.principal import EVERYTHING, Reach
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Invalid, NotFound
from core.ids import DistrictCode, TaskId, VehicleNo
from core.outbox import Relay
from core.redis import Redis, connect
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.commands.carry_command import CommandCarrier
from fleet.commands.command import Command
from fleet.commands.expire_commands import CommandExpiry
from fleet.commands.kinds import CommandState
from fleet.commands.pending import SqlPendingCommands
from fleet.commands.queue_command import TOPIC, Wish, queue_command
from fleet.commands.store import CommandStore, Place
from fleet.commands.take_answer import AnswerHandler
from fleet.commands.withdraw_commands import withdraw_commands
from fleet.links.outgoing import FIELD_COMMAND, read_command
from fleet.links.wire.commands import (
    CommandBody,
    CommandKind,
    EmergencyStop,
    Pause,
    Release,
    Speak,
)
from fleet.vehicles.store import VehicleStore
from tests.integration.fleet.builders import AT, a_report, working_vehicles

ONE = VehicleNo(1)


async def queued(database: Database, kind: CommandKind = CommandKind.PAUSE, **changes: Any) -> Command:
    bodies: dict[CommandKind, CommandBody] = {
        CommandKind.PAUSE: Pause(),
        CommandKind.EMERGENCY_STOP: EmergencyStop(),
        CommandKind.RELEASE: Release(),
        CommandKind.SPEAK: Speak(text_zh="请让一让"),
    }
    async with database.write() as tx:
        wish = Wish(vehicle_no=ONE, kind=kind, body=bodies[kind], **changes)
        return await queue_command(tx, wish, at=AT, rate=1)


async def now_in_sql(database: Database, command: Command) -> Command:
    async with database.read() as tx:
        return await CommandStore(tx).get(command.command_id, EVERYTHING)


async def answer(
    database: Database, command: Command, kind: str, result: str, *, number: int = 1, second: float = 1
) -> str:
    handler = AnswerHandler()
    at = AT + timedelta(seconds=second)
    async with database.write() as tx:
        item = a_report(number, kind, {"commandId": command.command_id, "result": result}, at=at)
        return await handler(tx, item, at=at)


async def test_a_command_is_written_with_its_wake_up_and_moves_with_the_vehicles_answers(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    command = await queued(database, CommandKind.SPEAK)
    assert command == await now_in_sql(database, command)
    await SqlPendingCommands(database, clock).sent([command.command_id])
    assert (await now_in_sql(database, command)).state is CommandState.SENT
    assert await answer(database, command, "command_ack", "accepted") == "applied"
    assert await answer(database, command, "command_ack", "duplicate") == "repeated"
    assert await answer(database, command, "command_result", "succeeded", second=3) == "applied"
    done = await now_in_sql(database, command)
    assert (done.state, done.finished_at, done.version) == (
        CommandState.SUCCEEDED,
        AT + timedelta(seconds=3),
        4,
    )
    assert await answer(database, command, "command_result", "failed", second=4) == "repeated"
    assert await now_in_sql(database, command) == done


async def test_an_answer_for_another_vehicles_command_or_for_none_changes_nothing(
    database: Database,
) -> None:
    await working_vehicles(database, 1, 2)
    command = await queued(database)
    assert await answer(database, command, "command_ack", "accepted", number=2) == "foreign-command"
    gone = msgspec.structs.replace(command, command_id="nothing")
    assert await answer(database, gone, "command_ack", "accepted") == "unknown-command"
    assert await now_in_sql(database, command) == command
    with pytest.raises(Invalid):
        async with database.write() as tx:
            await AnswerHandler()(tx, a_report(1, "command_ack", {"commandId": 3}), at=AT)


async def test_a_command_that_was_never_delivered_expires_and_is_not_sent_late(
    database: Database, clock: Clock
) -> None:
    """Promise 5: the vehicle sits behind a black hole longer than the command lives."""
    await working_vehicles(database, 1)
    command = await queued(database)
    pending = SqlPendingCommands(database, clock)
    assert [wire.command_id for wire in await pending.pending([1])] == [command.command_id]
    clock.advance(30)  # type: ignore[attr-defined]
    assert await pending.pending([1]) == []
    assert await CommandExpiry(database, clock).expire_once() == 1
    ended = await now_in_sql(database, command)
    assert (ended.state, ended.detail) == (CommandState.EXPIRED, "not-delivered")
    assert await answer(database, command, "command_result", "succeeded") == "late"
    late = await now_in_sql(database, command)
    assert (late.state, late.late_answer) == (CommandState.EXPIRED, "succeeded")
    assert await answer(database, command, "command_result", "succeeded") == "repeated"


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_jumps_executes_nothing_late_or_twice(
    database: Database, clock: Clock, hours: int
) -> None:
    """Promise 5: ±1 h. A jump ahead ends open commands; a jump back never brings an ended one to life."""
    await working_vehicles(database, 1)
    command = await queued(database)
    clock.advance(31)  # type: ignore[attr-defined]
    await CommandExpiry(database, clock).expire_once()
    clock.advance(hours * 3600)  # type: ignore[attr-defined]
    pending = SqlPendingCommands(database, clock)
    assert await pending.pending([1]) == []
    assert await answer(database, command, "command_ack", "accepted") == "late"
    ended = await now_in_sql(database, command)
    assert (ended.state, ended.late_answer) == (CommandState.EXPIRED, "accepted")


async def test_a_stop_waits_for_its_vehicle_and_its_release_overtakes_it(
    database: Database, clock: Clock
) -> None:
    """Promise 5: stop, cut, release, heal. What comes after the cut is the release alone."""
    await working_vehicles(database, 1)
    stop = await queued(database, CommandKind.EMERGENCY_STOP)
    clock.advance(86_400)  # type: ignore[attr-defined]
    pending = SqlPendingCommands(database, clock)
    assert [wire.command_id for wire in await pending.pending([1])] == [stop.command_id]
    release = await queued(database, CommandKind.RELEASE)
    assert release.stop_epoch > stop.stop_epoch
    assert [wire.command_id for wire in await pending.pending([1])] == [release.command_id]
    assert await CommandExpiry(database, clock).expire_once() == 1
    assert (await now_in_sql(database, stop)).detail == "superseded"
    async with database.read() as tx:
        vehicle = await VehicleStore(tx).get(ONE, EVERYTHING)
    assert (vehicle.is_held_by_stop, vehicle.stop_epoch) == (False, release.stop_epoch)


async def test_the_same_command_queued_twice_is_one_row_and_one_wake_up(database: Database) -> None:
    await working_vehicles(database, 1)
    first = await queued(database, command_id="c-1")
    assert await queued(database, command_id="c-1") == first
    async with database.read() as tx:
        assert await CommandStore(tx).of_vehicle(ONE, EVERYTHING) == [first]


async def test_what_follows_the_end_of_a_command_happens_in_its_transaction(database: Database) -> None:
    await working_vehicles(database, 1)
    command = await queued(database)
    ended: list[CommandState] = []

    async def note(tx: Transaction, command: Command, *, at: Any) -> None:
        ended.append(command.state)

    handler = AnswerHandler({CommandKind.PAUSE: note})
    body = {"commandId": command.command_id, "result": "rejected", "detail": "busy"}
    async with database.write() as tx:
        await handler(tx, a_report(1, "command_ack", body), at=AT)
    assert ended == [CommandState.REJECTED]
    assert (await now_in_sql(database, command)).detail == "busy"


async def test_a_plan_that_died_before_it_was_delivered_never_reaches_its_vehicle(
    database: Database, clock: Clock
) -> None:
    """Promise 6: cut A, give its task to B, heal A. A is sent nothing of the old plan."""
    await working_vehicles(database, 1)
    task = TaskId("task-1")
    waiting = await queued(database, task_id=task, epoch=1)
    taken = await queued(database, task_id=task, epoch=1)
    await answer(database, taken, "command_ack", "accepted")
    async with database.write() as tx:
        [withdrawn] = await withdraw_commands(tx, task, at=AT)
    assert (withdrawn.command_id, withdrawn.detail) == (waiting.command_id, "withdrawn")
    assert await SqlPendingCommands(database, clock).pending([1]) == []
    assert (await now_in_sql(database, taken)).state is CommandState.ACKNOWLEDGED
    assert await answer(database, waiting, "command_ack", "accepted") == "late"
    async with database.write() as tx:
        assert await withdraw_commands(tx, task, at=AT) == []


async def test_an_emergency_stop_calls_a_person_until_the_release(database: Database) -> None:
    await working_vehicles(database, 1)
    await queued(database, CommandKind.EMERGENCY_STOP, reason="有人跌倒")
    async with database.read() as tx:
        [alarm] = await AlarmStore(tx).page(EVERYTHING)
    assert (alarm.kind, alarm.is_cleared, alarm.details["reason"]) == (
        AlarmKind.EMERGENCY_STOP,
        False,
        "有人跌倒",
    )
    await queued(database, CommandKind.RELEASE)
    async with database.read() as tx:
        [alarm] = await AlarmStore(tx).page(EVERYTHING)
    assert alarm.is_cleared


async def test_commands_are_read_newest_first_within_the_reach(database: Database) -> None:
    await working_vehicles(database, 1)
    made = [await queued(database) for _ in range(3)]
    newest = sorted(made, key=lambda command: command.command_id, reverse=True)
    async with database.read() as tx:
        store = CommandStore(tx)
        page = await store.of_vehicle(ONE, EVERYTHING, limit=2)
        rest = await store.of_vehicle(ONE, EVERYTHING, before=Place(page[-1].issued_at, page[-1].command_id))
        assert page + rest == newest
        elsewhere = Reach(districts=frozenset({DistrictCode("DS")}))
        assert await store.of_vehicle(ONE, elsewhere) == []
        assert await store.of_ids([made[0].command_id], elsewhere) == []
        with pytest.raises(NotFound):
            await store.get(made[0].command_id, elsewhere)


@pytest.fixture
async def plain(valkey_url: str) -> AsyncIterator[Redis]:
    client = connect(valkey_url)
    yield client
    await client.aclose()


async def test_the_relay_carries_a_queued_command_to_the_gateways_stream(
    sqlite_database: Database, clock: Clock, plain: Redis
) -> None:
    await working_vehicles(sqlite_database, 1)
    command = await queued(sqlite_database)
    relay = Relay(
        sqlite_database, {TOPIC: CommandCarrier(sqlite_database, plain, clock)}, clock, holder="test"
    )
    assert await relay.carry_once() == 1
    entries: Any = await plain.xrange(keys.commands())
    [(_, fields)] = entries
    assert read_command(fields[FIELD_COMMAND]).command_id == command.command_id


async def test_the_relay_drops_a_command_that_is_late_by_then(
    sqlite_database: Database, clock: Clock, plain: Redis
) -> None:
    await working_vehicles(sqlite_database, 1)
    await queued(sqlite_database)
    clock.advance(60)  # type: ignore[attr-defined]
    relay = Relay(
        sqlite_database, {TOPIC: CommandCarrier(sqlite_database, plain, clock)}, clock, holder="test"
    )
    assert await relay.carry_once() == 1
    assert await plain.xlen(keys.commands()) == 0
