"""Residents call a vending vehicle: one stop for neighbours, one vehicle for the stop, nobody forgotten."""

import asyncio

import pytest

from core.auth.principal import EVERYTHING
from core.errors import Conflict, SteppeError
from services.tasks.lose_task import lose_task
from services.tasks.states import StopKind, TaskKind
from services.vending.calls.cancel_call import cancel_call
from services.vending.calls.place_call import CALL_LASTS_S
from services.vending.calls.states import CallState
from services.vending.calls.store import CallStore
from services.vending.watch_vending import VendingWatch
from tests.integration.services.orders.town import KB, Town, later
from tests.integration.services.vending.shelf import SELLER
from tests.integration.services.vending.stand import a_stocked_seller, call, read_call


async def test_neighbours_share_one_stop_and_a_third_joins_a_vehicle_under_way(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    first, second = await call(town, "r-1"), await call(town, "r-2", (39.6005, 109.7905))
    assert first.place_id == second.place_id
    assert await town.idle.settle(KB) == {"round": 1}
    vehicle = town.script(SELLER)
    plan = await vehicle.take_plan()
    assert (plan.kind, len(plan.stops)) == ("vending_call", 1)
    third = await call(town, "r-3")
    assert (third.state, third.vehicle_no) == (CallState.ON_THE_WAY, SELLER)
    await vehicle.reach(StopKind.VISIT)
    arrived = await read_call(town, third.call_id)
    assert arrived.state is CallState.ARRIVED
    assert arrived.leaves_at is not None
    with pytest.raises(SteppeError):
        async with town.database.write() as tx:
            await cancel_call(tx, third.call_id, EVERYTHING, actor="resident:r-3", at=town.now)
    await vehicle.leave(StopKind.VISIT)
    assert await vehicle.done() == "applied"
    for each in (first, second, third):
        assert (await read_call(town, each.call_id)).state is CallState.SERVED
    async with town.database.read() as tx:
        history = [event for event, _ in await CallStore(tx).history(first.call_id)]
    assert history == ["called", "vehicle_assigned", "vehicle_started", "vehicle_arrived", "vehicle_left"]


async def test_nobody_calls_twice_at_once_however_fast_she_presses(any_town: Town) -> None:
    await a_stocked_seller(any_town)
    answers = await asyncio.gather(*(call(any_town) for _ in range(3)), return_exceptions=True)
    refused = [each.code for each in answers if isinstance(each, Conflict)]
    assert refused == ["call-open", "call-open"]


async def test_a_vehicle_without_goods_answers_no_call(town: Town) -> None:
    await a_stocked_seller(town, pieces=2)
    made = await call(town)
    await town.idle.settle(KB)
    task = await town.task_of(SELLER)
    assert task is not None
    assert task.kind is TaskKind.RELOCATION
    assert (await read_call(town, made.call_id)).state is CallState.CREATED


async def test_the_last_caller_who_gives_up_sets_the_vehicle_free(town: Town) -> None:
    await a_stocked_seller(town)
    first, second = await call(town, "r-1"), await call(town, "r-2")
    await town.idle.settle(KB)
    await town.script(SELLER).take_plan()
    for each, has_task in ((first, True), (second, False)):
        async with town.database.write() as tx:
            await cancel_call(tx, each.call_id, EVERYTHING, actor="resident", at=town.now)
        assert (await town.task_of(SELLER) is not None) is has_task


async def test_a_lost_vehicle_leaves_its_callers_waiting_for_another(town: Town) -> None:
    await a_stocked_seller(town)
    made = await call(town)
    await town.idle.settle(KB)
    await town.script(SELLER).take_plan()
    task = await town.task_of(SELLER)
    assert task is not None
    async with town.database.write() as tx:
        await lose_task(tx, task, "vehicle_silent", town.reports.effects(task), at=town.now)
    lost = await read_call(town, made.call_id)
    assert (lost.state, lost.vehicle_no, lost.reason) == (CallState.CREATED, None, "vehicle_silent")
    await a_stocked_seller(town, 51)
    town.listener.said.pop(SELLER)
    await town.idle.settle(KB)
    assert (await read_call(town, made.call_id)).vehicle_no == 51


async def test_a_call_that_no_vehicle_answers_expires_once(town: Town) -> None:
    await a_stocked_seller(town)
    made = await call(town)
    later(town, CALL_LASTS_S + 1)
    watch = VendingWatch(town.database, town.clock)
    assert sorted(await asyncio.gather(watch.watch_once(), watch.watch_once())) in ([0, 1], [1, 1])
    assert (await read_call(town, made.call_id)).state is CallState.EXPIRED
    assert await watch.watch_once() == 0


async def test_where_no_stop_is_near_the_refusal_names_the_rules(town: Town) -> None:
    await a_stocked_seller(town)
    with pytest.raises(Conflict) as refused:
        await call(town, place=(39.7, 109.79))
    assert refused.value.code == "area-not-served"
    assert "too_far" in str(refused.value.fields)
