"""What a shop lacks: what it may offer, until when, and what becomes of an offer that nobody answered."""

from datetime import datetime, timedelta

import pytest

from core.auth.principal import EVERYTHING
from core.errors import Conflict, Invalid, NotFound, SteppeError
from core.ids import GoodsId, OrderId
from services.delivery.catalogue import Goods
from services.delivery.compartments import Temperature
from services.delivery.store import CatalogueStore
from services.merchants.forbidden import Forbidden
from services.merchants.forbidden_store import ForbiddenStore
from services.orders.cancel_order import cancel_order
from services.orders.draft import DraftLine
from services.orders.order import Order
from services.orders.states import OrderState
from services.substitutions.answer_substitute import answer_substitute
from services.substitutions.offer_substitute import (
    ANSWER_S,
    LEAST_ANSWER_S,
    LOAD_MARGIN_S,
    Lacking,
    offer_substitute,
)
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import Substitution, SubstitutionState
from services.tasks.states import StopKind
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import MILK, SHOP, Town, later

YOGHURT, KNIFE, CHURN = GoodsId("g-yoghurt"), GoodsId("g-knife"), GoodsId("g-churn")
SOUP, NOODLES_OF_ANOTHER = GoodsId("g-soup"), GoodsId("g-noodles")
WITH_YOGHURT = Lacking(goods_id=MILK, substitute=YOGHURT)


@pytest.fixture
async def shop(town: Town) -> Town:
    """A town with a vehicle whose supermarket sells yoghurt, a knife and a churn too."""
    await town.add_vehicle(7)
    async with town.database.write() as tx:
        for goods_id, name, litres in ((YOGHURT, "酸奶", 0.5), (KNIFE, "刀", 0.5), (CHURN, "奶桶", 500.0)):
            thing = Goods(
                goods_id=goods_id,
                merchant_id=SHOP,
                name_zh=name,
                name_en="Sample",
                price_fen=1580,
                mass_g=250.0,
                litres=litres,
                temperature=Temperature.CHILLED,
                stock=10,
            )
            await CatalogueStore(tx).put_goods(thing)
    return town


async def lack(town: Town, order: Order, lacking: Lacking = WITH_YOGHURT) -> None:
    async with town.database.write() as tx:
        await offer_substitute(tx, a_principal(), order.order_id, lacking, at=town.now)


async def answer(town: Town, order: Order, *, is_taken: bool) -> Order:
    async with town.database.write() as tx:
        return await answer_substitute(
            tx, order.order_id, MILK, EVERYTHING, is_taken=is_taken, actor="resident:r", at=town.now, rate=1.0
        )


async def offer_of(town: Town, order_id: OrderId) -> Substitution:
    async with town.database.read() as tx:
        return await SubstitutionStore(tx).get(order_id, MILK)


async def shelf(town: Town, *ids: GoodsId) -> list[int]:
    async with town.database.read() as tx:
        found = await CatalogueStore(tx).goods_by_id(ids)
    return [found[goods_id].stock for goods_id in ids]


@pytest.mark.parametrize(
    ("lacking", "refused", "code"),
    [
        (Lacking(goods_id=MILK, missing=3, substitute=YOGHURT), Invalid, "invalid-input"),
        (Lacking(goods_id=MILK, missing=0, substitute=YOGHURT), Invalid, "invalid-input"),
        (Lacking(goods_id=MILK, substitute=YOGHURT, quantity=0), Invalid, "invalid-input"),
        (Lacking(goods_id=YOGHURT), NotFound, "not-found"),
        (Lacking(goods_id=MILK, substitute=NOODLES_OF_ANOTHER), NotFound, "not-found"),
        (Lacking(goods_id=MILK, substitute=MILK), Conflict, "conflict"),
        (Lacking(goods_id=MILK, substitute=YOGHURT, quantity=11), Conflict, "out-of-stock"),
        (Lacking(goods_id=MILK, missing=1, substitute=SOUP), Conflict, "goods-not-together"),
    ],
    ids=[
        "more than was ordered",
        "none missing",
        "nothing instead",
        "not ordered",
        "another shop's",
        "in the order already",
        "more than there is",
        "hot with cold",
    ],
)
async def test_a_shop_offers_only_what_could_have_been_ordered(
    shop: Town, lacking: Lacking, refused: type[SteppeError], code: str
) -> None:
    order = await shop.order()
    with pytest.raises(refused) as no:
        await lack(shop, order, lacking)
    assert no.value.code == code
    assert await shelf(shop, YOGHURT, SOUP) == [10, 10], "what is refused is not kept from the shelf"


async def test_what_nobody_may_sell_is_not_offered_either(shop: Town) -> None:
    async with shop.database.write() as tx:
        rule = Forbidden(
            category="blades",
            name_zh="刀具",
            name_en="Blades",
            reason_zh="不得无人售卖",
            reason_en="not sold unattended",
            words=("刀",),
        )
        await ForbiddenStore(tx).put([rule])
    order = await shop.order()
    with pytest.raises(Conflict) as no:
        await lack(shop, order, Lacking(goods_id=MILK, substitute=KNIFE))
    assert no.value.code == "goods-forbidden"


