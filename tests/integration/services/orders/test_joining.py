"""An order joins a run under way: claimed with it, told to its vehicle, taken off again if refused."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.auth.principal import EVERYTHING
from core.ids import GoodsId
from fleet.commands.command import Command, advance_command
from fleet.commands.ending import follow
from fleet.commands.expire_commands import CommandExpiry
from fleet.commands.kinds import CommandEvent
from fleet.commands.store import CommandStore
from services.dispatch.replay_decision import replay_decision
from services.dispatch.weights import Weights
from services.orders.cancel_order import cancel_order
from services.orders.draft import DraftLine
from services.orders.order import Order
from services.orders.states import OrderState as S
from services.plugging import command_endings
from services.tasks.states import StopKind, StopState, TaskState
from tests.integration.services.orders.joining import (
    BACK,
    DOOR,
    LOAD,
    OTHER_DOOR,
    a_parcel,
    answer,
    decision,
    joined,
    milk_under_way,
    state,
    take,
    the_task,
    told,
)
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.test_shared_runs import at, leave, load, take_out
from tests.integration.services.orders.town import Town, later


async def test_an_order_joins_a_run_under_way_and_both_are_delivered(any_town: Town) -> None:
    town = any_town
    milk, parcel, vehicle = await joined(town)
    assert (parcel.state, parcel.task_id, parcel.vehicle_no) == (S.ASSIGNED, milk.task_id, 7)
    assert parcel.compartment not in (None, milk.compartment)
    await take(town, vehicle)
    assert await state(town, parcel) is S.PICKING_UP
    shop = await at(vehicle, LOAD)
    assert {order.order_id for order in shop.orders} == {milk.order_id, parcel.order_id}
    assert await load(vehicle, milk) == await load(vehicle, parcel) == "applied"
    await leave(vehicle, shop)
    for order in (milk, parcel):
        gate = await at(vehicle, DOOR, order)
        assert await take_out(vehicle, order) == "applied"
        await leave(vehicle, gate)
    assert await vehicle.done() == "applied"
    assert [await state(town, each) for each in (milk, parcel)] == [S.DELIVERED, S.DELIVERED]
    assert (await the_task(town, milk)).state is TaskState.SUCCEEDED


async def test_the_vehicle_is_told_the_stops_to_come_with_codes_boxes_and_the_version_of_the_plan(
    town: Town,
) -> None:
    milk, parcel, _ = await joined(town)
    command, body = await told(town)
    task = await the_task(town, milk)
    assert (body.task_id, body.epoch, body.plan_version) == (task.task_id, task.epoch, task.version)
    assert (command.epoch, command.task_id) == (task.epoch, task.task_id)
    assert [stop.stop_id for stop in body.stops] == [stop.stop_id for stop in task.stops]
    assert [StopKind(stop.kind) for stop in body.stops] == [LOAD, DOOR, DOOR, DOOR, DOOR, BACK]
    box = {order.order_id: order.compartment for stop in body.stops for order in stop.orders}
    assert box == {milk.order_id: milk.compartment, parcel.order_id: parcel.compartment}
    assert all(order.verifiers for stop in body.stops if stop.kind == "handover" for order in stop.orders)


async def test_the_reason_names_the_run_and_what_it_costs_the_others(town: Town) -> None:
    milk, parcel, _ = await joined(town)
    said = (await decision(town, parcel)).explanation
    line = said.joined
    assert line is not None
    assert (said.chosen, said.together, line.task_id) == (7, (milk.order_id,), milk.task_id)
    assert [each.order_id for each in line.delays] == [milk.order_id]
    assert 0 < line.delays[0].delay_s <= 60
    assert f"+{line.delays[0].delay_s:.0f} s for order {milk.order_id[-6:].upper()}" in said.text_en
    assert line.gain_s is not None
    assert line.gain_s > 120


async def test_a_decision_that_joined_a_run_can_be_replayed_and_nobody_else_is_made_cheaper(
    town: Town,
) -> None:
    _, parcel, _ = await joined(town)
    kept = await decision(town, parcel)
    _, _, again = await replay_decision(town.database, kept.decision_id, Weights(), EVERYTHING)
    [order] = [each for each in again.orders if each.order_id == parcel.order_id]
    assert (order.given, order.before, order.after, again.vehicles) == (7, None, None, ())


async def test_a_free_vehicle_at_the_shop_gets_the_order_and_the_run_is_named_as_what_it_was_not(
    town: Town,
) -> None:
    milk, _ = await milk_under_way(town)
    await town.add_vehicle(8, lat=39.61, lng=109.79)
    parcel = await a_parcel(town)
    await town.round()
    given = await town.read(parcel.order_id)
    assert (given.vehicle_no, given.task_id != milk.task_id) == (8, True)
    [line] = (await decision(town, parcel)).explanation.joins
    assert (line.vehicle_no, line.why) == (7, "gains_too_little")


async def test_a_free_vehicle_far_away_leaves_it_to_the_run(town: Town) -> None:
    await milk_under_way(town)
    await town.add_vehicle(8, lat=39.55, lng=109.78)
    parcel = await a_parcel(town)
    await town.round()
    assert (await town.read(parcel.order_id)).vehicle_no == 7


async def test_an_order_whose_promise_is_broken_is_not_delayed_any_more(town: Town) -> None:
    milk, _ = await milk_under_way(town)
    later(town, (milk.promised_p90_at - town.now).total_seconds() - 700)
    town.listener.says(7, measured_at=town.now)
    await town.operators_stay()
    parcel = await a_parcel(town)
    assert (await town.round())["assigned"] == 1
    line = (await decision(town, parcel)).explanation.joined
    assert line is not None
    assert [each.delay_s for each in line.delays] == [0.0]
    kinds = [stop.kind for stop in (await the_task(town, milk)).stops]
    assert kinds[:4] == [LOAD, DOOR, LOAD, DOOR], "behind the door of the milk"
    assert "no order of it is delayed" in line.text_en


async def refuse_at_once(town: Town, vehicle: ScriptedVehicle) -> None:
    command, _ = await told(town)
    await vehicle.say("command_ack", {"commandId": command.command_id, "result": "rejected"})


async def refuse_on_the_way(town: Town, vehicle: ScriptedVehicle) -> None:
    command, _ = await told(town)
    await answer(vehicle, command, takes=False, detail="the first stop is not the present one")


async def never_sent(town: Town, _vehicle: ScriptedVehicle) -> None:
    later(town, 70)
    await town.operators_stay()
    ended = CommandExpiry(town.database, town.clock, endings=command_endings(town.reports))
    await ended.expire_once()


@pytest.mark.parametrize("refuse", [refuse_at_once, refuse_on_the_way, never_sent])
async def test_an_order_that_the_vehicle_does_not_take_waits_again_and_the_run_is_as_it_was(
    any_town: Town, refuse: Callable[[Town, ScriptedVehicle], Awaitable[None]]
) -> None:
    town = any_town
    milk, vehicle = await milk_under_way(town)
    before = await the_task(town, milk)
    parcel = await a_parcel(town)
    await town.round()
    first = await town.read(parcel.order_id)
    await refuse(town, vehicle)
    back = await town.read(parcel.order_id)
    assert (back.state, back.task_id, back.epoch) == (S.ACCEPTED, None, first.epoch + 1)
    task = await the_task(town, milk)
    assert (task.state, task.epoch, task.orders()) == (TaskState.EXECUTING, before.epoch, (milk.order_id,))
    left = [stop for stop in task.stops if stop.state is not StopState.SKIPPED]
    assert [(stop.stop_id, stop.leg) for stop in left] == [(stop.stop_id, stop.leg) for stop in before.stops]
    assert (await town.round())["unserved"] == 1, "the same run is not asked again at once"
    await town.add_vehicle(8)
    assert (await town.round())["assigned"] == 1
    assert (await town.read(parcel.order_id)).vehicle_no == 8
    shop = await at(vehicle, LOAD)
    assert await load(vehicle, milk) == "applied"
    await leave(vehicle, shop)


async def test_a_vehicle_that_leaves_the_shop_before_it_hears_gives_the_order_back_and_cancels_nothing(
    any_town: Town,
) -> None:
    town = any_town
    milk, parcel, vehicle = await joined(town)
    command, _ = await told(town)
    shop = await at(vehicle, LOAD)
    await load(vehicle, milk)
    await leave(vehicle, shop)
    assert (await state(town, parcel), await state(town, milk)) == (S.ACCEPTED, S.IN_TRANSIT)
    await answer(vehicle, command, takes=False, detail="the first stop is not the present one")
    task = await the_task(town, milk)
    left = [stop for stop in task.stops if stop.state is StopState.PLANNED]
    assert {order for stop in left for order in stop.orders} == {milk.order_id}
    gate = await at(vehicle, DOOR, milk)
    await take_out(vehicle, milk)
    await leave(vehicle, gate)
    assert await vehicle.done() == "applied"
    assert (await the_task(town, milk)).state is TaskState.SUCCEEDED


async def joined_behind_the_door(town: Town) -> tuple[Order, Order, ScriptedVehicle]:
    """The milk on board and on its way; the parcel of the shop joins behind its door."""
    milk, vehicle = await milk_under_way(town)
    shop = await at(vehicle, LOAD)
    await load(vehicle, milk)
    await leave(vehicle, shop)
    town.listener.says(7, measured_at=town.now, lat=39.61, lng=109.79)
    parcel = await a_parcel(town)
    assert (await town.round())["assigned"] == 1
    return milk, await town.read(parcel.order_id), vehicle


async def test_an_order_joins_behind_the_door_to_which_the_vehicle_drives(town: Town) -> None:
    milk, parcel, vehicle = await joined_behind_the_door(town)
    open_stops = [stop for stop in (await the_task(town, milk)).stops if stop.state is StopState.PLANNED]
    assert [(stop.kind, stop.orders) for stop in open_stops[:3]] == [
        (DOOR, (milk.order_id,)),
        (LOAD, (parcel.order_id,)),
        (DOOR, (parcel.order_id,)),
    ]
    await take(town, vehicle)
    gate = await at(vehicle, DOOR, milk)
    await take_out(vehicle, milk)
    await leave(vehicle, gate)
    shop = await at(vehicle, LOAD)
    assert await load(vehicle, parcel) == "applied"
    await leave(vehicle, shop)
    await at(vehicle, DOOR, parcel)
    assert await take_out(vehicle, parcel) == "applied"
    assert await vehicle.done() == "applied"
    assert (await the_task(town, milk)).state is TaskState.SUCCEEDED


async def test_a_run_that_ends_before_its_vehicle_heard_of_the_order_ends_well_and_the_order_waits(
    any_town: Town,
) -> None:
    town = any_town
    milk, parcel, vehicle = await joined_behind_the_door(town)
    command, _ = await told(town)
    gate = await at(vehicle, DOOR, milk)
    await take_out(vehicle, milk)
    await leave(vehicle, gate)
    assert await vehicle.done() == "applied"
    assert (await the_task(town, milk)).state is TaskState.SUCCEEDED
    assert (await state(town, parcel), await town.task_of(7)) == (S.ACCEPTED, None)
    await answer(vehicle, command, takes=False, detail="no task")
    assert await state(town, parcel) is S.ACCEPTED


async def test_a_vehicle_that_goes_back_without_the_order_gives_it_back(town: Town) -> None:
    _, parcel, vehicle = await joined_behind_the_door(town)
    await at(vehicle, BACK)
    assert await state(town, parcel) is S.ACCEPTED


async def test_a_late_word_that_the_plan_is_driven_counts(town: Town) -> None:
    _, parcel, vehicle = await joined(town)
    command, _ = await told(town)
    async with town.database.write() as tx:
        await mark_unanswered(tx, command, town)
    assert await state(town, parcel) is S.ASSIGNED, "nobody knows yet which plan it drives"
    await answer(vehicle, command)
    assert await state(town, parcel) is S.PICKING_UP


async def mark_unanswered(tx: Any, command: Command, town: Town) -> None:
    """End the command as the reconciler does with one that was sent and not answered."""

    store = CommandStore(tx)
    sent = await store.save(command, advance_command(command, CommandEvent.SENT, at=town.now))
    over = advance_command(sent, CommandEvent.EXPIRED, at=town.now, detail="unanswered")
    await follow(tx, command_endings(town.reports), await store.save(sent, over), at=town.now)


async def test_an_order_that_joined_and_is_called_off_leaves_the_run_as_any_other(town: Town) -> None:
    milk, parcel, vehicle = await joined(town)
    await take(town, vehicle)
    async with town.database.write() as tx:
        await cancel_order(
            tx, parcel.order_id, EVERYTHING, by="resident", reason="x", actor="r", at=town.now, rate=1.0
        )
    _, body = await told(town)
    assert (body.dropped, (await the_task(town, milk)).orders()) == ((parcel.order_id,), (milk.order_id,))


async def test_while_one_is_not_answered_no_other_joins_and_three_are_the_most(town: Town) -> None:
    milk, _, vehicle = await joined(town)
    third = await town.order(
        lines=(DraftLine(goods_id=GoodsId("g-parcel"), quantity=1),),
        pickup_point_id=OTHER_DOOR,
        resident="r-3",
    )
    assert (await town.round())["unserved"] == 1
    await take(town, vehicle)
    assert (await town.round())["assigned"] == 1
    assert len((await the_task(town, milk)).orders()) == 3
    assert (await town.read(third.order_id)).compartment != milk.compartment
