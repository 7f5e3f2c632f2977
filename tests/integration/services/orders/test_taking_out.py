"""A vehicle is taken out of the fleet on both databases: its work, the goods in it, the end of its life."""

from typing import Any

import pytest

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.errors import Invalid
from core.ids import OperatorId, StaffId, VehicleNo
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.register_vehicle import put_in_service
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.move_work_order import call_off
from fleet.work_orders.store import WorkOrderStore
from services.decommission.outgoing import Outgoing, Rest, WaitsFor
from services.decommission.take_out import look_at, take_out
from services.decommission.watch import DecommissionWatch
from services.orders.recover_order import Outcome, recover_order
from services.orders.states import OrderState
from services.plugging import task_reports
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.on_the_way import an_order_on_board, an_order_on_its_way
from tests.integration.services.orders.town import Town

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
