"""Several orders on one vehicle: given together, each with a box and a life of its own."""

from typing import Any

import msgspec
import pytest

from core.auth.principal import EVERYTHING
from core.ids import GoodsId, OrderId, PickupPointId
from fleet.links.wire.commands import CommandKind, Reroute
from services.delivery.catalogue import PickupPoint
from services.delivery.store import CatalogueStore
from services.dispatch.store import Decision, DecisionStore
from services.orders.cancel_order import cancel_order
from services.orders.draft import DraftLine
from services.orders.order import Order
from services.orders.states import OrderState as S
from services.tasks.states import StopKind, StopState, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import KB, Town

OTHER_DOOR = PickupPointId("p-2")


async def two_on_one(town: Town) -> tuple[Order, Order, ScriptedVehicle]:
    """Milk to the east gate and a large parcel to the west gate; one vehicle, which took the plan."""
    async with town.database.write() as tx:
        await CatalogueStore(tx).put_pickup_point(
            PickupPoint(
                pickup_point_id=OTHER_DOOR,
                district=KB,
                name_zh="示例小区西门",
                name_en="Sample Compound, west gate",
                lat=39.6,
                lng=109.802,
            )
        )
    await town.add_vehicle(7)
    milk = await town.order()
    parcel = await town.order(
        lines=(DraftLine(goods_id=GoodsId("g-parcel"), quantity=1),), pickup_point_id=OTHER_DOOR
    )
    counts = await town.round()
    assert (counts["assigned"], counts["runs"]) == (2, 1)
    vehicle = town.script(7)
    await vehicle.take_plan()
    return await town.read(milk.order_id), await town.read(parcel.order_id), vehicle


async def decision(town: Town, order: Order) -> Decision:
    async with town.database.read() as tx:
        return (await DecisionStore(tx).of_order(order.order_id))[0]


async def the_task(town: Town, order: Order) -> Task:
    assert order.task_id is not None
    async with town.database.read() as tx:
        return await TaskStore(tx).get(order.task_id, EVERYTHING)


async def load(vehicle: ScriptedVehicle, order: Order) -> str:
    return await vehicle.say("goods_loaded", {"orderId": order.order_id, "compartment": order.compartment})


async def at(vehicle: ScriptedVehicle, kind: StopKind, order: Order | None = None) -> Any:
    """Let the vehicle reach its first stop of a kind (for an order) and return the stop of its plan."""
    assert vehicle.plan is not None
    stop = next(
        stop
        for stop in vehicle.plan.stops
        if stop.kind == kind.value and (order is None or order.order_id in {o.order_id for o in stop.orders})
    )
    await vehicle.say("stop_reached", {"stopId": stop.stop_id, "lat": stop.lat, "lng": stop.lng})
    return stop


async def leave(vehicle: ScriptedVehicle, stop: Any) -> None:
    await vehicle.say("stop_left", {"stopId": stop.stop_id, "reason": "done"})


async def take_out(vehicle: ScriptedVehicle, order: Order) -> str:
    box = {"orderId": order.order_id, "compartment": order.compartment}
    await vehicle.say("door_opened", {**box, "by": "keypad", "generation": 1})
    return await vehicle.say("door_closed", {**box, "isEmpty": True})


async def test_two_orders_ride_together_each_in_its_box_and_are_collected_one_after_the_other(
    any_town: Town,
) -> None:
    milk, parcel, vehicle = await two_on_one(any_town)
    assert milk.task_id == parcel.task_id is not None
    assert milk.compartment != parcel.compartment
    task = await the_task(any_town, milk)
    assert [stop.kind for stop in task.stops] == [
        StopKind.LOAD,
        StopKind.HANDOVER,
        StopKind.HANDOVER,
        StopKind.HANDOVER,
        StopKind.HANDOVER,
        StopKind.RETURN,
    ], "a second try for each, at the other's door, comes last"
    assert set(task.stops[0].orders) == set(task.stops[-1].orders) == {milk.order_id, parcel.order_id}
    shop = await at(vehicle, StopKind.LOAD)
    assert await load(vehicle, milk) == await load(vehicle, parcel) == "applied"
    await leave(vehicle, shop)
    gate = await at(vehicle, StopKind.HANDOVER, milk)
    states = [(await any_town.read(each.order_id)).state for each in (milk, parcel)]
    assert states == [S.ARRIVED, S.IN_TRANSIT], "only the milk's recipient is called to the vehicle"
    assert await take_out(vehicle, milk) == "applied"
    await leave(vehicle, gate)
    gate = await at(vehicle, StopKind.HANDOVER, parcel)
    assert await take_out(vehicle, parcel) == "applied"
    await leave(vehicle, gate)
    assert await vehicle.done() == "applied"
    states = [(await any_town.read(each.order_id)).state for each in (milk, parcel)]
    assert states == [S.DELIVERED, S.DELIVERED]
    assert (await the_task(any_town, milk)).state is TaskState.SUCCEEDED


