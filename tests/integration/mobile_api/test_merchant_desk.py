"""The merchant's desk over HTTP: what is said there decides who may order, and residents see why."""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.api_tokens import revoke_api_token
from core.errors import Conflict
from core.ids import OrderId
from services.delivery.store import CatalogueStore
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import MILK, SHOP, Town

DESK = "/api/merchant/desk"


async def say(
    client: httpx.AsyncClient, shop: Mapping[str, str], what: str, body: Any = None
) -> httpx.Response:
    return await client.post(
        f"{DESK}/{what}", json=body, headers={**shop, "idempotency-key": f"{what}-{body}"}
    )


async def shown(client: httpx.AsyncClient, people: People) -> dict[str, Any]:
    """What a resident reads of the shop."""
    answer = await client.get("/api/resident/merchants", headers=await people.resident())
    return next(each for each in answer.json() if each["merchantId"] == SHOP)


async def test_a_paused_shop_takes_no_orders_and_says_why_until_it_is_resumed(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    paused = await say(client, shop, "pause", {"reason": "short_staffed", "minutes": 30})
    assert (paused.status_code, paused.json()["standing"]) == (200, "paused")
    told = await shown(client, people)
    assert (told["isOpen"], told["standing"], told["pauseReason"]) == (False, "paused", "short_staffed")
    with pytest.raises(Conflict, match="merchant-paused"):
        await town.order()
    assert (await say(client, shop, "resume")).json()["standing"] == "open"
    await town.order()
    async with town.database.read() as tx:
        query = select(audit_entries.c.action).where(audit_entries.c.object == f"merchant:{SHOP}")
        said = list((await tx.execute(query.order_by(audit_entries.c.id))).scalars())
    assert said == ["merchant.paused", "merchant.resumed"]


async def test_a_pause_with_an_end_ends_by_itself(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    await say(client, await people.merchant(), "pause", {"reason": "break", "minutes": 30})
    town.clock.advance(29 * 60)
    with pytest.raises(Conflict, match="merchant-paused"):
        await town.order()
    town.clock.advance(61)
    await town.order()


async def test_busy_mode_lengthens_the_promise_and_the_preparing(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    await town.furnish_again(accepts_itself=False)
    before = await town.order()
    shop = await people.merchant()
    busy = await say(client, shop, "busy", {"extraMinutes": 20, "forMinutes": 60})
    assert busy.json()["busyExtraMinutes"] == 20
    after = await town.order()
    assert (after.promised_p50_at - before.promised_p50_at).total_seconds() >= 15 * 60
    accepted = await client.post(
        f"/api/merchant/orders/{after.order_id}/accept", headers={**shop, "idempotency-key": "a"}
    )
    assert accepted.status_code == 200
    order = await town.read(OrderId(after.order_id))
    assert order.ready_at is not None
    assert (order.ready_at - town.now).total_seconds() == 20 * 60 + 120


async def test_without_a_good_licence_a_food_shop_neither_receives_nor_accepts(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    await town.furnish_again(accepts_itself=False)
    order = await town.order()
    async with town.database.write() as tx:
        store = CatalogueStore(tx)
        merchant = await store.merchant(SHOP)
        await store.put_merchant(msgspec.structs.replace(merchant, needs_food_licence=True))
    assert (await shown(client, people))["standing"] == "licence_missing"
    with pytest.raises(Conflict, match="licence-expired"):
        await town.order()
    accept = f"/api/merchant/orders/{order.order_id}/accept"
    refused = await client.post(accept, headers={**shop, "idempotency-key": "a-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "licence-expired")
    today = town.now.date().isoformat()
    renewed = await say(client, shop, "licence", {"number": "JY11506030001", "expiresOn": today})
    assert (renewed.status_code, renewed.json()["standing"]) == (200, "open")
    assert (await client.post(accept, headers={**shop, "idempotency-key": "a-2"})).status_code == 200
    await town.order()
    town.clock.advance(2 * 86_400)
    assert (await shown(client, people))["standing"] == "licence_expired"


async def test_what_is_sold_out_in_one_tap_is_back_in_one_tap_with_its_count(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    goods = f"/api/merchant/goods/{MILK}"
    gone = await client.post(f"{goods}/sold-out", headers={**shop, "idempotency-key": "s-1"})
    assert (gone.json()["isSoldOut"], gone.json()["stock"]) == (True, 10)
    shelf = await client.get(f"/api/resident/merchants/{SHOP}/goods", headers=await people.resident())
    assert next(each["stock"] for each in shelf.json() if each["goodsId"] == MILK) == 0
    with pytest.raises(Conflict, match="out-of-stock"):
        await town.order()
    await client.post(f"{goods}/back", headers={**shop, "idempotency-key": "s-2"})
    await town.order()


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("pause", {"reason": "bored"}, "reason"),
        ("pause", {"reason": "break", "minutes": 0}, "minutes"),
        ("busy", {"extraMinutes": 61}, "extraMinutes"),
        ("licence", {"number": "", "expiresOn": "2030-01-01"}, "number"),
        ("licence", {"number": "JY1", "expiresOn": "2020-01-01"}, "expiresOn"),
        ("days", {"day": "2020-01-01", "openHours": ""}, "day"),
        ("days", {"day": "2026-12-01", "openHours": "late"}, "openHours"),
    ],
    ids=str,
)
async def test_what_cannot_be_meant_is_refused_with_its_field(
    client: httpx.AsyncClient, people: People, town: Town, what: str, body: Any, field: str
) -> None:
    answer = await say(client, await people.merchant(), what, body)
    assert answer.status_code == 400, answer.text
    assert field in answer.text


async def test_a_shop_shuts_for_one_day_and_takes_it_back(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    today = (await client.get(DESK, headers=shop)).json()["at"][:10]
    shut = await say(client, shop, "days", {"day": today, "openHours": ""})
    assert (shut.json()["standing"], len(shut.json()["days"])) == ("closed", 1)
    with pytest.raises(Conflict, match="merchant-closed"):
        await town.order()
    usual = await say(client, shop, "days", {"day": today, "openHours": None})
    assert (usual.json()["standing"], usual.json()["days"]) == ("open", [])


async def test_a_page_is_opened_with_the_token_and_ends_with_it(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    token = (await people.merchant())["authorization"].removeprefix("Bearer ")
    origin = {"origin": "http://steppe.test"}
    wrong = await client.post("/api/merchant/session", json={"token": "api_x"}, headers=origin)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token-invalid")
    opened = await client.post("/api/merchant/session", json={"token": token}, headers=origin)
    assert (opened.status_code, opened.json()["merchant"]) == (200, SHOP)
    cookie = {"cookie": f"steppe_merchant={opened.cookies['steppe_merchant']}"}
    client.cookies.clear()
    assert (await client.get(DESK, headers=cookie)).json()["merchantId"] == SHOP
    foreign = {**cookie, "origin": "http://elsewhere.test", "idempotency-key": "x"}
    assert (await client.post(f"{DESK}/resume", headers=foreign)).json()["code"] == "origin-refused"
    async with town.database.write() as tx:
        await revoke_api_token(tx, None, opened.json()["id"], reason="lost", at=town.clock.wall())
    assert (await client.get(DESK, headers=cookie)).status_code == 401
