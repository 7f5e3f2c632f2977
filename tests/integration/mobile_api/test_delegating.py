"""Somebody else collects: her own code, on the vehicle's keypad, until it is taken back."""

from datetime import UTC
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.ids import OrderId
from fleet.links.wire.commands import CommandKind, Reroute, StopOrder, Verifier
from services.delegation.store import DelegateStore
from services.delivery.code_store import PickupCodeStore
from services.delivery.keypad import keypad_key
from services.notices.store import NoticeStore
from services.tasks.states import StopKind
from simulator.vehicles.keypad import Tries, check_code
from tests.integration.mobile_api.conftest import People
from tests.integration.mobile_api.test_resident_orders import placed
from tests.integration.services.orders.town import KEYPAD_ROOT, Town, later


class Keypad:
    """What the vehicle's keypad makes of the codes that the city sent it last."""

    def __init__(self, town: Town, order_id: str) -> None:
        self.town, self.order_id, self.tries = town, order_id, Tries.__value__()

    async def told(self) -> tuple[Verifier, ...]:
        body = (await self.town.commands(7, CommandKind.REROUTE))[-1].body
        codes = msgspec.json.decode(bytes(body), type=Reroute).codes
        assert isinstance(codes, tuple)
        return codes[0].verifiers

    async def types(self, code: str) -> Any:
        order = StopOrder(order_id=self.order_id, compartment=3, verifiers=await self.told())
        key = keypad_key(KEYPAD_ROOT, 7)  # type: ignore[arg-type]
        return check_code(key, [order], self.tries, code, self.town.now.astimezone(UTC))


async def delegates_code(town: Town, order_id: OrderId, number: int = 1) -> str:
    async with town.database.read() as tx:
        return (await DelegateStore(tx).get(order_id, number)).code.code()


async def test_a_delegate_has_a_code_of_her_own_until_it_is_taken_back_and_who_collected_is_on_record(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    order_id = OrderId((await placed(client, me)).json()["orderId"])
    await town.round()
    vehicle, path = town.script(7), f"/api/resident/orders/{order_id}/delegate"
    await vehicle.take_plan()

    async def does(verb: str, key: str, body: Any = None) -> httpx.Response:
        headers = {**me, "idempotency-key": key}
        return await client.post(f"{path}{verb}", json=body, headers=headers)

    first = await does("", "n-1", {"name": "妹妹", "phone": "13900139000", "hours": 2})
    assert first.json()["delegate"]["phoneMasked"] == "139****9000"
    keypad, hers = Keypad(town, order_id), await delegates_code(town, order_id)
    assert (await keypad.types(hers)).generation == 11
    async with town.database.read() as tx:
        own = (await PickupCodeStore(tx).get(order_id)).code()
        [told] = await NoticeStore(tx).of_subject(f"delegate:{order_id}:1")
    assert ((await keypad.types(own)).generation, told.occasion.value) == (1, "delegated")
    wrong = await keypad.types("000000")
    assert [one.generation for one in wrong.counted] == [1, 11], "nobody's code costs each a try"
    again = await does("", "n-2", {"name": "邻居", "phone": "13700137000", "hours": 2})
    assert again.json()["delegate"]["name"] == "邻居"
    assert (await keypad.types(hers)).result == "wrong", "the first delegate's code is dead"
    second = await delegates_code(town, order_id, 2)
    later(town, 2 * 3600 - 1)
    assert (await keypad.types(second)).generation == 21
    later(town, 2)
    assert (await keypad.types(second)).result == "wrong", "her time is over, also with no network"
    await does("", "n-3", {"name": "邻居", "phone": "13700137000"})
    await does("/revoke", "v-1")
    assert {one.generation for one in await keypad.told()} == {1, 2, 3}
    assert (await client.get(path, headers=me)).json() == {"delegate": None}

    await does("", "n-4", {"name": "邻居", "phone": "13700137000"})
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(await town.read(order_id))
    await vehicle.reach(StopKind.HANDOVER)
    failed = {"orderId": order_id, "generation": 41, "tries": 5}
    assert await vehicle.say("code_failed", failed) == "applied"
    assert (await client.get(path, headers=me)).json()["delegate"]["isLocked"]
    assert (await client.get(f"/api/resident/orders/{order_id}/code", headers=me)).json()["triesLeft"] == 5
    assert not (await does("/refresh", "f-1")).json()["delegate"]["isLocked"]
    box = {"orderId": order_id, "compartment": 3}
    await vehicle.say("door_opened", {**box, "by": "keypad", "generation": 42})
    await vehicle.say("door_closed", {**box, "isEmpty": True})
    assert (await town.read(order_id)).state.value == "delivered"
    async with town.database.read() as tx:
        query = select(audit_entries.c.fields).where(audit_entries.c.action == "order.collected")
        [fields] = (await tx.execute(query)).scalars()
    assert (fields["by"], fields["how"], fields["delegate"]) == ("delegate", "keypad", 4)
    own_page = (await client.get(f"/api/resident/orders/{order_id}", headers=me)).json()
    assert own_page["collected"] == {"by": "delegate", "how": "keypad", "name": "邻**"}
    assert (await does("", "n-5", {"name": "x", "phone": "13700137000"})).status_code == 410


@pytest.mark.parametrize(
    ("asks", "said", "collected"),
    [
        (True, "command", {"by": "customer", "how": "page", "name": None}),
        (False, "keypad", {"by": "customer", "how": "keypad", "name": None}),
        (False, "command", {"by": "staff", "how": "remote", "name": None}),
        (False, "crew", {"by": "crew", "how": "hand", "name": None}),
        (False, "merchant", {"by": "merchant", "how": "hand", "name": None}),
        (False, "unknown", {"by": "somebody", "how": None, "name": None}),
    ],
)
async def test_the_recipients_page_says_who_collected_and_how(
    client: httpx.AsyncClient,
    people: People,
    town: Town,
    asks: bool,
    said: str,
    collected: dict[str, str | None],
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    order_id = OrderId((await placed(client, me)).json()["orderId"])
    await town.round()
    vehicle, path = town.script(7), f"/api/resident/orders/{order_id}"
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(await town.read(order_id))
    await vehicle.reach(StopKind.HANDOVER)
    assert (await client.get(path, headers=me)).json()["collected"] is None
    requests = [f"{path}/open"] if asks else []
    for address in requests:
        answer = await client.post(address, json={}, headers={**me, "idempotency-key": "o-1"})
        assert answer.status_code == 202
    box = {"orderId": order_id, "compartment": 3}
    generation = {"generation": 1} if said == "keypad" else {}
    await vehicle.say("door_opened", {**box, "by": said, **generation})
    await vehicle.say("door_closed", {**box, "isEmpty": True})
    assert (await client.get(path, headers=me)).json()["collected"] == collected
