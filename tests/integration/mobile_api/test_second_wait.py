"""What a recipient reads when nobody came to the first place: where it waits once more, and how long."""

import httpx

from core.ids import OrderId
from services.tasks.states import StopKind
from tests.integration.mobile_api.conftest import People
from tests.integration.mobile_api.test_resident_orders import placed
from tests.integration.services.orders.test_second_try import GATE, with_another_gate
from tests.integration.services.orders.town import Town, later


async def test_the_page_says_how_long_the_vehicle_waits_at_the_second_place(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await with_another_gate(town)
    await town.add_vehicle(7)
    me = await people.resident()
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}"
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    assert vehicle.plan is not None
    _, first, second, _ = vehicle.plan.stops
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(await town.read(OrderId(path.rsplit("/", 1)[1])))
    await vehicle.reach(StopKind.HANDOVER)
    there = (await client.get(path, headers=me)).json()
    assert there["waitS"] == first.wait_s
    later(town, first.wait_s + 1)
    await vehicle.say("stop_left", {"stopId": first.stop_id, "reason": "waited_out"})
    moved = (await client.get(path, headers=me)).json()
    assert (moved["state"], moved["pickupPointId"], moved["waitS"]) == ("in_transit", GATE, second.wait_s)
    assert second.wait_s != first.wait_s
