"""What a resident finds of before: her orders that are over, page by page, and shops by a word."""

import httpx
import pytest

from tests.integration.mobile_api.conftest import People
from tests.integration.mobile_api.test_resident_orders import Headers, placed
from tests.integration.services.orders.town import DOOR, SHOP, Town

ORDERS = "/api/resident/orders"


async def over(client: httpx.AsyncClient, me: Headers, count: int) -> list[str]:
    """Place orders and call them off; their ids, newest first."""
    ids: list[str] = []
    for n in range(count):
        ids.insert(0, (await placed(client, me, key=f"k-{n}")).json()["orderId"])
        await client.post(f"{ORDERS}/{ids[0]}/cancel", headers={**me, "idempotency-key": f"c-{n}"})
    return ids


async def listed(client: httpx.AsyncClient, me: Headers, **asked: str | int) -> list[str]:
    answer = await client.get(ORDERS, params=asked, headers=me)
    assert answer.status_code == 200, answer.text
    return [order["orderId"] for order in answer.json()]


async def test_orders_that_are_over_are_listed_page_by_page_each_once(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    past = await over(client, me, 5)
    now = (await placed(client, me, key="now")).json()["orderId"]
    assert set(await listed(client, me)) == {now, *past}
    assert await listed(client, me, state="open") == [now]
    first = await listed(client, me, state="over", limit=2)
    second = await listed(client, me, state="over", limit=2, before=first[-1])
    third = await listed(client, me, state="over", limit=2, before=second[-1])
    assert (len(first), len(second), len(third)) == (2, 2, 1)
    assert set(first + second + third) == set(past)
    assert await listed(client, me, state="over", before=third[-1]) == []


async def test_an_order_says_of_which_shop_and_for_which_door_it_can_be_ordered_again(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me = await people.resident()
    order = (await placed(client, me)).json()
    assert (order["merchantId"], order["pickupPointId"]) == (SHOP, DOOR)


async def test_the_order_of_somebody_else_is_no_place_in_ones_list(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    me, other = await people.resident(), await people.resident("+8613900139000")
    hers = (await placed(client, other)).json()["orderId"]
    for nobodys in (hers, "o-nobody"):
        answer = await client.get(ORDERS, params={"before": nobodys}, headers=me)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("asked", "found"), [("大件", {SHOP}), (" PARC ", {SHOP}), ("%", set()), ("", {SHOP, "m-2"})]
)
async def test_a_shop_is_found_by_what_it_sells_in_either_language(
    client: httpx.AsyncClient, people: People, town: Town, asked: str, found: set[str]
) -> None:
    me = await people.resident()
    answer = await client.get("/api/resident/merchants", params={"q": asked}, headers=me)
    assert {shop["merchantId"] for shop in answer.json()} == found


async def test_a_shop_is_found_by_its_own_name(client: httpx.AsyncClient, people: People, town: Town) -> None:
    me = await people.resident()
    for shop in (await client.get("/api/resident/merchants", headers=me)).json():
        for name in (shop["nameZh"], shop["nameEn"].upper()):
            answer = await client.get("/api/resident/merchants", params={"q": name}, headers=me)
            assert shop["merchantId"] in {one["merchantId"] for one in answer.json()}, name
