"""Vehicles without a task: charge, go home, drive rounds, and never in the way of an order."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from core.ids import VehicleNo
from core.kinds import ServiceKind
from core.queue import WorkerContext
from core.settings import load
from fleet.links.wire.commands import CommandKind, ReturnToDepot
from fleet.people.watch_vehicles import VehicleWatch
from fleet.vehicles.kinds import Condition
from fleet.vehicles.last_heard import LastHeard
from services.charging.store import ChargerStore
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.jobs import dispatch_zone
from services.dispatch.settle_idle import HOME_AGAIN_AFTER, RESTS_TIMES, SETTLED_FOR_S, IdleKeeper
from services.tasks.states import StopKind, TaskKind
from tests.integration.services.orders.town import CITY, KB, Listener, Town, later
from tests.integration.services.patrol.patrolling import Patrol


async def test_a_vehicle_with_little_battery_goes_to_the_charger_and_is_free_again_when_full(
    town: Town,
) -> None:
    await town.add_vehicle(7, battery_ratio=0.3)
    assert await town.idle.settle(KB) == {"charge": 1}
    vehicle = town.script(7)
    plan = await vehicle.take_plan()
    assert (plan.kind, [stop.kind for stop in plan.stops]) == ("charging", ["charge"])
    assert await vehicle.reach(StopKind.CHARGE) == "applied"
    assert (await town.round())["waiting"] == 0
    await vehicle.leave(StopKind.CHARGE)
    assert await vehicle.done() == "applied"
    assert await town.task_of(7) is None


async def test_a_charger_with_one_bay_takes_one_vehicle(town: Town) -> None:
    await town.add_vehicle(7, battery_ratio=0.3)
    await town.add_vehicle(8, battery_ratio=0.3)
    assert await town.idle.settle(KB) == {"charge": 1, "queued": 1}
    assert await town.idle.settle(KB) == {"queued": 1}, "who waits keeps its place and gets no second one"
    async with town.database.read() as tx:
        assert len(await ChargerStore(tx).living([KB])) == 2


async def test_an_idle_delivery_vehicle_is_sent_home_once(town: Town) -> None:
    await town.add_vehicle(7)
    assert await town.idle.settle(KB) == {"go_home": 1}
    [command] = await town.commands(7, CommandKind.RETURN_TO_DEPOT)
    body = msgspec.json.decode(bytes(command.body), type=ReturnToDepot)
    assert (body.lat, body.lng) == (39.59, 109.78)
    assert await town.idle.settle(KB) == {}
    taken = {"commandId": command.command_id, "result": "accepted"}
    came = {"commandId": command.command_id, "result": "succeeded"}
    assert await town.say(7, "command_ack", taken, task_id=None, epoch=None) == "applied"
    assert await town.say(7, "command_result", came, task_id=None, epoch=None) == "applied"
    town.listener.says(7, lat=39.59, lng=109.78, measured_at=town.now)
    assert await town.idle.settle(KB) == {}


async def test_a_vehicle_that_says_it_went_home_and_stands_elsewhere_is_not_told_every_second(
    town: Town,
) -> None:
    await town.add_vehicle(7)
    for _ in range(2):
        assert await town.idle.settle(KB) == {"go_home": 1}
        [command] = await town.commands(7, CommandKind.RETURN_TO_DEPOT)
        for kind, result in (("command_ack", "accepted"), ("command_result", "succeeded")):
            said = {"commandId": command.command_id, "result": result}
            assert await town.say(7, kind, said, task_id=None, epoch=None) == "applied"
        assert await town.idle.settle(KB) == {}
        assert await town.commands(7, CommandKind.RETURN_TO_DEPOT) == [], "nothing new"
        later(town, HOME_AGAIN_AFTER.total_seconds() + 1)
        town.listener.says(7, measured_at=town.now)


async def test_a_zone_is_not_settled_after_every_order_of_a_rush(town: Town, tmp_path: Path) -> None:
    context = WorkerContext(
        settings=load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)}),
        database=town.database,
        clock=town.clock,
        queue=cast(Any, None),
        parts={ZoneDispatcher: town.dispatcher, IdleKeeper: town.idle},
    )
    await town.add_vehicle(8, battery_ratio=0.13, condition=Condition.CHARGING, is_charging=True)
    await dispatch_zone(context, KB)
    await town.add_vehicle(9, service=ServiceKind.VENDING, battery_ratio=0.2)
    await town.order()
    in_a_rush = await dispatch_zone(context, KB)
    assert in_a_rush["waiting"] == 1
    assert in_a_rush.keys() == {"waiting", "assigned", "lost", "unserved", "runs"}
    later(town, SETTLED_FOR_S + 1)
    town.listener.says(9, measured_at=town.now)
    settled = await dispatch_zone(context, KB)
    assert settled["waiting"] == 1
    assert settled.keys() - in_a_rush.keys(), settled


async def test_a_zone_that_takes_long_to_settle_is_left_alone_for_longer(town: Town) -> None:
    class Slow(Listener):
        async def last_heard(self, numbers: Collection[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:
            later(town, SETTLED_FOR_S)
            return await super().last_heard(numbers)

    fleet = FleetPicture(town.database, Slow(), town.clock, zone=CITY, fence_set=lambda: 1)
    keeper = IdleKeeper(town.database, town.clock, fleet, town.ways, {})
    await keeper.settle(KB)
    later(town, SETTLED_FOR_S * RESTS_TIMES - 1)
    assert not keeper.is_due(KB)
    later(town, 1)
    assert keeper.is_due(KB)


async def test_a_vehicle_on_its_way_home_takes_an_order(town: Town) -> None:
    await town.add_vehicle(7)
    await town.idle.settle(KB)
    await town.order()
    assert (await town.round())["assigned"] == 1


async def test_nobody_is_sent_home_while_orders_wait(town: Town) -> None:
    await town.add_vehicle(7, battery_ratio=0.5)
    # a parcel that fits no free vehicle keeps waiting
    await town.add_vehicle(8, battery_ratio=0.13, condition=Condition.CHARGING, is_charging=True)
    await town.order()
    await town.round()
    await town.order()
    assert await town.idle.settle(KB) == {}


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        (ServiceKind.VENDING, TaskKind.VENDING_ROUND),
    ],
    ids=str,
)
async def test_a_vending_vehicle_drives_rounds_of_visits(
    town: Town, service: ServiceKind, kind: TaskKind
) -> None:
    await town.add_vehicle(9, service=service)
    assert await town.idle.settle(KB) == {"round": 1}
    vehicle = town.script(9)
    plan = await vehicle.take_plan()
    assert (plan.kind, plan.service) == (kind.value, service.value)
    assert [stop.kind for stop in plan.stops] == ["visit"] * 5
    assert len({(stop.lat, stop.lng) for stop in plan.stops}) == 5
    first = {stop.stop_id for stop in plan.stops}
    assert await vehicle.done() == "applied"
    assert await town.idle.settle(KB) == {"round": 1}
    again = await town.script(9).take_plan()
    assert first.isdisjoint(stop.stop_id for stop in again.stops)


async def test_rounds_leave_operators_free_for_deliveries_and_take_turns(town: Town) -> None:
    # three operators watch nine vehicles; five standing delivery vehicles keep five places
    for number in range(1, 6):
        await town.add_vehicle(number, lat=39.59, lng=109.78)
    for number in range(11, 18):
        await town.add_vehicle(number, service=ServiceKind.VENDING)
    assert await town.idle.settle(KB) == {"round": 4}
    on_round = [number for number in range(11, 18) if await town.task_of(number)]
    vehicle = town.script(on_round[0])
    await vehicle.take_plan()
    await vehicle.done()
    await town.operators_stay()
    before = set(on_round)
    await VehicleWatch(town.database, town.clock).keep_once()
    assert await town.idle.settle(KB) == {"round": 1}
    after = {number for number in range(11, 18) if await town.task_of(number)}
    assert len(after - before) == 1


async def test_every_plan_is_for_the_speed_that_the_vehicle_may_drive(town: Town) -> None:
    # the roads allow 5 m/s and the permits of these vehicles 15 km/h
    own_mps = 15 / 3.6
    await town.add_vehicle(7)
    await town.add_vehicle(9, service=ServiceKind.VENDING)
    await town.idle.settle(KB)
    plan = await town.script(9).take_plan()
    assert {limit.speed_mps for stop in plan.stops for limit in stop.limits} == {own_mps}
    assert [stop.expected_s for stop in plan.stops] == [
        pytest.approx(stop.length_m / own_mps) for stop in plan.stops
    ]
    order = await town.order()
    await town.round()
    delivery = await town.script(7).take_plan()
    assert {limit.speed_mps for stop in delivery.stops for limit in stop.limits} == {own_mps}
    eta = (await town.read(order.order_id)).eta_at
    assert eta is not None
    assert eta <= order.promised_p90_at


async def test_a_few_patrol_vehicles_drive_beside_many_vending_vehicles(town: Town) -> None:
    for number in range(11, 21):
        await town.add_vehicle(number, service=ServiceKind.VENDING)
    for number in (201, 202):
        await town.add_vehicle(number, service=ServiceKind.PATROL)
        await Patrol(town).start()
    assert await town.idle.settle(KB) == {"round": 9}
    assert [await town.task_of(number) is not None for number in (201, 202)] == [True, True]


async def test_a_vehicle_that_refused_a_plan_is_not_asked_again_at_once(town: Town) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    await town.round()
    await town.script(7).take_plan("rejected")
    assert (await town.round())["unserved"] == 1
    assert (await town.read(order.order_id)).reason == "all_excluded"
    town.clock.advance(130)
    await town.operators_stay()
    town.listener.says(7, measured_at=town.now)
    assert (await town.round())["assigned"] == 1


async def test_without_an_operator_on_duty_nobody_moves(town: Town) -> None:
    await town.add_vehicle(7)
    await town.add_vehicle(9, service=ServiceKind.VENDING)
    town.clock.advance(60)
    assert await town.idle.settle(KB) == {"not_settled": 1}
    assert await town.task_of(9) is None
