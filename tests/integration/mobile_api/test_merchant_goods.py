"""The merchant's shelf over HTTP."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.errors import Conflict
from services.orders.draft import DraftLine
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import MILK, NOODLES, Town

STOCK = f"/api/merchant/goods/{MILK}/stock"


async def shelf(client: httpx.AsyncClient, shop: Any) -> dict[str, int]:
    answer = await client.get("/api/merchant/goods", headers=shop)
    return {thing["goodsId"]: thing["stock"] for thing in answer.json()}


async def test_a_merchant_fills_a_shelf_that_was_sold_empty_and_goods_are_sold_again(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = await people.merchant()
    await town.order(lines=(DraftLine(goods_id=MILK, quantity=10),))
    assert (await shelf(client, shop))[MILK] == 0
    with pytest.raises(Conflict, match="out-of-stock"):
        await town.order()
    counted = await client.post(STOCK, json={"stock": 24}, headers={**shop, "idempotency-key": "s-1"})
    assert (counted.status_code, counted.json()["stock"]) == (200, 24)
    await town.order()
    assert (await shelf(client, shop))[MILK] == 22
    async with town.database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "goods.counted")
        [entry] = (await tx.execute(query)).mappings()
    assert (entry["object"], entry["fields"]) == (f"goods:{MILK}", {"before": 0, "after": 24})


async def test_a_count_that_is_sent_again_does_not_put_back_what_was_sold_since(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    shop = {**await people.merchant(), "idempotency-key": "s-1"}
    first = await client.post(STOCK, json={"stock": 24}, headers=shop)
    await town.order()
    assert (await client.post(STOCK, json={"stock": 24}, headers=shop)).content == first.content
    assert (await shelf(client, shop))[MILK] == 22


async def test_another_merchant_neither_sees_nor_counts_the_goods(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    other = {**await people.merchant(NOODLES), "idempotency-key": "s-1"}
    assert MILK not in await shelf(client, other)
    answer = await client.post(STOCK, json={"stock": 24}, headers=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("stock", [-1, 100_001, 1.5, "many", None], ids=str)
async def test_what_is_no_count_is_refused(
    client: httpx.AsyncClient, people: People, town: Town, stock: object
) -> None:
    shop = {**await people.merchant(), "idempotency-key": "s-1"}
    answer = await client.post(STOCK, json={"stock": stock}, headers=shop)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert "stock" in answer.text
