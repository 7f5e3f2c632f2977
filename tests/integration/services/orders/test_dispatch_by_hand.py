"""Orders given to vehicles that an operator chose: judged by name, committed as far as still true."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.errors import Conflict, IllegalTransition, Invalid, NotFound, VersionMismatch
from core.ids import FenceId, GoodsId, OrderId, VehicleNo
from core.kinds import ServiceKind
from services.dispatch.by_hand import Hindrance, JudgedRun, OrderWish, RunWish
from services.dispatch.dispatch_by_hand import Looked
from services.dispatch.freeze_zone import freeze_zone
from services.dispatch.replay_decision import replay_decision
from services.dispatch.store import DecisionStore
from services.dispatch.weights import Weights
from services.orders.draft import DraftLine
from services.orders.order import Order
from services.orders.states import OrderState
from tests.integration.fleet.builders import AT, a_principal, a_vehicle
from tests.integration.services.orders.town import KB, Town

WHO = a_principal(Role.DISPATCHER, name="小王")
NEAR, FAR = 7, 8


@pytest.fixture
async def two_vehicles(any_town: Town) -> Town:
    await any_town.add_vehicle(NEAR, lat=39.609, lng=109.79)
    await any_town.add_vehicle(FAR, lat=39.59, lng=109.79)
    return any_town


def wish(number: int, *orders: Order, **changes: Any) -> RunWish:
    return RunWish(
        vehicle_no=VehicleNo(number),
        orders=tuple(OrderWish(order_id=order.order_id, **changes) for order in orders),
    )


async def look(town: Town, *wishes: RunWish, who: Principal = WHO) -> list[Looked]:
    return await town.by_hand.look(who, KB, wishes, reason="老客户")


async def give(town: Town, looked: list[Looked]) -> list[JudgedRun]:
    async with town.database.write() as tx:
        return await town.by_hand.give(tx, WHO, looked, "老客户")


async def test_an_order_goes_to_the_vehicle_that_an_operator_chose_and_the_decision_says_so(
    two_vehicles: Town,
) -> None:
    town = two_vehicles
    order = await town.order()
    town.outside = {(39.6, 109.8)}
    [barred] = await look(town, wish(FAR, order))
    assert [rule.rule for rule in barred.judged.orders[0].excluded_by] == ["area_for_job"]
    town.outside = set()
    looked = await look(town, wish(FAR, order))
    [seen] = looked[0].judged.orders
    assert (await town.read(order.order_id)).state is OrderState.ACCEPTED, "a preview gives nothing"
    assert seen.cost_s is not None
    assert seen.best_cost_s is not None
    assert (seen.best_code, seen.best_cost_s < seen.cost_s) == ((await town.fleet_code(NEAR)), True)
    assert seen.eta_at is not None
    [run] = await give(town, looked)
    given = await town.read(order.order_id)
    assert (given.vehicle_no, given.task_id, given.eta_at) == (FAR, run.task_id, seen.eta_at)
    async with town.database.read() as tx:
        [decision] = await DecisionStore(tx).of_order(order.order_id)
        said = (await tx.execute(select(audit_entries.c.action, audit_entries.c.reason))).all()
    told = decision.explanation
    assert (told.chosen_by, told.chosen) == ("小王", FAR)
    assert told.text_zh.startswith(f"小王指定 {told.chosen_code}：老客户")
    assert told.candidates[0].lost_by_s is not None
    assert told.candidates[0].lost_by_s < 0, "the nearer one is shown as the cheaper one"
    assert ("run.given", "老客户") in [tuple(row) for row in said]
    assert ("VehicleAssigned", "assigned") in await town.history(order.order_id)


async def test_a_commit_gives_what_is_still_true_and_says_what_moved(two_vehicles: Town) -> None:
    town = two_vehicles
    first, second = await town.order(), await town.order(resident="r-2")
    previewed = await look(town, wish(FAR, first), wish(NEAR, second))
    assert [each.judged.hindrance for each in previewed] == [None, None]
    await town.round()
    taken = await town.read(second.order_id)
    assert taken.state is OrderState.ASSIGNED
    assert [run.hindrance for run in await give(town, previewed)] == [Hindrance.ORDER_NOT_WAITING] * 2
    third = await town.order(resident="r-3")
    await town.add_vehicle(9)
    version = third.version
    [fresh] = await look(town, wish(9, third, version=version))
    [stale] = await look(town, wish(9, third, version=version + 1))
    [busy] = await look(town, wish(NEAR, third))
    assert (stale.judged.hindrance, busy.judged.hindrance) == (
        Hindrance.ORDER_CHANGED,
        Hindrance.CANNOT_TAKE,
    )
    assert [reason.rule for reason in busy.judged.orders[0].excluded_by] == ["on_another_job"]
    [run] = await give(town, [fresh])
    assert (run.hindrance, (await town.read(third.order_id)).vehicle_no) == (None, 9)


async def test_two_operators_who_commit_the_same_vehicle_give_it_once(two_vehicles: Town) -> None:
    town = two_vehicles
    first, second = await town.order(), await town.order(resident="r-2")
    plans = [await look(town, wish(NEAR, first)), await look(town, wish(NEAR, second))]
    done = await asyncio.gather(*(give(town, plan) for plan in plans), return_exceptions=True)
    lost = (Conflict, IllegalTransition, VersionMismatch)
    assert all(isinstance(each, (list, *lost)) for each in done), done
    states = [(await town.read(order.order_id)).state for order in (first, second)]
    assert sorted(states) == [OrderState.ACCEPTED, OrderState.ASSIGNED]


async def test_several_orders_ride_together_when_they_fit_and_a_frozen_zone_gives_nothing(
    town: Town,
) -> None:
    await town.add_vehicle(NEAR)
    large = (DraftLine(goods_id=GoodsId("g-parcel"), quantity=2),)
    orders = [await town.order(resident=f"r-{n}") for n in range(3)]
    big = [await town.order(resident=f"r-{n}", lines=large) for n in (4, 5)]
    [full] = await look(town, wish(NEAR, *big))
    assert full.judged.hindrance is Hindrance.NO_ROOM_TOGETHER
    [pair] = await look(town, wish(NEAR, orders[0], big[0]))
    assert pair.judged.hindrance is None
    lead = a_principal(Role.SHIFT_LEAD)
    await freeze_zone(town.database, lead, KB, is_frozen=True, version=0, reason="暴雪", at=town.now)
    assert [run.hindrance for run in await give(town, [pair])] == [Hindrance.ZONE_FROZEN]
    await freeze_zone(town.database, lead, KB, is_frozen=False, version=1, reason="雪停", at=town.now)
    [run] = await give(town, await look(town, wish(NEAR, orders[0], big[0])))
    assert {(await town.read(each.order_id)).task_id for each in (orders[0], big[0])} == {run.task_id}


async def test_a_plan_that_contradicts_itself_or_reaches_too_far_is_refused(town: Town) -> None:
    await town.add_vehicle(NEAR)
    order = await town.order()
    for plan, field in (
        ([], "runs"),
        ([wish(NEAR, order), wish(NEAR, order)], "runs.vehicleNo"),
        ([wish(NEAR, order, order)], "runs.orders"),
    ):
        with pytest.raises(Invalid) as refused:
            await look(town, *plan)
        assert refused.value.fields["field"] == field
    nobody = RunWish(vehicle_no=VehicleNo(NEAR), orders=(OrderWish(order_id=OrderId("none")),))
    for plan, who in (
        ([nobody], WHO),
        ([wish(99, order)], WHO),
        ([wish(NEAR, order)], a_principal(operator="op-b")),
    ):
        with pytest.raises(NotFound):
            await look(town, *plan, who=who)


async def test_a_kept_decision_is_replayed_with_other_weights_and_another_vehicle_wins(
    any_town: Town,
) -> None:
    town = any_town
    await town.add_vehicle(NEAR, lat=39.609, lng=109.79, battery_ratio=0.4)
    await town.add_vehicle(FAR, lat=39.60, lng=109.79, battery_ratio=0.9)
    order = await town.order()
    await town.round()
    async with town.database.read() as tx:
        [decision] = await DecisionStore(tx).of_order(order.order_id)
    careful = Weights(low_battery_ratio=0.9, low_battery_s=7200.0)
    same = await replay_decision(town.database, decision.decision_id, Weights(), EVERYTHING)
    other = await replay_decision(town.database, decision.decision_id, careful, EVERYTHING)
    [was], [now] = same[2].orders, other[2].orders
    assert (was.given, was.before, was.after) == (NEAR, NEAR, NEAR)
    assert (now.given, now.before, now.after) == (NEAR, NEAR, FAR)
    assert [each.vehicle_no for each in other[2].vehicles] == [FAR, NEAR]
    assert (await town.read(order.order_id)).vehicle_no == NEAR


async def test_the_claim_asks_again_whether_hours_and_areas_of_the_permit_cover_the_whole_run(
    town: Town,
) -> None:
    await town.add_vehicle(NEAR, lat=39.609, lng=109.79)
    [looked] = await look(town, wish(NEAR, await town.order()))
    assert looked.ready is not None
    run = looked.ready.run
    assert run.areas == frozenset({FenceId("area-1")}), "what was looked at by hand is asked again too"
    elsewhere = msgspec.structs.replace(run, areas=frozenset({FenceId("area-9")}))
    assert not await town.giver.give(elsewhere)
    town.clock.set(datetime(2026, 7, 1, 13, 59, 50, tzinfo=UTC))
    await town.operators_stay()
    assert not await town.giver.give(run), "ten seconds before 22:00 nobody sets out"
    town.clock.set(AT)
    assert await town.giver.give(run)


async def test_a_round_passes_over_what_is_only_registered_and_who_names_it_is_told_why(
    two_vehicles: Town,
) -> None:
    town, registered = two_vehicles, 9
    async with town.database.write() as tx:
        await a_vehicle(tx, registered)
    town.listener.says(registered, measured_at=town.now)
    members = await town.fleet.look(KB, frozenset({ServiceKind.DELIVERY}), at=town.now)
    assert [each.vehicle.vehicle_no for each in members] == [NEAR, FAR]
    order = await town.order()
    [looked] = await look(town, wish(registered, order))
    assert "not_in_service" in [rule.rule for rule in looked.judged.orders[0].excluded_by]
