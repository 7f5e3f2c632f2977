"""Orders that are placed at the same time share a transaction, and each is as if it had come alone."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from core.auth.tables import residents
from core.idempotency import idempotency_keys
from core.ids import OrderId
from core.outbox import outbox
from services.delivery.code_store import PickupCodeStore
from services.delivery.tables import goods, merchants
from services.orders.tables import order_events, orders
from services.settlement.tables import order_terms
from tests.integration.mobile_api.conftest import People
from tests.integration.mobile_api.test_resident_orders import BASKET, placed
from tests.integration.services.orders.town import MILK, SHOP, Town
from tests.integration.services.settlement.money import pays_in

Headers = Mapping[str, str]


@pytest.fixture
def crowd(people: People) -> Any:
    async def come(many: int) -> list[Headers]:
        return [await people.resident(f"+86138001380{number:02d}") for number in range(many)]

    return come


async def rows(town: Town, table: Any) -> int:
    async with town.database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())


async def one_carton() -> dict[str, Any]:
    return {**BASKET, "lines": [{"goodsId": MILK, "quantity": 1}]}


async def test_a_crowd_takes_what_is_on_the_shelf_and_not_a_carton_more(
    client: httpx.AsyncClient, town: Town, crowd: Any
) -> None:
    await town.add_vehicle(7)
    async with town.database.write() as tx:
        await tx.execute(update(merchants).where(merchants.c.merchant_id == SHOP).values(accepts_itself=True))
    people, basket = await crowd(15), await one_carton()
    answers = await asyncio.gather(*(placed(client, one, "k", basket) for one in people))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 5}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"out-of-stock"}
    made = [answer.json()["orderId"] for answer in answers if answer.status_code == 201]
    assert len(set(made)) == 10
    async with town.database.read() as tx:
        left = (await tx.execute(select(goods.c.stock).where(goods.c.goods_id == MILK))).scalar_one()
        codes = await PickupCodeStore(tx).of_orders([OrderId(each) for each in made])
        wanted = select(func.count()).where(outbox.c.topic == "dispatch.wanted")
        rounds = (await tx.execute(wanted)).scalar_one()
    assert left == 0
    assert len({code.secret for code in codes.values()}) == 10
    assert await rows(town, order_events) == 20, "placed and accepted"
    assert await rows(town, order_terms) == 10
    assert await rows(town, idempotency_keys) == 10, "who was refused may ask again"
    assert 1 <= rounds < 10, "a zone is asked once a group"


async def test_the_same_request_twice_at_once_is_one_order(
    client: httpx.AsyncClient, town: Town, people: People
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    other = {**BASKET, "note": "another"}
    twice, again = await asyncio.gather(placed(client, me), placed(client, me))
    assert twice.json() == again.json()
    assert await rows(town, orders) == 1
    first, reused = await asyncio.gather(placed(client, me, "k-2"), placed(client, me, "k-2", other))
    made, refused = sorted((first, reused), key=lambda answer: answer.status_code)
    assert (made.status_code, refused.status_code) == (201, 409)
    assert refused.json()["code"] == "idempotency-key-reused"
    assert await rows(town, orders) == 2


async def test_the_same_request_twice_at_once_is_refused_for_the_same_reason(
    client: httpx.AsyncClient, town: Town, people: People
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    too_much = {**BASKET, "lines": [{"goodsId": MILK, "quantity": 11}]}
    on_account = {**BASKET, "paidBy": "balance"}
    for body, code in ((too_much, "out-of-stock"), (on_account, "balance-too-low")):
        answers = await asyncio.gather(*(placed(client, me, "k", body) for _ in range(2)))
        assert [answer.json()["code"] for answer in answers] == [code, code]
    assert (await placed(client, me, "k")).status_code == 201, "a key that was refused is good again"


async def test_who_cannot_pay_costs_the_others_nothing(
    client: httpx.AsyncClient, town: Town, crowd: Any, people: People
) -> None:
    await town.add_vehicle(7)
    rich = await people.resident("+8613900139000")
    async with town.database.read() as tx:
        resident_id = (await tx.execute(select(residents.c.id))).scalar_one()
    await pays_in(town, resident_id, 5_000)
    poor, other = await crowd(2)
    basket = await one_carton()
    on_account = {**basket, "paidBy": "balance"}
    answers = await asyncio.gather(
        placed(client, poor, "k", on_account),
        placed(client, other, "k", basket),
        placed(client, rich, "k", on_account),
        placed(client, other, "k-2", {**basket, "merchantId": "m-9"}),
    )
    assert [answer.status_code for answer in answers] == [409, 201, 201, 404]
    assert answers[0].json()["code"] == "balance-too-low"
    assert await rows(town, orders) == 2
    async with town.database.read() as tx:
        left = (await tx.execute(select(goods.c.stock).where(goods.c.goods_id == MILK))).scalar_one()
    assert left == 8


async def test_a_key_that_was_answered_is_answered_again_beside_one_that_reuses_it(
    client: httpx.AsyncClient, town: Town, people: People
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    first = await placed(client, me)
    other = {**BASKET, "note": "another"}
    for bodies in ((BASKET, other), (other, BASKET)):
        answers = await asyncio.gather(*(placed(client, me, "k-1", body) for body in bodies))
        made, refused = sorted(answers, key=lambda answer: answer.status_code)
        assert (made.status_code, refused.status_code) == (201, 409)
        assert made.json() == first.json()
        assert refused.json()["code"] == "idempotency-key-reused"
    assert await rows(town, orders) == 1
