"""Remote operators on both databases: everybody under way is watched by name, or stops."""

import pytest

from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.errors import Conflict
from core.ids import StaffId, VehicleNo
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandKind
from fleet.people.duty import Bindings, ShiftState
from fleet.people.serve_duty import (
    heartbeat,
    my_duty,
    shifts_on_duty,
    sign_in_operator,
    sign_off_operator,
)
from fleet.people.store import ShiftStore
from fleet.people.watch_vehicles import VehicleWatch, bind_vehicle
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.move_duty import move_duty
from fleet.vehicles.store import VehicleStore
from tests.conftest import SettableClock
from tests.integration.fleet.builders import AT, a_principal, working_vehicles


def operator(name: str) -> Principal:
    return a_principal(Role.REMOTE_OPERATOR, id=StaffId(name), name=name)


async def send_out(database: Database, *numbers: int) -> None:
    for number in numbers:
        async with database.write() as tx:
            await move_duty(tx, VehicleNo(number), DutyEvent.SENT_TO_STOP, at=AT)


async def watched(database: Database) -> dict[int, str]:
    async with database.read() as tx:
        return {int(number): str(staff) for number, staff in (await ShiftStore(tx).bound()).items()}


async def test_signing_in_twice_is_one_shift_and_signing_off_ends_it(
    database: Database, clock: Clock
) -> None:
    first = await sign_in_operator(database, operator("ann"), clock)
    again = await sign_in_operator(database, operator("ann"), clock)
    assert first.shift.shift_id == again.shift.shift_id
    ended = await sign_off_operator(database, operator("ann"), clock)
    assert ended.state is ShiftState.SIGNED_OFF
    with pytest.raises(Conflict) as refusal:
        await heartbeat(database, operator("ann"), clock)
    assert refusal.value.code == "not-signed-in-for-duty"
    new = await sign_in_operator(database, operator("ann"), clock)
    assert new.shift.shift_id != first.shift.shift_id


async def test_vehicles_under_way_are_bound_and_let_go_when_they_are_home(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1, 2)
    await sign_in_operator(database, operator("ann"), clock)
    watch = VehicleWatch(database, clock)
    await send_out(database, 1, 2)
    await watch.keep_once()
    assert await watched(database) == {1: "ann", 2: "ann"}
    assert (await my_duty(database, operator("ann"))).vehicles == (1, 2)
    async with database.write() as tx:
        await move_duty(tx, VehicleNo(1), DutyEvent.TASK_ENDED, at=AT)
    await watch.keep_once()
    assert await watched(database) == {2: "ann"}
    async with database.read() as tx:
        [duty] = await shifts_on_duty(tx, EVERYTHING)
    assert duty.vehicles == (2,)


async def test_what_a_lost_operator_watched_goes_to_others_and_the_rest_stops_safely(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1, 2, 3, 4)
    await sign_in_operator(database, operator("ann"), clock)
    await send_out(database, 1, 2, 3)
    watch = VehicleWatch(database, clock)
    await watch.keep_once()
    await sign_in_operator(database, operator("bai"), clock, capacity=2)
    clock.advance(31)  # type: ignore[attr-defined]
    await heartbeat(database, operator("bai"), clock)
    plan = await watch.keep_once()
    assert (set(plan.ended), plan.unwatched) == ({1, 2, 3}, (3,))
    assert await watched(database) == {1: "bai", 2: "bai"}
    async with database.read() as tx:
        [stop] = await CommandStore(tx).open_of([VehicleNo(3)])
        [alarm] = await AlarmStore(tx).page(EVERYTHING)
        third = await VehicleStore(tx).get(VehicleNo(3), EVERYTHING)
    assert (stop.kind, stop.requester, third.is_held_by_stop) == (CommandKind.SAFE_STOP, "system", True)
    assert (alarm.kind, alarm.vehicle_no) == (AlarmKind.NOBODY_WATCHES, 3)
    await watch.keep_once()
    async with database.read() as tx:
        assert len(await CommandStore(tx).open_of([VehicleNo(3)])) == 1, "one stop is enough"
    back = await heartbeat(database, operator("ann"), clock)
    assert back.shift.state is ShiftState.ON_DUTY
    await watch.keep_once()
    assert await watched(database) == {1: "bai", 2: "bai", 3: "ann"}
    async with database.read() as tx:
        [alarm] = await AlarmStore(tx).page(EVERYTHING)
    assert alarm.is_cleared


async def test_work_is_given_only_with_an_operator_who_has_room(database: Database, clock: Clock) -> None:
    vehicles = await working_vehicles(database, 1, 2, 3, 4)
    await sign_in_operator(database, operator("ann"), clock)
    for vehicle in vehicles[:3]:
        async with database.write() as tx:
            assert await bind_vehicle(tx, vehicle, clock) == "ann"
    async with database.write() as tx:
        assert await bind_vehicle(tx, vehicles[0], clock) == "ann"
    with pytest.raises(Conflict) as refusal:
        async with database.write() as tx:
            await bind_vehicle(tx, vehicles[3], clock)
    assert refusal.value.code == "operator-full"


async def test_a_quiet_city_writes_nothing(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    await sign_in_operator(database, operator("ann"), clock)
    watch = VehicleWatch(database, clock)
    await send_out(database, 1)
    await watch.keep_once()
    async with database.read() as tx:
        before = await VehicleStore(tx).get(VehicleNo(1), EVERYTHING)
    assert await watch.keep_once() == type(await watch.keep_once())()
    async with database.read() as tx:
        assert await VehicleStore(tx).get(VehicleNo(1), EVERYTHING) == before


async def test_after_a_start_operators_get_time_to_be_heard_before_vehicles_stop(
    sqlite_database: Database, clock: SettableClock
) -> None:
    await working_vehicles(sqlite_database, 1)
    await send_out(sqlite_database, 1)
    watch = VehicleWatch(sqlite_database, clock, start_grace_s=60)
    assert await watch.keep_once() == Bindings()
    clock.advance(61)
    assert (await watch.keep_once()).unwatched == (VehicleNo(1),)


async def test_an_operator_at_the_limit_gets_nothing_more_keeps_what_he_has_and_rests_afterwards(
    database: Database, clock: SettableClock
) -> None:
    await working_vehicles(database, 1, 2)
    await sign_in_operator(database, operator("ann"), clock)
    watch = VehicleWatch(database, clock)
    await send_out(database, 1)
    await watch.keep_once()
    clock.advance(4 * 3600)
    await heartbeat(database, operator("ann"), clock)
    await send_out(database, 2)
    assert (await watch.keep_once()).unwatched == (2,)
    assert await watched(database) == {1: "ann"}
    await sign_off_operator(database, operator("ann"), clock)
    clock.advance(19 * 60)
    with pytest.raises(Conflict) as refusal:
        await sign_in_operator(database, operator("ann"), clock)
    assert refusal.value.code == "rest-needed"
    clock.advance(60)
    assert (await sign_in_operator(database, operator("ann"), clock)).shift.capacity == 3
