"""Orders brought as far as a test needs them."""

from services.orders.order import Order
from services.tasks.states import StopKind
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import Town, later


async def an_order_on_its_way(town: Town) -> tuple[Order, ScriptedVehicle]:
    await town.add_vehicle(7)
    order = await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    return order, vehicle


async def an_order_on_board(town: Town) -> tuple[Order, ScriptedVehicle]:
    order, vehicle = await an_order_on_its_way(town)
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    return order, vehicle


async def an_arrived_order(town: Town) -> tuple[Order, ScriptedVehicle]:
    order, vehicle = await an_order_on_board(town)
    later(town, 300)
    await vehicle.reach(StopKind.HANDOVER)
    return order, vehicle
