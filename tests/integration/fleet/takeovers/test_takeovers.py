"""The intervention queue on both databases: asked once, claimed by one, handed over, never forgotten."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, Invalid
from core.ids import StaffId, VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind, AlarmState, Severity
from fleet.alarms.store import AlarmStore
from fleet.people.serve_duty import sign_in_operator
from fleet.people.store import ShiftStore
from fleet.takeovers.follow_alarm import TakeoverFollower
from fleet.takeovers.kinds import TakeoverMode, TakeoverState
from fleet.takeovers.store import TakeoverStore
from fleet.takeovers.takeover import Takeover
from fleet.takeovers.watch_takeovers import OPERATOR_LOST, TakeoverWatch
from fleet.takeovers.work_takeover import begin, claim, hand_over, resolve
from tests.integration.fleet.builders import AT, a_principal, working_vehicles


def operator(name: str) -> Principal:
    return a_principal(Role.REMOTE_OPERATOR, id=StaffId(name), name=name)


ANN, BEN = operator("ann"), operator("ben")


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


async def on_duty(database: Database, clock: Any, *people: Principal) -> None:
    for person in people:
        await sign_in_operator(database, person, clock)


async def signal(database: Database, clock: Any, *signals: AlarmRaised | AlarmCleared) -> None:
    await AlarmSink(database).put(signals)
    await AlarmFollowUp(database, clock, [TakeoverFollower(clock)]).work_once()


def raised(number: int, kind: AlarmKind = AlarmKind.TAKEOVER_REQUESTED, second: float = 0) -> AlarmRaised:
    return AlarmRaised(
        vehicle_no=VehicleNo(number), kind=kind, at=later(second), details={"reason": "construction"}
    )


async def queue_of(database: Database) -> list[Takeover]:
    async with database.read() as tx:
        return await TakeoverStore(tx).queue(EVERYTHING)


async def wrote[T](database: Database, write: Callable[[Transaction], Coroutine[Any, Any, T]]) -> T:
    async with database.write() as tx:
        return await write(tx)


async def test_causes_of_one_vehicle_are_one_session_that_one_operator_takes_and_resolves(
    database: Database, clock: Any
) -> None:
    await working_vehicles(database, 1, 2)
    await on_duty(database, clock, ANN, BEN)
    await signal(database, clock, raised(1), raised(1, AlarmKind.STUCK, 2), raised(2, second=5))
    await signal(database, clock, raised(1, AlarmKind.NO_GO_ENTRY, 9))
    first, second = await queue_of(database)
    assert (first.vehicle_no, first.severity, first.cause) == (1, Severity.CRITICAL, AlarmKind.NO_GO_ENTRY)
    assert (second.vehicle_no, second.reason, second.state) == (2, "construction", TakeoverState.REQUESTED)
    await wrote(database, lambda tx: claim(tx, ANN, first.takeover_id, clock))
    with pytest.raises(Conflict):
        await wrote(database, lambda tx: claim(tx, BEN, first.takeover_id, clock))
    with pytest.raises(Forbidden):
        await wrote(database, lambda tx: begin(tx, BEN, first.takeover_id, TakeoverMode.ASSIST, at=AT))
    async with database.read() as tx:
        alarms = await AlarmStore(tx).page(EVERYTHING)
    assert {alarm.state for alarm in alarms if alarm.vehicle_no == 1} == {AlarmState.ACKNOWLEDGED}
    await wrote(database, lambda tx: begin(tx, ANN, first.takeover_id, TakeoverMode.ASSIST, at=later(30)))
    with pytest.raises(Invalid):
        await wrote(database, lambda tx: resolve(tx, ANN, first.takeover_id, " ", at=later(40)))
    done = await wrote(database, lambda tx: resolve(tx, ANN, first.takeover_id, "选了左侧路径", at=later(60)))
    assert (done.state, done.waited_s(later(99))) == (TakeoverState.RESOLVED, 30)
    assert [one.vehicle_no for one in await queue_of(database)] == [2]


async def test_a_session_is_offered_to_the_operator_who_watches_the_vehicle(
    database: Database, clock: Any
) -> None:
    [vehicle] = await working_vehicles(database, 1)
    await on_duty(database, clock, ANN, BEN)
    async with database.write() as tx:
        shift = await ShiftStore(tx).of_person(StaffId(ANN.id))
        assert shift is not None
        await ShiftStore(tx).bind(vehicle.vehicle_no, shift, at=AT)
    await signal(database, clock, raised(1))
    [offered] = await queue_of(database)
    assert (offered.state, offered.offered_to) == (TakeoverState.OFFERED, "ann")
    with pytest.raises(Conflict):
        await wrote(database, lambda tx: claim(tx, BEN, offered.takeover_id, clock))
    clock.advance(15)
    taken = await wrote(database, lambda tx: claim(tx, BEN, offered.takeover_id, clock))
    assert taken.claimed_by == "ben"
    with pytest.raises(Conflict) as refused:
        await wrote(database, lambda tx: claim(tx, operator("nobody"), offered.takeover_id, clock))
    assert refused.value.code == "not-signed-in-for-duty"


async def test_it_expires_with_its_causes_while_it_waits_and_not_while_somebody_helps(
    database: Database, clock: Any
) -> None:
    await working_vehicles(database, 1)
    await on_duty(database, clock, ANN)
    await signal(database, clock, raised(1), raised(1, AlarmKind.STUCK))
    gone = [AlarmCleared(vehicle_no=VehicleNo(1), kind=kind, at=later(20)) for kind in
            (AlarmKind.TAKEOVER_REQUESTED, AlarmKind.STUCK)]  # fmt: skip
    await signal(database, clock, gone[0])
    assert len(await queue_of(database)) == 1
    await signal(database, clock, gone[1])
    assert await queue_of(database) == []
    await signal(database, clock, raised(1, second=30))
    [again] = await queue_of(database)
    await wrote(database, lambda tx: claim(tx, ANN, again.takeover_id, clock))
    await wrote(database, lambda tx: begin(tx, ANN, again.takeover_id, TakeoverMode.DRIVE, at=later(40)))
    moved = AlarmCleared(vehicle_no=VehicleNo(1), kind=AlarmKind.TAKEOVER_REQUESTED, at=later(50))
    await signal(database, clock, moved)
    assert [one.state for one in await queue_of(database)] == [TakeoverState.ACTIVE]


async def test_what_an_operator_leaves_goes_to_the_others_in_its_turn(database: Database, clock: Any) -> None:
    await working_vehicles(database, 1, 2)
    await on_duty(database, clock, ANN)
    await signal(database, clock, raised(1), raised(2, second=1))
    first, second = await queue_of(database)
    watch = TakeoverWatch(database, clock)
    for one in (first, second):
        await wrote(database, lambda tx, one=one: claim(tx, ANN, one.takeover_id, clock))  # type: ignore[misc]
    await wrote(database, lambda tx: begin(tx, ANN, first.takeover_id, TakeoverMode.ASSIST, at=AT))
    after = await wrote(database, lambda tx: hand_over(tx, ANN, first.takeover_id, "换班", clock))
    assert (after.follows, after.requested_at, after.reason) == (first.takeover_id, AT, "换班")
    assert await watch.look_once() == 0
    await wrote(database, lambda tx: claim(tx, ANN, after.takeover_id, clock))
    await wrote(database, lambda tx: begin(tx, ANN, after.takeover_id, TakeoverMode.ASSIST, at=AT))
    clock.advance(61)
    assert await watch.look_once() == 2, "one claim lapsed, and the operator is lost"
    assert await watch.look_once() == 0
    front, behind = await queue_of(database)
    assert (front.vehicle_no, front.state, front.reason) == (1, TakeoverState.REQUESTED, OPERATOR_LOST)
    assert (behind.vehicle_no, behind.state, behind.claimed_by) == (2, TakeoverState.REQUESTED, None)
    await signal(database, clock, AlarmCleared(vehicle_no=VehicleNo(1), kind=raised(1).kind, at=later(90)))
    assert [one.vehicle_no for one in await queue_of(database)] == [2]