async def test_what_the_box_of_the_coming_vehicle_does_not_take_is_not_offered(shop: Town) -> None:
    order = await shop.order()
    await shop.round()
    assert (await shop.read(order.order_id)).vehicle_no == 7
    with pytest.raises(Conflict) as no:
        await lack(shop, order, Lacking(goods_id=MILK, substitute=CHURN))
    assert no.value.code == "order-too-large"


async def test_room_is_kept_for_either_answer(shop: Town) -> None:
    order = await shop.order()
    await lack(shop, order, Lacking(goods_id=MILK, substitute=CHURN))
    assert (await shop.read(order.order_id)).parcel.litres == 500.0
    declined = await answer(shop, order, is_taken=False)
    assert declined.state is OrderState.CANCELLED


async def test_she_has_eight_minutes_and_less_where_a_vehicle_waits(shop: Town) -> None:
    order = await shop.order()
    await lack(shop, order)
    assert (await offer_of(shop, order.order_id)).answer_by == shop.now + timedelta(seconds=ANSWER_S)


@pytest.mark.parametrize(
    "waited_s", [0.0, 300.0, 100_000.0], ids=["just there", "for a while", "about to leave"]
)
async def test_a_vehicle_that_stands_there_leaves_time_to_load_after_the_answer(
    shop: Town, waited_s: float
) -> None:
    order = await shop.order()
    await shop.round()
    vehicle = shop.script(7)
    plan = await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    reached_at, wait_s = shop.now, next(stop.wait_s for stop in plan.stops if stop.kind == "load")
    waited_s = min(waited_s, wait_s - 1)
    later(shop, waited_s)
    await lack(shop, order)
    leaves_at: datetime = reached_at + timedelta(seconds=wait_s - LOAD_MARGIN_S)
    usual, least = (shop.now + timedelta(seconds=s) for s in (ANSWER_S, LEAST_ANSWER_S))
    assert (await offer_of(shop, order.order_id)).answer_by == max(least, min(usual, leaves_at))


async def test_a_line_is_asked_about_once_and_the_same_answer_counts_once(shop: Town) -> None:
    order = await shop.order()
    await lack(shop, order)
    with pytest.raises(Conflict):
        await lack(shop, order)
    assert await shelf(shop, YOGHURT) == [9]
    first = await answer(shop, order, is_taken=True)
    assert (await answer(shop, order, is_taken=True)).version == first.version
    assert [line.goods_id for line in first.lines] == [YOGHURT]


async def test_an_order_that_ends_before_the_answer_gives_both_shelves_back(shop: Town) -> None:
    order = await shop.order()
    assert await shelf(shop, MILK) == [8]
    await lack(shop, order, Lacking(goods_id=MILK, missing=1, substitute=YOGHURT, quantity=2))
    assert await shelf(shop, YOGHURT) == [8]
    async with shop.database.write() as tx:
        await cancel_order(
            tx, order.order_id, EVERYTHING, by="merchant", reason="x", actor="m", at=shop.now, rate=1.0
        )
    assert await shelf(shop, MILK, YOGHURT) == [9, 10], "the carton that the shop lacks was never there"
    assert (await offer_of(shop, order.order_id)).state is SubstitutionState.DROPPED


async def test_goods_on_board_before_an_answer_leave_out_what_was_called_missing(shop: Town) -> None:
    order = await shop.order()
    await shop.round()
    vehicle = shop.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await lack(shop, order, Lacking(goods_id=MILK, missing=1, substitute=YOGHURT))
    await vehicle.load(order)
    loaded = await shop.read(order.order_id)
    assert loaded.state is OrderState.IN_TRANSIT
    assert [(line.goods_id, line.quantity) for line in loaded.lines] == [(MILK, 1)]
    assert (await offer_of(shop, order.order_id)).state is SubstitutionState.LAPSED
    assert await shelf(shop, YOGHURT) == [10]


async def test_goods_on_board_keep_their_last_line(shop: Town) -> None:
    order = await shop.order()
    await shop.round()
    vehicle = shop.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await lack(shop, order)
    await vehicle.load(order)
    assert [line.goods_id for line in (await shop.read(order.order_id)).lines] == [MILK]


async def test_of_two_missing_things_each_is_answered_by_itself(shop: Town) -> None:
    lines = (DraftLine(goods_id=MILK, quantity=2), DraftLine(goods_id=YOGHURT, quantity=1))
    order = await shop.order(lines=lines)
    await lack(shop, order, Lacking(goods_id=MILK))
    await lack(shop, order, Lacking(goods_id=YOGHURT))
    left = await answer(shop, order, is_taken=False)
    assert [line.goods_id for line in left.lines] == [YOGHURT]
    async with shop.database.read() as tx:
        waiting = await SubstitutionStore(tx).open_of(order.order_id)
    assert [one.goods_id for one in waiting] == [YOGHURT]


async def test_goods_that_are_on_board_are_no_longer_missing(shop: Town) -> None:
    order = await shop.order()
    await shop.round()
    vehicle = shop.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    with pytest.raises(Conflict):
        await lack(shop, order)
