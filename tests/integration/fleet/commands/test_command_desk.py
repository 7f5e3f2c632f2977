"""A person at the command desk: checked, recorded, audited; a stop leaves before SQL answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, insert, select

from core import keys
from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.idempotency import StoredAnswer
from core.ids import VehicleNo
from core.inbox import inbox
from core.inbox_consumer import InboxConsumer
from core.redis import Redis, connect
from fleet.commands.command import Command
from fleet.commands.issue_command import CommandDesk, CommandWish
from fleet.commands.kinds import CommandState
from fleet.commands.possible import Situation
from fleet.commands.store import CommandStore
from fleet.commands.take_answer import UNKNOWN_COMMAND, AnswerHandler
from fleet.links.outgoing import push_at_once, read_command
from fleet.links.wire.commands import (
    CommandBody,
    CommandKind,
    ReturnToDepot,
)
from fleet.links.wire.messages import Command as WireCommand
from fleet.vehicles.directory import Directory
from fleet.vehicles.kinds import Connection, ControlMode
from fleet.vehicles.vehicle import Vehicle
from tests.integration.fleet.builders import a_principal, a_report, working_vehicles

ONE = VehicleNo(1)
ONLINE = Situation(connection=Connection.ONLINE, control_mode=ControlMode.AUTONOMOUS, has_task=True)


@pytest.fixture
async def plain(valkey_url: str) -> AsyncIterator[Redis]:
    client = connect(valkey_url)
    yield client
    await client.aclose()


class Desk:
    """A command desk whose pushes are kept."""

    def __init__(self, database: Database, clock: Clock, situation: Situation = ONLINE) -> None:
        self.pushed: list[WireCommand] = []
        self.directory = Directory(database)

        async def push(command: WireCommand) -> int:
            self.pushed.append(command)
            return 1

        async def situate(tx: Transaction, vehicle: Vehicle) -> Situation:
            return situation

        async def plan(tx: Transaction, vehicle: Vehicle, params: bytes, *, at: Any) -> CommandBody:
            return ReturnToDepot(lat=39.6, lng=109.8, polyline6="", length_m=0, expected_s=0)

        self.desk = CommandDesk(
            database, clock, self.directory, push, situate, {CommandKind.RETURN_TO_DEPOT: plan}
        )

    async def ask(
        self, kind: CommandKind, *, role: Role = Role.DISPATCHER, key: str = "k-1", **changes: Any
    ) -> StoredAnswer:
        values: dict[str, Any] = {
            "vehicle_no": ONE,
            "kind": kind,
            "reason": "现场有行人",
            "params": b"{}",
            "idempotency_key": key,
            "request_hash": f"{kind}:{changes}",
        }
        principal = changes.pop("principal", a_principal(role))
        return await self.desk.issue(principal, CommandWish(**{**values, **changes}), render)


def render(command: Command) -> bytes:
    return msgspec.json.encode({"commandId": command.command_id, "stopEpoch": command.stop_epoch})


async def test_a_dispatcher_pauses_a_vehicle_and_the_audit_says_why(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    desk = Desk(database, clock)
    given = await desk.ask(CommandKind.PAUSE)
    assert (given.status, await desk.ask(CommandKind.PAUSE)) == (202, given)
    async with database.read() as tx:
        [command] = await CommandStore(tx).of_vehicle(ONE, EVERYTHING)
        query = select(audit_entries).where(audit_entries.c.action == "vehicle.commanded")
        [entry] = (await tx.execute(query)).all()
    assert (command.requester, command.reason) == ("staff-1", "现场有行人")
    assert (entry.reason, entry.object) == ("现场有行人", "vehicle:1")
    assert given.location == f"/api/commands/{command.command_id}"
    assert desk.pushed == []


async def test_the_same_key_with_another_wish_is_refused(sqlite_database: Database, clock: Clock) -> None:
    await working_vehicles(sqlite_database, 1)
    desk = Desk(sqlite_database, clock)
    await desk.ask(CommandKind.PAUSE)
    with pytest.raises(Conflict) as refusal:
        await desk.ask(CommandKind.RESUME)
    assert refusal.value.code == "idempotency-key-reused"


async def test_an_emergency_stop_is_pushed_with_the_id_and_epoch_that_sql_keeps(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    desk = Desk(database, clock)
    first = await desk.ask(CommandKind.EMERGENCY_STOP)
    again = await desk.ask(CommandKind.EMERGENCY_STOP)
    assert first == again
    async with database.read() as tx:
        [command] = await CommandStore(tx).of_vehicle(ONE, EVERYTHING)
    assert {wire.command_id for wire in desk.pushed} == {command.command_id}
    assert desk.pushed[0].stop_epoch == command.stop_epoch
    assert desk.pushed[0].expires_at_ms is None


async def test_an_emergency_stop_leaves_while_the_database_is_locked(
    sqlite_database: Database, clock: Clock, plain: Redis
) -> None:
    await working_vehicles(sqlite_database, 1)
    desk = Desk(sqlite_database, clock)
    await desk.directory.refresh()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with plain.pubsub(ignore_subscribe_messages=True) as subscriber:
        await subscriber.subscribe(keys.emergency())
        await subscriber.get_message(timeout=1)
        desk.desk._push = lambda command: push_at_once(plain, command)
        async with sqlite_database.write():
            asking = asyncio.create_task(desk.ask(CommandKind.EMERGENCY_STOP))
            message = await subscriber.get_message(timeout=2)
            assert message is not None
            heard.put_nowait(message["data"])
            assert not asking.done()
        answer = await asking
    assert read_command(heard.get_nowait()).command_id == msgspec.json.decode(answer.body)["commandId"]


async def test_answers_that_come_before_a_pushed_stop_is_recorded_are_handled_after_it(
    database: Database, clock: Clock
) -> None:
    """The stop leaves before SQL answers: on a crowded machine a vehicle stands and says so before that."""
    await working_vehicles(database, 1)
    desk = Desk(database, clock)
    kinds = ("command_ack", "command_result")
    consumer = InboxConsumer(database, dict.fromkeys(kinds, AnswerHandler()), clock)
    record = desk.desk._record

    async def record_late(*words: Any, **changes: Any) -> StoredAnswer:
        [stop] = desk.pushed
        answers = [*zip(kinds, ("accepted", "succeeded"), (stop.command_id,) * 2, strict=True)]
        answers.append(("command_ack", "accepted", "another"))
        async with database.write() as tx:
            for seq, (kind, result, command_id) in enumerate(answers, 1):
                body = {"commandId": command_id, "result": result}
                report = a_report(1, kind, body, seq=seq, at=clock.now())
                await tx.execute(insert(inbox).values(msgspec.structs.asdict(report)))
        assert await consumer.consume_once() == len(answers)
        return await record(*words, **changes)

    desk.desk._record = record_late  # type: ignore[method-assign]
    await desk.ask(CommandKind.EMERGENCY_STOP)
    assert await consumer.consume_once() == 2
    async with database.read() as tx:
        [command] = await CommandStore(tx).of_vehicle(ONE, EVERYTHING)
        outcomes = list((await tx.execute(select(inbox.c.outcome).order_by(inbox.c.report_seq))).scalars())
    assert (command.state, outcomes) == (CommandState.SUCCEEDED, ["applied", "applied", UNKNOWN_COMMAND])


async def test_a_stop_that_sql_could_not_take_says_that_it_was_sent(
    sqlite_database: Database, impatient_database: Database, clock: Clock
) -> None:
    await working_vehicles(sqlite_database, 1)
    desk = Desk(impatient_database, clock)
    await desk.directory.refresh()
    async with sqlite_database.write():
        with pytest.raises(Unavailable) as outage:
            await desk.ask(CommandKind.EMERGENCY_STOP)
    assert outage.value.fields["sent_to_gateways"] == 1
    answer = await desk.ask(CommandKind.EMERGENCY_STOP)
    assert {wire.command_id for wire in desk.pushed} == {msgspec.json.decode(answer.body)["commandId"]}


@pytest.mark.parametrize(
    ("kind", "changes", "error"),
    [
        (CommandKind.PAUSE, {"reason": "  "}, Invalid),
        (CommandKind.PAUSE, {"reason": "x" * 501}, Invalid),
        (CommandKind.PAUSE, {"key": ""}, Invalid),
        (CommandKind.PAUSE, {"params": b'{"unknown": 1}'}, Invalid),
        (CommandKind.SPEAK, {"params": b"{}"}, Invalid),
        (CommandKind.PAUSE, {"role": Role.CREW}, Forbidden),
        (CommandKind.PAUSE, {"role": Role.SUPERVISOR}, Forbidden),
        (CommandKind.EMERGENCY_STOP, {"role": Role.AGENCY}, Forbidden),
        (CommandKind.EMERGENCY_STOP, {"vehicle_no": VehicleNo(9)}, NotFound),
        (CommandKind.PAUSE, {"vehicle_no": VehicleNo(9)}, NotFound),
        (
            CommandKind.ASSIGN_TASK,
            {"params": b'{"taskId":"t","epoch":1,"kind":"d","service":"d","stops":[]}'},
            Conflict,
        ),
        (CommandKind.REROUTE, {}, Conflict),
        (CommandKind.RELEASE, {}, Conflict),
    ],
)
async def test_what_may_not_be_is_refused_and_leaves_nothing(
    sqlite_database: Database,
    clock: Clock,
    kind: CommandKind,
    changes: dict[str, Any],
    error: type[Exception],
) -> None:
    await working_vehicles(sqlite_database, 1)
    desk = Desk(sqlite_database, clock)
    with pytest.raises(error):
        await desk.ask(kind, **changes)
    assert desk.pushed == []
    async with sqlite_database.read() as tx:
        assert await CommandStore(tx).recent(EVERYTHING) == []
        assert await tx.scalar(select(func.count()).where(audit_entries.c.action == "vehicle.commanded")) == 0


async def test_a_foreign_operator_cannot_stop_a_vehicle(sqlite_database: Database, clock: Clock) -> None:
    await working_vehicles(sqlite_database, 1)
    desk = Desk(sqlite_database, clock)
    stranger = a_principal(operator="op-b")
    for kind in (CommandKind.EMERGENCY_STOP, CommandKind.PAUSE):
        with pytest.raises(NotFound):
            await desk.ask(kind, principal=stranger)
    assert desk.pushed == []


async def test_a_command_to_a_vehicle_out_of_reach_says_why_it_is_not_possible(
    sqlite_database: Database, clock: Clock
) -> None:
    await working_vehicles(sqlite_database, 1)
    away = Situation(connection=Connection.OFFLINE, control_mode=None, has_task=False)
    desk = Desk(sqlite_database, clock, away)
    with pytest.raises(Conflict) as refusal:
        await desk.ask(CommandKind.PAUSE)
    assert refusal.value.fields["reasons"] == ["link_down", "no_task"]
    assert (await desk.ask(CommandKind.SAFE_STOP, key="k-2")).status == 202


async def test_a_planned_command_gets_its_body_from_the_planner(
    sqlite_database: Database, clock: Clock
) -> None:
    await working_vehicles(sqlite_database, 1)
    desk = Desk(sqlite_database, clock)
    await desk.ask(CommandKind.RETURN_TO_DEPOT)
    async with sqlite_database.read() as tx:
        [command] = await CommandStore(tx).of_vehicle(ONE, EVERYTHING)
    assert msgspec.json.decode(command.body)["lat"] == 39.6
