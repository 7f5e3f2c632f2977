"""A merchant's catalogue by CSV and API, what may not be sold, the pick list, boxes, why an order waits."""

from typing import Any

import httpx
import pytest

from core.errors import Conflict
from services.merchants.forbidden import Forbidden
from services.merchants.forbidden_store import ForbiddenStore
from services.orders.draft import DraftLine
from services.tasks.states import StopKind
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import MILK, Town

CSV = "/api/merchant/goods/csv"
TOBACCO = Forbidden(
    category="tobacco", name_zh="烟草", name_en="Tobacco", reason_zh="须核验年龄", reason_en="age is checked"
)
HEADER = "goods,name_zh,price_yuan,mass_g,litres,stock,category"


async def send(client: httpx.AsyncClient, shop: Any, text: str, key: str) -> httpx.Response:
    return await client.post(CSV, json={"csv": text}, headers={**shop, "idempotency-key": key})


async def forbid(town: Town) -> None:
    async with town.database.write() as tx:
        await ForbiddenStore(tx).put([TOBACCO])


async def test_a_file_that_was_exported_changes_nothing_and_a_changed_one_what_it_says(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    exported = await client.get(CSV, headers=shop)
    assert exported.headers["content-type"].startswith("text/csv")
    same = await send(client, shop, exported.text, "c-1")
    assert same.json() == {"created": 0, "updated": 0, "unchanged": 3}
    text = f"{HEADER}\ng-milk,低脂奶,9.90,1050,1.2,5,\nbread,面包,6.00,300,2,8,\n"
    changed = await send(client, shop, text, "c-2")
    assert changed.json() == {"created": 1, "updated": 1, "unchanged": 0}
    order = await town.order(lines=(DraftLine(goods_id=MILK, quantity=2),))
    assert (order.lines[0].name_zh, order.total_fen - order.fee_fen) == ("低脂奶", 1980)


async def test_one_wrong_row_changes_nothing_and_every_error_is_told(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await forbid(town)
    shop = await people.merchant()
    before = (await client.get(CSV, headers=shop)).text
    wrong = await send(client, shop, f"{HEADER}\nbread,面包,six,300,2,8,\nrice,米,9,0,2,8,\n", "c-1")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "catalogue-invalid")
    told = wrong.json()["fields"]["errors"]
    assert [(error["row"], error["field"]) for error in told] == [(2, "price_yuan"), (3, "mass_g")]
    text = f"{HEADER}\nbread,面包,6,300,2,8,\nred,某牌,20,30,0.1,8,tobacco\n"
    refused = await send(client, shop, text, "c-2")
    [error] = refused.json()["fields"]["errors"]
    assert (error["row"], "须核验年龄" in error["problem"]) == (3, True)
    assert (await client.get(CSV, headers=shop)).text == before


async def test_goods_are_written_by_api_and_forbidden_ones_are_not(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await forbid(town)
    shop = await people.merchant()
    thing = {"code": "bread", "nameZh": "面包", "priceFen": 600, "massG": 300, "litres": 2, "stock": 8}
    path = "/api/merchant/goods/catalogue"
    made = await client.post(path, json={"goods": [thing]}, headers={**shop, "idempotency-key": "w-1"})
    assert (made.status_code, made.json()["created"]) == (200, 1)
    smoke = {**thing, "code": "red", "category": "tobacco"}
    no = await client.post(path, json={"goods": [smoke]}, headers={**shop, "idempotency-key": "w-2"})
    assert (no.status_code, no.json()["code"]) == (400, "catalogue-invalid")


async def test_what_is_forbidden_later_cannot_be_ordered_any_more_and_the_reason_is_told(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    text = f"{HEADER}\nred,某牌,20,30,0.1,8,tobacco\n"
    assert (await send(client, await people.merchant(), text, "c-1")).status_code == 200
    await forbid(town)
    with pytest.raises(Conflict, match="goods-forbidden") as refused:
        await town.order(lines=(DraftLine(goods_id="m-1-red", quantity=1),))  # type: ignore[arg-type]
    assert refused.value.fields["reason_zh"] == "须核验年龄"


async def test_the_pick_list_goes_by_temperature(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    lines = (DraftLine(goods_id=MILK, quantity=2), DraftLine(goods_id="g-parcel", quantity=1))  # type: ignore[arg-type]
    text = f"{HEADER}\ng-parcel,大件,8,2000,5,9,\n"
    assert (await send(client, shop, text, "c-1")).status_code == 200
    order = await town.order(lines=lines, note="no bag")
    answer = await client.get(f"/api/merchant/orders/{order.order_id}/pick-list", headers=shop)
    picks = answer.json()
    assert [band["temperature"] for band in picks["bands"]] == ["ambient", "chilled"]
    assert (picks["pieces"], picks["note"]) == (3, "no bag")


async def test_goods_go_into_another_compartment_only_if_it_fits(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    text = f"{HEADER}\ng-parcel,大件,8,2000,50,9,\n"
    assert (await send(client, shop, text, "c-1")).status_code == 200
    order = await town.order(lines=(DraftLine(goods_id="g-parcel", quantity=1),))  # type: ignore[arg-type]
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    [listed] = (await client.get("/api/merchant/orders", headers=shop)).json()
    assert listed["compartment"] == 1
    assert {box["number"]: box["refusal"] for box in listed["boxes"]} == {1: "", 2: "", 3: "too_small"}
    path = f"/api/merchant/orders/{order.order_id}/loaded"
    for number, reason in ((3, "too_small"), (9, "no_such_box")):
        no = await client.post(
            path, json={"compartment": number}, headers={**shop, "idempotency-key": f"l-{number}"}
        )
        assert (no.status_code, no.json()["code"]) == (409, "compartment-not-fitting")
        assert no.json()["fields"]["reason"] == reason
    yes = await client.post(path, json={"compartment": 2}, headers={**shop, "idempotency-key": "l-2"})
    assert (yes.status_code, yes.json()["compartment"]) == (202, 2)


async def test_chilled_goods_do_not_ride_in_an_ambient_compartment(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    order = await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    path = f"/api/merchant/orders/{order.order_id}/loaded"
    no = await client.post(path, json={"compartment": 1}, headers={**shop, "idempotency-key": "l-1"})
    assert no.json()["fields"]["reason"] == "wrong_temperature"


async def test_a_merchant_is_told_in_the_dispatchers_words_why_an_order_waits(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7, battery_ratio=0.05)
    shop = await people.merchant()
    await town.order()
    [fresh] = (await client.get("/api/merchant/orders", headers=shop)).json()
    assert fresh["whyZh"] == "正在找车。"
    await town.round()
    [waiting] = (await client.get("/api/merchant/orders", headers=shop)).json()
    assert waiting["whyEn"].startswith("None of 1 vehicles can go"), waiting
