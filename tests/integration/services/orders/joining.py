"""An order that joins a run under way, for the tests of it: who drives, who waits, what the vehicle says."""

import msgspec

from core.auth.principal import EVERYTHING
from core.ids import GoodsId, PickupPointId
from fleet.commands.command import Command
from fleet.links.wire.commands import CommandKind, Reroute
from services.delivery.catalogue import PickupPoint
from services.delivery.store import CatalogueStore
from services.dispatch.store import Decision, DecisionStore
from services.orders.draft import DraftLine
from services.orders.order import Order
from services.orders.states import OrderState as S
from services.tasks.states import StopKind
from services.tasks.store import TaskStore
from services.tasks.task import Task
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import KB, Town

OTHER_DOOR = PickupPointId("p-2")
LOAD, DOOR, BACK = StopKind.LOAD, StopKind.HANDOVER, StopKind.RETURN


async def milk_under_way(town: Town) -> tuple[Order, ScriptedVehicle]:
    """Milk for the east gate on vehicle 7, which drives to the shop."""
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
    assert (await town.round())["assigned"] == 1
    vehicle = town.script(7)
    await vehicle.take_plan()
    return await town.read(milk.order_id), vehicle


async def a_parcel(town: Town) -> Order:
    """A large parcel of the same shop to the west gate."""
    return await town.order(
        lines=(DraftLine(goods_id=GoodsId("g-parcel"), quantity=1),),
        pickup_point_id=OTHER_DOOR,
        resident="r-2",
    )


async def joined(town: Town) -> tuple[Order, Order, ScriptedVehicle]:
    """The milk under way, and the parcel that joined it and of which the vehicle has not heard."""
    milk, vehicle = await milk_under_way(town)
    parcel = await a_parcel(town)
    counts = await town.round()
    assert (counts["assigned"], counts["unserved"], counts["runs"]) == (1, 0, 0)
    return milk, await town.read(parcel.order_id), vehicle


async def told(town: Town) -> tuple[Command, Reroute]:
    command = (await town.commands(7, CommandKind.REROUTE))[-1]
    return command, msgspec.json.decode(bytes(command.body), type=Reroute)


async def answer(vehicle: ScriptedVehicle, command: Command, *, takes: bool = True, detail: str = "") -> None:
    """Acknowledge the amended plan and say whether it is driven."""
    await vehicle.say("command_ack", {"commandId": command.command_id, "result": "accepted"})
    result = "succeeded" if takes else "failed"
    await vehicle.say("command_result", {"commandId": command.command_id, "result": result, "detail": detail})


async def take(town: Town, vehicle: ScriptedVehicle) -> None:
    """Let the vehicle drive the plan with the order that joined."""
    command, body = await told(town)
    await answer(vehicle, command)
    assert vehicle.plan is not None
    vehicle.plan = msgspec.structs.replace(vehicle.plan, stops=body.stops)


async def the_task(town: Town, order: Order) -> Task:
    assert order.task_id is not None
    async with town.database.read() as tx:
        return await TaskStore(tx).get(order.task_id, EVERYTHING)


async def decision(town: Town, order: Order) -> Decision:
    async with town.database.read() as tx:
        return (await DecisionStore(tx).of_order(order.order_id))[0]


async def state(town: Town, order: Order) -> S:
    return (await town.read(order.order_id)).state
