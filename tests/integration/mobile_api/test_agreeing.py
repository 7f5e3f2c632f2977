"""What a merchant lacks or weighs: agreed, charged and given back over HTTP, to the fen."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.auth.tables import residents
from core.database import Database
from core.ids import GoodsId
from services.delivery.catalogue import Goods
from services.delivery.compartments import Temperature
from services.delivery.store import CatalogueStore
from services.orders.states import OrderState
from services.orders.watch_orders import OrderWatch
from services.settlement.accounts import AccountKind
from services.tasks.states import StopKind
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import DOOR, MILK, SHOP, Town, later
from tests.integration.services.settlement.money import check, holds, pays_in

APPLES, YOGHURT, CREAM = GoodsId("g-apples"), GoodsId("g-yoghurt"), GoodsId("g-cream")
BALANCE_FEN = 20_000


async def stock_of(database: Database, goods_id: GoodsId) -> int:
    async with database.read() as tx:
        return (await CatalogueStore(tx).goods_by_id([goods_id]))[goods_id].stock


class Counter:
    """A shop, a customer who paid in, and a vehicle."""

    def __init__(self, client: httpx.AsyncClient, town: Town, shop: Any, me: Any) -> None:
        self.client, self.town, self._shop, self._me = client, town, dict(shop), dict(me)
        self._keys = iter(range(1000))

    async def orders(self, *lines: tuple[GoodsId, int]) -> dict[str, Any]:
        basket = {
            "merchantId": SHOP,
            "pickupPointId": DOOR,
            "paidBy": "balance",
            "lines": [{"goodsId": goods, "quantity": n} for goods, n in lines],
        }
        answer = await self.client.post("/api/resident/orders", json=basket, headers=self._keyed(self._me))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def shop(self, order_id: str, verb: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        path = f"/api/merchant/orders/{order_id}/{verb}"
        return await self.client.post(path, json=body, headers=self._keyed(self._shop))

    async def answers(self, order_id: str, goods_id: GoodsId, *, is_taken: bool) -> httpx.Response:
        path = f"/api/resident/orders/{order_id}/substitutions/{goods_id}/answer"
        return await self.client.post(path, json={"isTaken": is_taken}, headers=self._keyed(self._me))

    async def purse_fen(self) -> int:
        page = (await self.client.get("/api/resident/balance", headers=self._me)).json()
        return int(page["balanceFen"])

    def _keyed(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**headers, "idempotency-key": f"k-{next(self._keys)}"}


@pytest.fixture
async def counter(client: httpx.AsyncClient, people: People, town: Town) -> Counter:
    await town.add_vehicle(7)
    shelf = ((APPLES, 999, True), (YOGHURT, 1580, False), (CREAM, 900, False))
    async with town.database.write() as tx:
        for goods_id, price_fen, is_weighed in shelf:
            thing = Goods(
                goods_id=goods_id,
                merchant_id=SHOP,
                name_zh="示例",
                name_en="Sample",
                price_fen=price_fen,
                mass_g=250.0,
                litres=0.5,
                temperature=Temperature.CHILLED,
                stock=10,
                is_weighed=is_weighed,
            )
            await CatalogueStore(tx).put_goods(thing)
    me = await people.resident()
    made = Counter(client, town, await people.merchant(), me)
    async with town.database.read() as tx:
        resident_id = (await tx.execute(select(residents.c.id))).scalar_one()
    await pays_in(town, resident_id, BALANCE_FEN)
    return made


async def test_nothing_is_loaded_before_the_customer_agreed_and_the_difference_is_on_the_books(
    counter: Counter,
) -> None:
    town = counter.town
    order = await counter.orders((MILK, 2), (CREAM, 1))
    order_id, held = order["orderId"], 2 * 1280 + 900 + 300
    assert await counter.purse_fen() == BALANCE_FEN - held
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    lacking = {"goodsId": MILK, "missing": 1, "substituteId": YOGHURT}
    asked = (await counter.shop(order_id, "substitutions", lacking)).json()
    assert [(one["state"], one["moreFen"], one["lessFen"]) for one in asked["substitutions"]] == [
        ("offered", 1580 - 1280, 1280)
    ]
    assert await stock_of(town.database, YOGHURT) == 9, "kept for her until she answers"
    early = await counter.shop(order_id, "loaded", {})
    assert (early.status_code, early.json()["code"]) == (409, "answer-awaited")
    again = await counter.shop(order_id, "substitutions", lacking)
    assert again.status_code == 409, "a line is asked about once"
    taken = (await counter.answers(order_id, MILK, is_taken=True)).json()
    assert [(line["goodsId"], line["quantity"]) for line in taken["lines"]] == [
        (MILK, 1),
        (YOGHURT, 1),
        (CREAM, 1),
    ]
    assert taken["totalFen"] == held - 1280 + 1580
    assert await counter.purse_fen() == BALANCE_FEN - taken["totalFen"]
    late = await counter.answers(order_id, MILK, is_taken=False)
    assert (late.status_code, late.json()["code"]) == (409, "illegal-transition")
    assert (await counter.shop(order_id, "loaded", {})).status_code == 202
    assert (await check(town)).is_balanced


async def test_silence_leaves_out_what_is_missing_and_what_is_weighed_costs_its_weight_up_to_a_cap(
    counter: Counter,
) -> None:
    town = counter.town
    order_id = (await counter.orders((MILK, 2), (CREAM, 1)))["orderId"]
    watch = OrderWatch(town.database, town.clock)
    await counter.shop(order_id, "substitutions", {"goodsId": MILK, "substituteId": YOGHURT})
    later(town, 479)
    await watch.watch_once()
    assert len((await town.read(order_id)).lines) == 2
    later(town, 2)
    await watch.watch_once()
    left = await town.read(order_id)
    assert ([line.goods_id for line in left.lines], left.total_fen) == ([CREAM], 1200)
    assert await counter.purse_fen() == BALANCE_FEN - 1200
    assert await stock_of(town.database, YOGHURT) == 10
    await counter.shop(order_id, "substitutions", {"goodsId": CREAM})
    over = (await counter.answers(order_id, CREAM, is_taken=False)).json()
    assert (over["state"], over["reason"]) == (OrderState.CANCELLED.value, "nothing_left")
    assert await counter.purse_fen() == BALANCE_FEN
    assert await holds(town, AccountKind.HELD, "op-a") == 0
    assert await stock_of(town.database, MILK) == 8, "what the shop lacks does not go back on its shelf"
    order = await counter.orders((APPLES, 2))
    order_id, [line] = order["orderId"], order["lines"]
    assert line["weighed"] == {"estimateG": 500, "capG": 600, "weightG": None}
    assert order["totalFen"] == 300 + 599, "held at the cap: 600 g of 9.99 a kilogram"
    unweighed = await counter.shop(order_id, "ready")
    assert (unweighed.status_code, unweighed.json()["code"]) == (409, "weight-missing")
    heavy = await counter.shop(order_id, "ready", {"weights": [{"goodsId": APPLES, "weightG": 601}]})
    assert (heavy.status_code, heavy.json()["code"]) == (400, "weight-over-cap")
    assert (heavy.json()["fields"]["field"], heavy.json()["fields"]["limit"]) == ("weightG", 600)
    right = await counter.shop(order_id, "ready", {"weights": [{"goodsId": APPLES, "weightG": 431}]})
    assert right.status_code == 200
    weighed = await town.read(order_id)
    assert weighed.total_fen == 300 + 431, "430.569 fen to the nearest"
    assert await counter.purse_fen() == BALANCE_FEN - weighed.total_fen
    assert (await check(town)).is_balanced
