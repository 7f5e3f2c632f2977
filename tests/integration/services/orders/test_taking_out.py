"""A vehicle is taken out of the fleet on both databases: its work, the goods in it, the end of its life."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.errors import Invalid
from core.ids import OperatorId, StaffId, VehicleNo
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.register_vehicle import put_in_service
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.move_work_order import call_off
from fleet.work_orders.open_work_order import open_found
from fleet.work_orders.store import WorkOrderStore
from services.decommission.outgoing import Outgoing, Rest, WaitsFor
from services.decommission.take_out import LONGEST_REASON, look_at, take_out
from services.decommission.watch import DecommissionWatch
from services.orders.recover_order import Outcome, recover_order
from services.orders.states import OrderState
from services.plugging import task_reports
from services.vending.calls.states import CallState
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.on_the_way import an_order_on_board, an_order_on_its_way
from tests.integration.services.orders.town import KB, Town
from tests.integration.services.vending.shelf import SELLER
from tests.integration.services.vending.stand import a_stocked_seller, call, read_call

LEAD = a_principal(Role.SHIFT_LEAD, id=StaffId("lead"), name="值班长", operator=OperatorId("op-a"))


async def out(town: Town, rest: Rest, **changes: Any) -> Outgoing:
    said = {"reason": "车架开裂", **changes}
    async with town.database.write() as tx:
        return await take_out(tx, LEAD, VehicleNo(7), rest, task_reports(), at=town.now, rate=1.0, **said)


async def bring_in(town: Town) -> None:
    """A crew has fetched the vehicle: no work at it is left."""
    async with town.database.write() as tx:
        for order in await WorkOrderStore(tx).not_over_of([VehicleNo(7)]):
            await call_off(tx, LEAD, order.work_order_id, reason="已拖回", at=town.now)


async def lifecycle(town: Town) -> Lifecycle:
    async with town.database.read() as tx:
        return (await VehicleStore(tx).get(VehicleNo(7), EVERYTHING)).lifecycle


@pytest.mark.parametrize(
    ("rest", "state"),
    [(Rest.REASSIGN, OrderState.ACCEPTED), (Rest.CANCEL, OrderState.CANCELLED)],
    ids=["reassign", "cancel"],
)
async def test_what_is_not_loaded_goes_to_others_or_is_called_off_as_chosen_and_a_crew_fetches_the_vehicle(
    any_town: Town, rest: Rest, state: OrderState
) -> None:
    order, vehicle = await an_order_on_its_way(any_town)
    with pytest.raises(Invalid, match="why"):
        await out(any_town, rest, reason=" ")
    async with any_town.database.read() as tx:
        before = await look_at(tx, LEAD, VehicleNo(7))
    assert (before.touched.orders_to_load, before.touched.is_on_the_road) == (1, True)
    first = await out(any_town, rest)
    assert (first.lifecycle, first.waits_for) == (Lifecycle.SUSPENDED, (WaitsFor.WORK,))
    assert (await any_town.read(order.order_id)).state is state
    again = await out(any_town, rest)
    assert again.asked == first.asked
    assert len(await any_town.commands(7, CommandKind.SAFE_STOP)) == 1
    assert await vehicle.say("task_done", {}) == "old-epoch"
    watch = DecommissionWatch(any_town.database, any_town.clock)
    assert await watch.look_once() == 0
    await bring_in(any_town)
    assert [await watch.look_once() for _ in range(2)] == [1, 0]
    assert await lifecycle(any_town) is Lifecycle.DECOMMISSIONED
    assert (await out(any_town, rest)).asked == (await out(any_town, rest)).asked


async def test_goods_aboard_keep_a_vehicle_alive_until_their_rescue(town: Town) -> None:
    order, _ = await an_order_on_board(town)
    first = await out(town, Rest.CANCEL)
    assert first.waits_for == (WaitsFor.GOODS, WaitsFor.TASK, WaitsFor.WORK)
    assert (await town.read(order.order_id)).state is OrderState.NEEDS_RECOVERY
    await bring_in(town)
    watch = DecommissionWatch(town.database, town.clock)
    assert await watch.look_once() == 0
    async with town.database.write() as tx:
        effects = task_reports().effects(await town.task_of(7))  # type: ignore[arg-type]
        await recover_order(
            tx, order.order_id, EVERYTHING, Outcome.RETURNED, effects, actor="crew", at=town.now
        )
    assert await watch.look_once() == 1
    assert await lifecycle(town) is Lifecycle.DECOMMISSIONED


async def test_an_idle_vehicle_ends_at_once_and_one_put_in_service_again_is_left_alone(town: Town) -> None:
    await town.add_vehicle(7)
    assert (await out(town, Rest.REASSIGN)).lifecycle is Lifecycle.DECOMMISSIONED
    await town.add_vehicle(8)
    await town.order()
    await town.round()
    async with town.database.write() as tx:
        await take_out(
            tx, LEAD, VehicleNo(8), Rest.REASSIGN, task_reports(), reason="x", at=town.now, rate=1.0
        )
        await put_in_service(tx, LEAD, VehicleNo(8), EVERYTHING, at=town.now)
    assert await DecommissionWatch(town.database, town.clock).look_once() == 0
    async with town.database.read() as tx:
        assert (await look_at(tx, LEAD, VehicleNo(8))).asked is None


async def test_a_decision_that_is_repeated_while_goods_are_aboard_stops_and_tows_once(town: Town) -> None:
    await an_order_on_board(town)
    first = await out(town, Rest.CANCEL)
    assert (first.touched.orders_aboard, first.touched.orders_to_load) == (1, 0)
    assert (await out(town, Rest.CANCEL)).asked == first.asked
    assert len(await town.commands(7, CommandKind.SAFE_STOP)) == 1
    async with town.database.read() as tx:
        kinds = [order.kind for order in await WorkOrderStore(tx).not_over_of([VehicleNo(7)])]
    assert kinds.count(WorkKind.TOW) == 1


async def test_a_vehicle_at_its_charger_is_neither_stopped_nor_towed(town: Town) -> None:
    await town.add_vehicle(7, battery_ratio=0.2)
    await town.idle.settle(KB)
    await town.script(7).take_plan()
    ended = await out(town, Rest.REASSIGN)
    assert ended.lifecycle is Lifecycle.DECOMMISSIONED
    assert await town.commands(7, CommandKind.SAFE_STOP) == []


async def test_work_that_does_not_bring_it_in_keeps_no_vehicle_alive(town: Town) -> None:
    await town.add_vehicle(7)
    async with town.database.write() as tx:
        vehicle = await VehicleStore(tx).get(VehicleNo(7), EVERYTHING)
        await open_found(tx, LEAD, vehicle, WorkKind.CLEAN, "车身有泥", at=town.now)
    assert (await out(town, Rest.REASSIGN)).lifecycle is Lifecycle.DECOMMISSIONED


@pytest.mark.parametrize(
    ("rest", "state"),
    [(Rest.REASSIGN, CallState.CREATED), (Rest.CANCEL, CallState.DECLINED)],
    ids=["reassign", "cancel"],
)
async def test_a_call_goes_to_another_vehicle_or_is_declined_as_chosen(
    town: Town, rest: Rest, state: CallState
) -> None:
    await a_stocked_seller(town)
    made = await call(town)
    await town.idle.settle(KB)
    await town.script(SELLER).take_plan()
    assert (await read_call(town, made.call_id)).vehicle_no == SELLER
    async with town.database.write() as tx:
        taken = await take_out(
            tx, LEAD, SELLER, rest, task_reports(), reason="车架开裂", at=town.now, rate=1.0
        )
    assert taken.waits_for == (WaitsFor.WORK,)
    after = await read_call(town, made.call_id)
    assert (after.state, after.vehicle_no) == (state, None)


async def test_a_decision_says_why_in_so_many_words_and_stands_in_the_audit(town: Town) -> None:
    await an_order_on_its_way(town)
    with pytest.raises(Invalid, match="why"):
        await out(town, Rest.CANCEL, reason="x" * (LONGEST_REASON + 1))
    await out(town, Rest.CANCEL, reason=f" {'x' * LONGEST_REASON} ")
    async with town.database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "vehicle.taken_out")
        [entry] = (await tx.execute(query)).mappings()
    assert entry["reason"] == "x" * LONGEST_REASON
    assert (entry["fields"]["rest"], entry["fields"]["orders_to_load"]) == ("cancel", 1)


async def test_two_watches_end_a_life_once(any_town: Town) -> None:
    await an_order_on_its_way(any_town)
    await out(any_town, Rest.REASSIGN)
    await bring_in(any_town)
    watches = [DecommissionWatch(any_town.database, any_town.clock) for _ in range(2)]
    assert sum(await asyncio.gather(*(watch.look_once() for watch in watches))) == 1
    async with any_town.database.read() as tx:
        query = select(audit_entries.c.fields).where(audit_entries.c.action == "vehicle.moved")
        moves = [row.fields["to"] for row in await tx.execute(query)]
    assert moves.count(Lifecycle.DECOMMISSIONED.value) == 1
