"""The phone page over HTTP: every answer is what the page needs and nothing of anybody else."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.auth.tables import residents
from core.ids import OrderId
from services.tasks.states import StopKind
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import DOOR, MILK, SHOP, Town, later
from tests.integration.services.settlement.money import pays_in

BASKET = {
    "merchantId": SHOP,
    "pickupPointId": DOOR,
    "lines": [{"goodsId": MILK, "quantity": 2}],
}
Headers = Mapping[str, str]


async def placed(
    client: httpx.AsyncClient, resident: Headers, key: str = "k-1", basket: Mapping[str, Any] = BASKET
) -> httpx.Response:
    return await client.post(
        "/api/resident/orders", json=basket, headers={**resident, "idempotency-key": key}
    )


async def test_a_resident_finds_a_shop_its_goods_and_a_door(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    me = await people.resident()
    merchants = (await client.get("/api/resident/merchants", headers=me)).json()
    assert [(m["merchantId"], m["isOpen"]) for m in merchants] == [("m-1", True), ("m-2", True)]
    goods = (await client.get(f"/api/resident/merchants/{SHOP}/goods", headers=me)).json()
    assert {g["goodsId"]: g["stock"] for g in goods} == {"g-milk": 10, "g-parcel": 1000, "g-soup": 10}
    points = await client.get("/api/resident/pickup-points", params={"district": "KB"}, headers=me)
    assert [point["pickupPointId"] for point in points.json()] == [DOOR]
    nowhere = await client.get("/api/resident/pickup-points", params={"district": "ZG"}, headers=me)
    assert nowhere.json() == []
    unknown = await client.get("/api/resident/merchants/m-9/goods", headers=me)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")


async def test_a_quote_promises_two_times_and_a_price_and_reserves_nothing(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    answer = await client.post("/api/resident/quotes", json=BASKET, headers=me)
    quote = answer.json()
    assert (quote["goodsFen"], quote["feeFen"], quote["totalFen"]) == (2560, 300, 2860)
    assert quote["p50At"] < quote["p90At"]
    assert quote["isRough"] is False
    shelf = (await client.get(f"/api/resident/merchants/{SHOP}/goods", headers=me)).json()
    assert next(g["stock"] for g in shelf if g["goodsId"] == MILK) == 10


async def test_an_order_is_placed_once_however_often_it_is_sent(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    first = await placed(client, me)
    assert first.status_code == 201
    assert first.headers["location"] == f"/api/resident/orders/{first.json()['orderId']}"
    assert first.json()["state"] == "accepted"
    for _ in range(4):
        again = await placed(client, me)
        assert (again.status_code, again.content) == (201, first.content)
    assert len((await client.get("/api/resident/orders", headers=me)).json()) == 1
    other = {**BASKET, "lines": [{"goodsId": MILK, "quantity": 1}]}
    refused = await placed(client, me, basket=other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency-key-reused")
    without = await client.post("/api/resident/orders", json=BASKET, headers=me)
    assert (without.status_code, without.json()["code"]) == (400, "idempotency-key-missing")


async def test_the_same_answer_comes_back_even_when_the_shop_has_sold_out_since(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    ten = {**BASKET, "lines": [{"goodsId": MILK, "quantity": 10}]}
    first = await placed(client, me, basket=ten)
    assert (await placed(client, me, basket=ten)).content == first.content
    sold_out = await placed(client, me, key="k-2", basket=BASKET)
    assert (sold_out.status_code, sold_out.json()["code"]) == (409, "out-of-stock")
    assert sold_out.json()["fields"] == {"goods_id": MILK, "left": 0, "wanted": 2}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"merchantId": "nobody"}, 404, "not-found"),
        ({"pickupPointId": "nowhere"}, 404, "not-found"),
        ({"lines": [{"goodsId": "g-noodles", "quantity": 1}]}, 404, "not-found"),
        ({"lines": []}, 400, "invalid-input"),
        ({"lines": [{"goodsId": MILK, "quantity": 0}]}, 400, "invalid-input"),
        ({"lines": [{"goodsId": MILK, "quantity": 21}]}, 400, "invalid-input"),
        ({"lines": [{"goodsId": "g-parcel", "quantity": 3}]}, 409, "order-too-large"),
        (
            {"lines": [{"goodsId": MILK, "quantity": 1}, {"goodsId": "g-soup", "quantity": 1}]},
            409,
            "goods-not-together",
        ),
        ({"note": "x" * 201}, 400, "invalid-input"),
        ({"surprise": 1}, 400, "invalid-input"),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_what_cannot_be_ordered_is_refused_by_name(
    client: httpx.AsyncClient,
    people: People,
    town: Town,
    change: Mapping[str, Any],
    status: int,
    code: str,
) -> None:
    await town.add_vehicle(7)
    answer = await placed(client, await people.resident(), basket={**BASKET, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_town_without_vehicles_is_not_served(client: httpx.AsyncClient, people: People) -> None:
    answer = await placed(client, await people.resident())
    assert (answer.status_code, answer.json()["code"]) == (409, "area-not-served")


async def test_the_page_of_an_order_follows_it_to_the_end(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    order_id = (await placed(client, me)).json()["orderId"]

    async def page() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/api/resident/orders/{order_id}", headers=me)).json()
        return found

    waiting = await page()
    assert (waiting["state"], waiting["vehicle"], waiting["canCancel"]) == ("accepted", None, True)
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    coming = await page()
    assert coming["vehicleCode"].startswith("EDS-KB-D-0001")
    assert coming["vehicle"]["isStopped"] is True
    assert coming["remainingM"] > 1000
    assert coming["compartmentLabel"] == "C1"
    order = await town.read(order_id)
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    on_the_way = await page()
    assert (on_the_way["state"], on_the_way["canCancel"]) == ("in_transit", False)
    later(town, 60)
    await vehicle.reach(StopKind.HANDOVER)
    arrived = await page()
    assert (arrived["state"], arrived["canOpen"], arrived["remainingM"]) == ("arrived", True, 0.0)
    code = await client.get(f"/api/resident/orders/{order_id}/code", headers=me)
    assert code.headers["cache-control"] == "no-store"
    assert len(code.json()["code"]) == 6
    opened = await client.post(
        f"/api/resident/orders/{order_id}/open", json={}, headers={**me, "idempotency-key": "o-1"}
    )
    again = await client.post(
        f"/api/resident/orders/{order_id}/open", json={}, headers={**me, "idempotency-key": "o-1"}
    )
    assert (opened.status_code, opened.json()["commandId"]) == (202, again.json()["commandId"])
    await vehicle.hand_over(order)
    done = await page()
    assert (done["state"], done["vehicle"], done["canOpen"]) == ("delivered", None, False)
    assert [step["state"] for step in done["history"]] == [
        "created",
        "accepted",
        "assigned",
        "picking_up",
        "in_transit",
        "arrived",
        "delivered",
    ]
    gone = await client.get(f"/api/resident/orders/{order_id}/code", headers=me)
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")


async def test_a_wrong_code_that_is_sent_again_costs_one_try(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}"
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(await town.read(OrderId(path.rpartition("/")[2])))
    await vehicle.reach(StopKind.HANDOVER)
    code = (await client.get(f"{path}/code", headers=me)).json()["code"]
    wrong = {"code": "000000" if code != "000000" else "111111"}
    key = {**me, "idempotency-key": "o-1"}
    answers = [await client.post(f"{path}/open", json=wrong, headers=key) for _ in range(3)]
    told = {(each.status_code, each.json()["code"], each.json()["fields"]["tries_left"]) for each in answers}
    assert told == {(409, "pickup-code-wrong", 4)}
    right = await client.post(f"{path}/open", json={"code": code}, headers=key)
    assert right.json()["code"] == "idempotency-key-reused"
    fresh_key = {**me, "idempotency-key": "o-2"}
    assert (await client.post(f"{path}/open", json={"code": code}, headers=fresh_key)).status_code == 202


async def test_cancelling_answers_with_the_order_and_a_second_time_with_the_same(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}/cancel"
    first = await client.post(path, headers={**me, "idempotency-key": "c-1"})
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    assert (await client.post(path, headers={**me, "idempotency-key": "c-1"})).content == first.content
    assert (await client.post(path, headers={**me, "idempotency-key": "c-2"})).json()["state"] == "cancelled"


async def test_nobody_sees_or_touches_the_order_of_somebody_else(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me, other = await people.resident(), await people.resident("+8613900139000")
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}"
    key = {**other, "idempotency-key": "x"}
    answers = [
        await client.get(path, headers=other),
        await client.get(f"{path}/code", headers=other),
        await client.post(f"{path}/code/refresh", headers=key),
        await client.post(f"{path}/cancel", headers=key),
        await client.post(f"{path}/open", json={}, headers=key),
        await client.post(f"{path}/links", headers=key),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (await client.get("/api/resident/orders", headers=other)).json() == []


async def test_a_link_opens_one_order_and_dies_with_it(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}"
    ask = {**me, "idempotency-key": "l-1"}
    token = (await client.post(f"{path}/links", headers=ask)).json()["token"]
    assert (await client.post(f"{path}/links", headers=ask)).json()["token"] == token
    session = await client.post("/api/links/session", json={"token": token})
    link = {"cookie": session.headers["set-cookie"].split(";")[0]}
    client.cookies.clear()
    assert (await client.get(path, headers=link)).status_code == 200
    assert (await client.post(f"{path}/cancel", headers={**link, "idempotency-key": "x"})).status_code == 403
    await client.post(f"{path}/cancel", headers={**me, "idempotency-key": "x"})
    assert (await client.get(path, headers=link)).status_code == 401


async def test_a_link_that_is_withdrawn_shows_and_opens_nothing_any_more(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}"
    token = (await client.post(f"{path}/links", headers={**me, "idempotency-key": "l-1"})).json()["token"]
    session = await client.post("/api/links/session", json={"token": token})
    link = {"cookie": session.headers["set-cookie"].split(";")[0]}
    client.cookies.clear()
    assert (await client.post(f"{path}/links/revoke", headers=link)).status_code == 403
    other = await people.resident("+8613900139000")
    assert (await client.post(f"{path}/links/revoke", headers=other)).status_code == 404
    assert (await client.get(f"{path}/code", headers=link)).status_code == 200
    counts = [(await client.post(f"{path}/links/revoke", headers=me)).json() for _ in range(2)]
    assert counts == [{"revoked": 1}, {"revoked": 0}]
    assert (await client.get(f"{path}/code", headers=link)).status_code == 401
    assert (await client.post("/api/links/session", json={"token": token})).status_code == 401
    again = (await client.post(f"{path}/links", headers={**me, "idempotency-key": "l-2"})).json()["token"]
    assert (await client.post("/api/links/session", json={"token": again})).status_code == 200


async def test_fresh_codes_run_out_after_the_third(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    path = f"/api/resident/orders/{(await placed(client, me)).json()['orderId']}/code"
    shown = await client.get(path, headers=me)
    fresh = [
        await client.post(f"{path}/refresh", headers={**me, "idempotency-key": key})
        for key in ("f-1", "f-1", "f-2", "f-1")
    ]
    codes = [answer.json()["code"] for answer in (shown, *fresh)]
    assert len(set(codes)) == 3
    assert codes[1] == codes[2] == codes[4], "the same key gives the same code"
    last = await client.post(f"{path}/refresh", headers={**me, "idempotency-key": "f-3"})
    assert (last.status_code, last.json()["code"]) == (409, "pickup-code-locked")


async def test_an_order_is_paid_from_the_balance_only_as_far_as_it_reaches(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    from_balance = {**BASKET, "paidBy": "balance"}
    refused = await placed(client, me, basket=from_balance)
    assert (refused.status_code, refused.json()["code"]) == (409, "balance-too-low")
    assert refused.json()["fields"] == {"balance_fen": 0, "needed_fen": 2860}
    async with town.database.read() as tx:
        resident = (await tx.execute(select(residents.c.id))).scalar_one()
    await pays_in(town, resident, 3000)
    bought = await placed(client, me, key="k-2", basket=from_balance)
    assert (bought.status_code, bought.json()["paidBy"]) == (201, "balance")
    balance = (await client.get("/api/resident/balance", headers=me)).json()
    assert (balance["balanceFen"], balance["dueFen"]) == (140, 0)
    order_id = bought.json()["orderId"]
    assert [(each["source"], each["balanceFen"], each["orderId"]) for each in balance["lines"]] == [
        ("order", -2860, order_id),
        ("top_up", 3000, None),
    ]
    assert balance["lines"][1]["receiptNo"] == "R00000001"
    at_pickup = await placed(client, me, key="k-3")
    assert at_pickup.json()["paidBy"] == "at_pickup"
    cancelled = await client.post(
        f"/api/resident/orders/{order_id}/cancel", headers={**me, "idempotency-key": "k-4"}
    )
    assert cancelled.status_code == 200
    somebody_else = await people.resident("+8613900139000")
    theirs = (await client.get("/api/resident/balance", headers=somebody_else)).json()
    assert theirs == {"balanceFen": 0, "dueFen": 0, "lines": []}
    assert (await client.get("/api/resident/balance", headers=me)).json()["balanceFen"] == 3000
