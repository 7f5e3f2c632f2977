"""A vehicle on a roaming round is called away for a stated gain, and goes on with its round afterwards."""

import asyncio
from datetime import timedelta

from sqlalchemy import update

from fleet.vehicles.tables import permits
from services.tasks.states import StopKind, TaskKind, TaskState
from services.tasks.store import TaskStore
from services.vending.calls.decision import CallOutcome, CallRule
from services.vending.calls.states import CallState
from services.vending.rounds.leave_round import COMES_BACK_WITHIN
from services.vending.watch_vending import VendingWatch
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import KB, Town, later
from tests.integration.services.vending.shelf import SELLER
from tests.integration.services.vending.stand import (
    a_stocked_seller,
    ask_door,
    call,
    read_call,
    reserve,
    take,
)


async def on_its_round(town: Town) -> ScriptedVehicle:
    """A seller that stands at the first stop of its round."""
    await a_stocked_seller(town)
    assert await town.idle.settle(KB) == {"round": 1}
    vehicle = town.script(SELLER)
    plan = await vehicle.take_plan()
    assert (plan.kind, len(plan.stops)) == ("vending_round", 5)
    await vehicle.reach(StopKind.VISIT)
    return vehicle


async def test_a_round_is_left_for_a_caller_and_gone_on_with_afterwards(any_town: Town) -> None:
    town = any_town
    vehicle = await on_its_round(town)
    before = vehicle.plan
    assert before is not None
    made = await call(town)
    answers = await asyncio.gather(town.idle.settle(KB), town.idle.settle(KB))
    assert sorted(map(str, answers)) == ["{'called_away': 1}", "{}"], "two looked, one called"
    called = await read_call(town, made.call_id)
    assert (called.state, called.vehicle_no) == (CallState.ASSIGNED, SELLER)
    assert called.decision is not None
    assert (called.decision.outcome, called.decision.gain_s) == (CallOutcome.CALLED_AWAY, None)
    assert (await vehicle.take_plan()).kind == "vending_call"
    assert await VendingWatch(town.database, town.clock).watch_once() == 0, "the round is only put aside"
    await vehicle.reach(StopKind.VISIT)
    await vehicle.leave(StopKind.VISIT)
    assert await vehicle.done() == "applied"
    assert (await read_call(town, made.call_id)).state is CallState.SERVED
    assert await town.idle.settle(KB) == {"round": 1}
    rest = await vehicle.take_plan()
    assert (rest.task_id, rest.epoch > before.epoch) == (before.task_id, True)
    assert [stop.stop_id for stop in rest.stops] == [stop.stop_id for stop in before.stops[1:]]
    assert await vehicle.done() == "applied"


async def test_nobody_is_called_away_in_the_middle_of_a_sale(town: Town) -> None:
    await on_its_round(town)
    sale = await reserve(town)
    await ask_door(town, sale)
    made = await call(town, "r-2")
    assert await town.idle.settle(KB) == {}
    waits = await read_call(town, made.call_id)
    assert waits.decision is not None
    assert [rule.rule for rule in waits.decision.sellers[0].rules] == [CallRule.MID_SALE]
    await take(town, sale, 1)
    assert await town.idle.settle(KB) == {"called_away": 1}, "the sale is over: that is the safe point"


async def test_a_round_that_nobody_comes_back_to_is_excused(town: Town) -> None:
    vehicle = await on_its_round(town)
    await call(town)
    await town.idle.settle(KB)
    await vehicle.take_plan()
    later(town, COMES_BACK_WITHIN.total_seconds())
    assert await VendingWatch(town.database, town.clock).watch_once() == 1
    async with town.database.read() as tx:
        assert await TaskStore(tx).suspended(TaskKind.VENDING_ROUND) == []
    task = await town.task_of(SELLER)
    assert task is not None, "its callers are still served"
    assert (task.kind, task.state) == (TaskKind.VENDING_CALL, TaskState.EXECUTING)


async def test_a_stop_that_no_permit_covers_is_declined_and_another_goes_to_one(town: Town) -> None:
    await on_its_round(town)
    town.outside = {(39.6, 109.79)}
    made = await call(town)
    await town.idle.settle(KB)
    declined = await read_call(town, made.call_id)
    assert (declined.state, declined.reason) == (CallState.DECLINED, "outside_permit")
    assert declined.decision is not None
    assert [rule.rule for rule in declined.decision.sellers[0].rules] == ["area_for_job"]


async def test_a_call_while_every_permit_has_lapsed_is_declined_and_says_so(town: Town) -> None:
    await on_its_round(town)
    made = await call(town)
    async with town.database.write() as tx:
        await tx.execute(update(permits).values(valid_to=town.now - timedelta(days=1)))
    await town.idle.settle(KB)
    declined = await read_call(town, made.call_id)
    assert (declined.state, declined.reason) == (CallState.DECLINED, "no_valid_permit")
    assert declined.decision is not None
    assert "permit_expired" in [rule.rule for rule in declined.decision.sellers[0].rules]
