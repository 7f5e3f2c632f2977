"""The merchant's side over HTTP."""

import httpx
import pytest

from core.auth.principal import Reach
from core.auth.roles import Role
from core.database import Transaction
from core.errors import Conflict, VersionMismatch
from core.ids import OperatorId
from fleet.commands.command import Command
from services.delivery.code_store import PickupCodeStore
from services.flows.flow import Step
from services.flows.set_flow import set_flow
from services.orders.collect_order import WrongCode, open_for_recipient
from services.orders.order import Order
from services.tasks.states import StopKind
from tests.integration.fleet.builders import a_principal
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


async def test_what_an_operators_flow_asks_for_is_asked_at_the_step_of_orders_placed_under_it(
    client: httpx.AsyncClient, people: People, patient_town: Town
) -> None:
    town, shop = patient_town, await people.merchant()
    lead = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-a"))
    steps, operator = tuple(Step), OperatorId("op-a")
    async with town.database.write() as tx:
        await set_flow(tx, lead, operator, steps, version=0, reason="试行", at=town.now)
    order = await town.order()
    async with town.database.write() as tx:
        await set_flow(tx, lead, operator, (), version=1, reason="结束", at=town.now)
        with pytest.raises(VersionMismatch):
            await set_flow(tx, lead, operator, steps, version=1, reason="旧", at=town.now)
    path, keys = f"/api/merchant/orders/{order.order_id}", iter(range(100))

    async def does(verb: str, body: dict[str, object] | None = None) -> httpx.Response:
        headers = {**shop, "idempotency-key": f"f-{next(keys)}"}
        return await client.post(f"{path}/{verb}", json=body, headers=headers)

    assert (await does("accept")).json()["missingSteps"] == ["two_step_load", "photo_at_loading"]
    await does("ready")
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    for name in ("老王", " 老王 "):
        await does("proofs", {"kind": "confirmed", "said": name})
        refused = (await does("loaded", {})).json()
        assert (refused["code"], refused["fields"]["step"]) == ("step-missing", "two_step_load"), name
    await does("proofs", {"kind": "confirmed", "said": "小李"})
    assert (await does("loaded", {})).json()["fields"]["step"] == "photo_at_loading"
    await does("proofs", {"kind": "photo_at_loading", "said": "IMG-1"})
    assert (await does("loaded", {})).status_code == 202
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    async with town.database.write() as tx:
        code = (await PickupCodeStore(tx).get(order.order_id)).code()
        for typed, photo, missing in ((None, "p", "code_at_door"), (code, None, "photo_at_collection")):
            with pytest.raises(Conflict) as asked:
                await _open(tx, town, order, typed, photo)
            assert asked.value.fields["step"] == missing
        assert not isinstance(await _open(tx, town, order, code, "p"), WrongCode)
    assert (await town.order()).flow_version == 2, "later orders take none of it"


async def _open(
    tx: Transaction, town: Town, order: Order, typed: str | None, photo: str | None
) -> Command | WrongCode:
    mine = Reach(resident=order.resident_id)
    return await open_for_recipient(
        tx, order.order_id, mine, typed=typed, photo=photo, actor="r", at=town.now, rate=1.0
    )


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