async def test_the_reason_kept_with_each_names_the_other(town: Town) -> None:
    milk, parcel, _ = await two_on_one(town)
    said = (await decision(town, milk)).explanation
    assert said.together == (parcel.order_id,)
    assert "与另外 1 单同车" in said.text_zh
    assert said.chosen == milk.vehicle_no
    assert (await decision(town, parcel)).explanation.together == (milk.order_id,)


async def test_each_is_expected_after_what_comes_before_it(town: Town) -> None:
    milk, parcel, _ = await two_on_one(town)
    task = await the_task(town, milk)
    first, second = (
        sorted((milk, parcel), key=lambda each: each.eta_at or town.now)
        if task.stops[1].orders == (milk.order_id,)
        else (parcel, milk)
    )
    assert first.eta_at is not None
    assert second.eta_at is not None
    between = task.stops[2].leg.duration_s
    assert (second.eta_at - first.eta_at).total_seconds() == pytest.approx(90 + between)


async def cancel(town: Town, order: Order) -> None:
    async with town.database.write() as tx:
        await cancel_order(
            tx, order.order_id, EVERYTHING, by="resident", reason="x", actor="r", at=town.now, rate=1.0
        )


async def test_one_that_is_cancelled_leaves_the_other_its_vehicle_and_the_vehicle_is_told(
    any_town: Town,
) -> None:
    milk, parcel, vehicle = await two_on_one(any_town)
    await cancel(any_town, parcel)
    told = await any_town.commands(7, CommandKind.REROUTE)
    body = msgspec.json.decode(bytes(told[-1].body), type=Reroute)
    assert (body.stops, body.dropped) == ((), (parcel.order_id,))
    task = await the_task(any_town, milk)
    assert task.state is TaskState.EXECUTING
    assert task.orders() == (milk.order_id,)
    assert [stop.state for stop in task.stops].count(StopState.SKIPPED) == 2, "its door and its second try"
    shop = await at(vehicle, StopKind.LOAD)
    assert await load(vehicle, parcel) == "not-expected"
    assert await load(vehicle, milk) == "applied"
    await leave(vehicle, shop)
    await at(vehicle, StopKind.HANDOVER, milk)
    assert await take_out(vehicle, milk) == "applied"
    assert await vehicle.done() == "applied"
    assert (await the_task(any_town, milk)).state is TaskState.SUCCEEDED


async def test_the_last_one_that_is_cancelled_sets_the_vehicle_free(town: Town) -> None:
    milk, parcel, vehicle = await two_on_one(town)
    await cancel(town, parcel)
    await cancel(town, milk)
    assert await town.task_of(7) is None
    assert await vehicle.reach(StopKind.LOAD) == "old-epoch"


async def test_a_vehicle_lost_between_two_loadings_keeps_what_it_has_and_gives_back_the_rest(
    any_town: Town,
) -> None:
    milk, parcel, vehicle = await two_on_one(any_town)
    await at(vehicle, StopKind.LOAD)
    await load(vehicle, milk)
    await vehicle.say("fault", {"code": 3, "fatal": True})
    kept, waiting = await any_town.read(milk.order_id), await any_town.read(parcel.order_id)
    assert (kept.state, waiting.state) == (S.NEEDS_RECOVERY, S.ACCEPTED)
    assert (waiting.task_id, waiting.epoch) == (None, parcel.epoch + 1)
    await any_town.add_vehicle(8)
    assert (await any_town.round())["assigned"] == 1
    assert (await any_town.read(parcel.order_id)).vehicle_no == 8


async def test_one_that_the_merchant_does_not_bring_is_cancelled_and_the_other_goes(town: Town) -> None:
    milk, parcel, vehicle = await two_on_one(town)
    shop = await at(vehicle, StopKind.LOAD)
    await load(vehicle, milk)
    await vehicle.say("stop_left", {"stopId": shop.stop_id, "reason": "waited_out"})
    states = [(await town.read(OrderId(each.order_id))).state for each in (milk, parcel)]
    assert states == [S.IN_TRANSIT, S.CANCELLED]
