"""Orders and the ledger on real stores: posted with the event, once, or not at all."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.auth.principal import EVERYTHING
from core.errors import Conflict
from services.orders.cancel_order import cancel_order
from services.orders.order import Order
from services.orders.states import GoodsCollected, OrderState
from services.orders.store import OrderStore
from services.orders.tables import orders
from services.settlement.accounts import AccountKind
from services.settlement.store import Journal, of_order
from services.settlement.tables import journal_entries, order_terms, postings
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import RESIDENT, SHOP, Town
from tests.integration.services.settlement.money import agree, check, holds, paid_beforehand, pays_in

A = AccountKind


async def entries_of(town: Town, order: Order) -> list[str]:
    async with town.database.read() as tx:
        booked = await Journal(tx).entries_of(of_order(order.order_id))
    return [one.entry.cause.rpartition(":")[2] for one in booked]


async def test_a_delivered_order_pays_merchant_operator_and_platform(any_town: Town) -> None:
    town = any_town
    await agree(town, "op-a", platform_fee_bp=500, subsidy_fen=150)
    order, vehicle = await an_arrived_order(town)
    assert await entries_of(town, order) == [], "nothing is owed before it is collected"
    await vehicle.hand_over(order)
    assert await entries_of(town, order) == ["GoodsCollected"]
    assert await holds(town, A.RESIDENT_DUE, RESIDENT) == -2860
    assert await holds(town, A.MERCHANT, SHOP) == 2560 - 128
    assert await holds(town, A.PLATFORM_FEES, "op-a") == 128
    assert await holds(town, A.DELIVERY_FEES, "op-a") == 300 + 150
    assert await holds(town, A.SUBSIDY, "op-a") == -150
    assert await vehicle.hand_over(order) == "already", "the vehicle says it twice"
    report = await check(town)
    assert report.is_balanced
    assert (report.entries, report.orders) == (1, 1)


async def test_what_is_paid_beforehand_is_held_and_comes_back_the_same_way(any_town: Town) -> None:
    town = any_town
    await town.add_vehicle(7)
    await pays_in(town, RESIDENT, 5000)
    order = await paid_beforehand(town)
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 5000 - 2860
    assert await holds(town, A.HELD, order.operator) == 2860
    async with town.database.write() as tx:
        await cancel_order(
            tx,
            order.order_id,
            EVERYTHING,
            by="resident",
            reason="changed_mind",
            actor="r",
            at=town.now,
            rate=1.0,
        )
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 5000
    assert await holds(town, A.HELD, order.operator) == 0
    assert await entries_of(town, order) == ["OrderPlaced", "OrderCancelled"]
    assert (await check(town)).is_balanced


async def test_a_balance_that_does_not_cover_the_order_refuses_it_whole(any_town: Town) -> None:
    town = any_town
    await town.add_vehicle(7)
    await pays_in(town, RESIDENT, 2859)
    with pytest.raises(Conflict) as refused:
        await paid_beforehand(town)
    assert (refused.value.code, refused.value.fields) == (
        "balance-too-low",
        {"balance_fen": 2859, "needed_fen": 2860},
    )
    async with town.database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(orders))).scalar_one() == 0
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 2859


async def test_of_two_orders_at_once_the_balance_pays_only_one(any_town: Town) -> None:
    town = any_town
    await town.add_vehicle(7)
    await pays_in(town, RESIDENT, 4000)
    placed = await asyncio.gather(*(paid_beforehand(town) for _ in range(4)), return_exceptions=True)
    refused = [one for one in placed if isinstance(one, Conflict)]
    assert [one.code for one in refused] == ["balance-too-low"] * 3
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 4000 - 2860
    assert (await check(town)).is_balanced


async def test_an_event_that_is_rolled_back_leaves_no_entry(any_town: Town) -> None:
    town = any_town
    order, vehicle = await an_arrived_order(town)
    with pytest.raises(RuntimeError):
        async with town.database.write() as tx:
            fresh = await OrderStore(tx).get(order.order_id, EVERYTHING)
            await OrderStore(tx).move(fresh, GoodsCollected(), at=town.now, actor="vehicle:7")
            assert await Journal(tx).entries_of(of_order(order.order_id)), "posted with the event"
            raise RuntimeError("the process dies before the commit")
    assert await entries_of(town, order) == []
    assert (await town.read(order.order_id)).state is OrderState.ARRIVED
    await vehicle.hand_over(order)
    assert await entries_of(town, order) == ["GoodsCollected"]


async def test_a_transaction_that_is_cancelled_half_way_leaves_no_entry(town: Town) -> None:
    order, _ = await an_arrived_order(town)
    moved = asyncio.Event()

    async def hand_over() -> None:
        async with town.database.write() as tx:
            fresh = await OrderStore(tx).get(order.order_id, EVERYTHING)
            await OrderStore(tx).move(fresh, GoodsCollected(), at=town.now, actor="vehicle:7")
            moved.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hand_over())
    await moved.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await entries_of(town, order) == []
    assert (await check(town)).is_balanced


async def test_the_same_cause_posts_once(any_town: Town) -> None:
    await pays_in(any_town, RESIDENT, 500)
    await pays_in(any_town, RESIDENT, 500)
    assert await holds(any_town, A.RESIDENT_BALANCE, RESIDENT) == 500


CHANGES = (
    update(postings).values(amount_fen=1),
    delete(postings),
    update(journal_entries).values(note="never happened"),
    delete(journal_entries),
)
NO_POSTINGS = ({"amount_fen": 0}, {"amount_fen": -5}, {"to_account": "till:sample-operator"})


async def test_the_store_itself_refuses_to_change_the_books(any_town: Town) -> None:
    await pays_in(any_town, RESIDENT, 500)
    for change in CHANGES:
        with pytest.raises((DBAPIError, Conflict)):
            async with any_town.database.write() as tx:
                await tx.execute(change)
    assert await holds(any_town, A.RESIDENT_BALANCE, RESIDENT) == 500


async def test_the_store_itself_refuses_a_posting_that_is_none(any_town: Town) -> None:
    await pays_in(any_town, RESIDENT, 500)
    async with any_town.database.read() as tx:
        row = dict((await tx.execute(select(postings))).mappings().one())
    for change in NO_POSTINGS:
        with pytest.raises(Conflict):
            async with any_town.database.write() as tx:
                await tx.execute(insert(postings).values({**row, "line": 1, **change}))


async def test_the_rates_of_the_day_it_was_placed_hold_to_its_end(town: Town) -> None:
    await agree(town, "op-a", platform_fee_bp=500)
    order, vehicle = await an_arrived_order(town)
    await agree(town, "op-a", from_at=order.placed_at + timedelta(seconds=1), platform_fee_bp=900)
    await vehicle.hand_over(order)
    assert await holds(town, A.PLATFORM_FEES, "op-a") == 128


async def test_the_check_finds_an_order_that_ended_without_its_entry(town: Town) -> None:
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    assert (await check(town)).is_balanced
    async with town.database.write() as tx:
        await tx.execute(update(orders).values(total_fen=orders.c.total_fen + 1))
    [finding] = (await check(town)).findings
    assert (finding.rule, finding.about) == ("order-entries", order.order_id)


async def test_the_check_finds_an_order_that_went_past_the_books(town: Town) -> None:
    await town.add_vehicle(7)
    first = await town.order()
    second = await town.order()
    async with town.database.write() as tx:
        await tx.execute(delete(order_terms).where(order_terms.c.order_id == second.order_id))
    [finding] = (await check(town)).findings
    assert (finding.rule, finding.about) == ("order-not-on-books", second.order_id)
    async with town.database.write() as tx:
        await tx.execute(delete(order_terms).where(order_terms.c.order_id == first.order_id))
    assert (await check(town)).orders_before_books == 2
