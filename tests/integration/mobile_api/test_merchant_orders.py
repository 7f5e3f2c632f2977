"""The merchant's side over HTTP."""

import httpx
import pytest

from services.tasks.states import StopKind
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import NOODLES, Town


@pytest.fixture
async def patient_town(town: Town) -> Town:
    """A town whose merchants answer themselves."""
    await town.furnish_again(accepts_itself=False)
    await town.add_vehicle(7)
    return town


async def test_a_merchant_accepts_packs_and_loads_without_seeing_the_recipient(
    client: httpx.AsyncClient, people: People, patient_town: Town
) -> None:
    town, shop = patient_town, await people.merchant()
    order = await town.order()
    [listed] = (await client.get("/api/merchant/orders", headers=shop)).json()
    assert (listed["orderId"], listed["state"]) == (order.order_id, "created")
    assert not {key for key in listed if "resident" in key.lower() or "phone" in key.lower()}
    path = f"/api/merchant/orders/{order.order_id}"
    take = {**shop, "idempotency-key": "a-1"}
    accepted = await client.post(f"{path}/accept", params={"readyInS": 300}, headers=take)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    again = await client.post(f"{path}/accept", headers={**shop, "idempotency-key": "a-2"})
    assert again.json() == accepted.json()
    other = await client.post(f"{path}/accept", params={"readyInS": 60}, headers=take)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    ready = (await client.post(f"{path}/ready", headers={**shop, "idempotency-key": "r-1"})).json()
    assert ready["readyAt"] < accepted.json()["readyAt"]
    load = {**shop, "idempotency-key": "l-1"}
    early = await client.post(f"{path}/loaded", json={}, headers=load)
    assert (early.status_code, early.json()["code"]) == (409, "vehicle-not-at-stop")
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    late = await client.post(f"{path}/accept", headers={**shop, "idempotency-key": "a-3"})
    assert (late.status_code, late.json()["state"]) == (200, "picking_up")
    [there] = (await client.get("/api/merchant/orders", headers=shop)).json()
    assert (there["isVehicleThere"], there["compartment"]) == (True, 3)
    opened = await client.post(f"{path}/loaded", json={"compartment": 3}, headers=load)
    assert (opened.status_code, opened.json()["state"]) == (202, "picking_up")
    await vehicle.load(order)
    assert (await client.get("/api/merchant/orders", headers=shop)).json() == []
    found = await client.get("/api/merchant/orders", params={"state": "in_transit"}, headers=shop)
    assert [each["orderId"] for each in found.json()] == [order.order_id]


async def test_another_merchant_sees_nothing_of_it(
    client: httpx.AsyncClient, people: People, patient_town: Town
) -> None:
    other = await people.merchant(NOODLES)
    order = await patient_town.order()
    assert (await client.get("/api/merchant/orders", headers=other)).json() == []
    path = f"/api/merchant/orders/{order.order_id}"
    key = {**other, "idempotency-key": "x"}
    answers = [await client.post(f"{path}/{verb}", headers=key) for verb in ("accept", "ready")]
    answers.append(await client.post(f"{path}/loaded", json={}, headers=key))
    assert {answer.status_code for answer in answers} == {404}


async def test_a_ready_time_tomorrow_is_refused(
    client: httpx.AsyncClient, people: People, patient_town: Town
) -> None:
    order = await patient_town.order()
    path = f"/api/merchant/orders/{order.order_id}/accept"
    headers = {**await people.merchant(), "idempotency-key": "a-1"}
    answer = await client.post(path, params={"readyInS": 90_000}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
