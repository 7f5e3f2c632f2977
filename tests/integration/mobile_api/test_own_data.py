"""A resident takes a copy of all that is kept of her, and leaves when nothing of hers is open."""

import httpx
import pytest
from sqlalchemy import func, select

from core.auth.residents import ResidentStore
from core.auth.services import AuthServices
from core.auth.tables import resident_sessions, residents
from core.ids import ResidentId
from services.notices.tables import recipient_wishes
from services.orders.tables import orders
from services.residents.consents import ConsentStore
from tests.integration.mobile_api.conftest import People
from tests.integration.mobile_api.test_resident_orders import BASKET, placed
from tests.integration.services.orders.town import MILK, Town
from tests.integration.services.settlement.money import pays_in

PHONE = "+8613800138000"
OTHER = "+8613900139000"


async def the_id(auth: AuthServices, phone: str = PHONE) -> ResidentId:
    async with auth.database.read() as tx:
        found = await ResidentStore(tx, auth.keys).find(phone)
    assert found is not None
    return found


async def test_the_copy_has_what_is_kept_of_oneself_and_nothing_of_anybody_else(
    client: httpx.AsyncClient, people: People, town: Town, auth: AuthServices
) -> None:
    await town.add_vehicle(7)
    me, other = await people.resident(), await people.resident(OTHER)
    order = (await placed(client, me, basket={**BASKET, "note": "放门口"})).json()["orderId"]
    await placed(client, other, key="k-2")
    await pays_in(town, await the_id(auth), 500)
    answer = await client.get("/api/resident/data", headers=me)
    assert answer.headers["content-disposition"].startswith("attachment")
    mine = answer.json()
    assert mine["phone"] == PHONE
    assert [(each["orderId"], each["note"]) for each in mine["orders"]] == [(order, "放门口")]
    assert [line["quantity"] for line in mine["orders"][0]["lines"]] == [2]
    assert mine["balance"]["balanceFen"] == 500
    assert mine["keepsFromLeaving"] == ["order", "balance"]
    assert {notice["subject"] for notice in mine["notices"]} <= {f"order:{order}"}
    assert OTHER not in answer.text
    theirs = (await client.get("/api/resident/data", headers=other)).json()
    assert (len(theirs["orders"]), theirs["balance"]["balanceFen"]) == (1, 0)


async def test_leaving_waits_for_what_is_open_and_then_leaves_business_without_a_name(
    client: httpx.AsyncClient, people: People, town: Town, auth: AuthServices
) -> None:
    await town.add_vehicle(7)
    me, elsewhere = await people.resident(), await people.resident()
    resident = await the_id(auth)
    wishes = {"language": "en", "quietHours": "", "reachedBy": "sms", "extraWaitS": 0, "wechatId": "w-1"}
    assert (await client.put("/api/resident/wishes", json=wishes, headers=me)).status_code == 200
    order = (await placed(client, me, basket={**BASKET, "note": "放门口"})).json()["orderId"]
    refused = await client.delete("/api/resident/data", headers=me)
    assert (refused.status_code, refused.json()["code"]) == (409, "resident-has-open")
    assert refused.json()["fields"] == {"open": ["order"]}
    await client.post(f"/api/resident/orders/{order}/cancel", headers={**me, "idempotency-key": "c-1"})
    left = await client.delete("/api/resident/data", headers=me)
    assert left.status_code == 204
    assert "steppe_resident=" in left.headers["set-cookie"]
    for session in (me, elsewhere):
        assert (await client.get("/api/resident/orders", headers=session)).status_code == 401
    async with auth.database.read() as tx:
        for table, column in (
            (residents, residents.c.id),
            (resident_sessions, resident_sessions.c.subject_id),
            (recipient_wishes, recipient_wishes.c.resident_id),
        ):
            count = select(func.count()).select_from(table).where(column == resident)
            assert (await tx.execute(count)).scalar_one() == 0
        kept = (await tx.execute(select(orders.c.note).where(orders.c.order_id == order))).scalars().all()
    assert kept == [""], "the order stays for the books, what she wrote does not"
    again = await people.resident()
    assert (await client.get("/api/resident/orders", headers=again)).json() == []
    assert await the_id(auth) != resident


async def test_each_purpose_is_agreed_to_by_itself_and_every_word_is_kept_until_she_leaves(
    client: httpx.AsyncClient, people: People, town: Town, auth: AuthServices
) -> None:
    me, other = await people.resident(), await people.resident(OTHER)
    path = "/api/resident/consents"
    assert (await client.get(path, headers=me)).json() == []

    async def says(purpose: str, is_given: bool) -> list[tuple[str, bool]]:
        body = {"purpose": purpose, "isGiven": is_given}
        answer = await client.put(path, json=body, headers=me)
        assert answer.status_code == 200, answer.text
        return [(one["purpose"], one["isGiven"]) for one in answer.json()]

    assert await says("location", True) == [("location", True)]
    assert await says("location", True) == [("location", True)]
    assert await says("notice", True) == [("notice", True), ("location", True)]
    assert await says("location", False) == [("notice", True), ("location", False)]
    copy = (await client.get("/api/resident/data", headers=me)).json()["consents"]
    said = [(one["purpose"], one["isGiven"]) for one in copy]
    assert said == [("location", True), ("notice", True), ("location", False)]
    assert (await client.get("/api/resident/data", headers=other)).json()["consents"] == []
    unknown = await client.put(path, json={"purpose": "advertising", "isGiven": True}, headers=me)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "purpose")
    resident = await the_id(auth)
    assert (await client.delete("/api/resident/data", headers=me)).status_code == 204
    async with auth.database.read() as tx:
        assert await ConsentStore(tx).history(resident) == []


@pytest.mark.parametrize("fen", [1, 500])
async def test_who_has_money_with_a_company_does_not_leave_it_behind(
    client: httpx.AsyncClient, people: People, town: Town, auth: AuthServices, fen: int
) -> None:
    me = await people.resident()
    await pays_in(town, await the_id(auth), fen)
    refused = await client.delete("/api/resident/data", headers=me)
    assert refused.json()["fields"] == {"open": ["balance"]}
    assert (await client.get("/api/resident/orders", headers=me)).status_code == 200


async def test_orders_of_who_left_are_shown_without_a_phone(
    client: httpx.AsyncClient, people: People, town: Town, auth: AuthServices
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    order = (await placed(client, me)).json()["orderId"]
    await client.post(f"/api/resident/orders/{order}/cancel", headers={**me, "idempotency-key": "c-1"})
    assert (await client.delete("/api/resident/data", headers=me)).status_code == 204
    async with auth.database.read() as tx:
        found = (await tx.execute(select(orders.c.resident_id, orders.c.lines))).one()
        assert await ResidentStore(tx, auth.keys).phones_of(frozenset({found.resident_id})) == {}
    assert MILK in str(found.lines)
