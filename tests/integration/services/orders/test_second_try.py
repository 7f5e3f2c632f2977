"""Nobody comes: the vehicle waits, tries another point, and takes the goods back; the money goes back too."""

from datetime import timedelta

import msgspec
from sqlalchemy import select

from core.ids import PickupPointId, StaffId
from fleet.links.wire.commands import StopPlan
from services.delivery.catalogue import PickupPoint
from services.delivery.store import CatalogueStore
from services.delivery.wait_rule import WaitRule
from services.delivery.wait_rule_store import WaitRuleStore
from services.notices.tables import notices
from services.orders.order import Order
from services.orders.states import OrderState
from services.settlement.accounts import AccountKind
from services.settlement.check_books import check_books
from services.tasks.states import StopKind
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import DOOR, KB, RESIDENT, Town, later
from tests.integration.services.settlement.money import holds, paid_beforehand, pays_in

GATE = PickupPointId("p-2")


async def with_another_gate(town: Town, lat: float = 39.604) -> None:
    point = PickupPoint(
        pickup_point_id=GATE, district=KB, name_zh="北门", name_en="North gate", lat=lat, lng=109.8
    )
    async with town.database.write() as tx:
        await CatalogueStore(tx).put_pickup_point(point)


async def at_the_door(town: Town) -> tuple[Order, ScriptedVehicle, list[StopPlan]]:
    await town.add_vehicle(7)
    await pays_in(town, RESIDENT, 10_000)
    order = await paid_beforehand(town)
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    assert vehicle.plan is not None
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    return order, vehicle, list(vehicle.plan.stops)


async def occasions(town: Town) -> list[str]:
    async with town.database.read() as tx:
        on_page = select(notices.c.occasion).where(notices.c.channel == "page")
        return list((await tx.execute(on_page.order_by(notices.c.turn))).scalars())


async def test_who_misses_the_first_place_is_waited_for_at_another_and_then_refunded(
    any_town: Town,
) -> None:
    town = any_town
    await with_another_gate(town)
    async with town.database.write() as tx:
        rule = WaitRule(district=KB, version=1, first_s=900.0, second_s=240.0, at=town.now)
        made = msgspec.structs.replace(rule, staff_id=StaffId("s-1"), by_name="班长", reason="积雪")
        assert await WaitRuleStore(tx).add(made)
    order, vehicle, stops = await at_the_door(town)
    assert [stop.kind for stop in stops] == ["load", "handover", "handover", "return"]
    assert [bool(stop.orders[0].verifiers) for stop in stops] == [False, True, True, False]
    assert [stop.wait_s for stop in stops[1:3]] == [900.0, 240.0], "the rule of the 旗区"
    arrived = await town.read(order.order_id)
    assert arrived.collect_by == town.now + timedelta(seconds=900)
    later(town, 901)
    await vehicle.say("stop_left", {"stopId": stops[1].stop_id, "reason": "waited_out"})
    moved = await town.read(order.order_id)
    assert (moved.state, moved.pickup_point_id, moved.collect_by) == (OrderState.IN_TRANSIT, GATE, None)
    await vehicle.say("stop_reached", {"stopId": stops[2].stop_id, "lat": 39.604, "lng": 109.8})
    assert (await town.read(order.order_id)).state is OrderState.ARRIVED
    later(town, 301)
    await vehicle.say("stop_left", {"stopId": stops[2].stop_id, "reason": "waited_out"})
    assert (await town.read(order.order_id)).state is OrderState.RETURNING
    assert await holds(town, AccountKind.RESIDENT_BALANCE, RESIDENT) < 10_000
    await vehicle.reach(StopKind.RETURN)
    box = {"orderId": order.order_id, "compartment": 3}
    for _ in range(2):
        await vehicle.say("door_closed", {**box, "isEmpty": True})
    assert (await town.read(order.order_id)).state is OrderState.RETURNED
    assert await holds(town, AccountKind.RESIDENT_BALANCE, RESIDENT) == 10_000
    assert await vehicle.done() == "applied"
    assert await occasions(town) == ["arrived", "moved", "arrived", "missed", "returned"]
    async with town.database.read() as tx:
        assert (await check_books(tx)).is_balanced


async def test_who_comes_to_the_second_place_gets_her_goods(town: Town) -> None:
    await with_another_gate(town)
    order, vehicle, stops = await at_the_door(town)
    await vehicle.say("stop_left", {"stopId": stops[1].stop_id, "reason": "waited_out"})
    await vehicle.say("stop_reached", {"stopId": stops[2].stop_id, "lat": 39.604, "lng": 109.8})
    await vehicle.hand_over(order)
    assert (await town.read(order.order_id)).state is OrderState.DELIVERED


async def test_nobody_is_sent_to_a_place_too_far_to_walk(town: Town) -> None:
    await with_another_gate(town, lat=39.63)
    order, vehicle, stops = await at_the_door(town)
    assert [stop.kind for stop in stops] == ["load", "handover", "return"]
    await vehicle.leave(StopKind.HANDOVER, "waited_out")
    returning = await town.read(order.order_id)
    assert (returning.state, returning.pickup_point_id) == (OrderState.RETURNING, DOOR)
