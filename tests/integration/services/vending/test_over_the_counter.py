"""What is due for a purchase is taken in once, what went wrong is given back, on real stores."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from core.auth.roles import Role
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import DistrictCode, OperatorId
from services.settlement.accounts import AccountKind
from services.settlement.check_books import check_books
from services.settlement.dues import Due, dues_of
from services.settlement.payment_port import Counter
from services.settlement.store import BookedEntry
from services.settlement.terms import PaidBy
from services.vending.sales.over_the_counter import receive_sale_due, refund_sale
from services.vending.sales.sale import VendingSale
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import KB, Town
from tests.integration.services.settlement.money import holds
from tests.integration.services.vending.shelf import WATER
from tests.integration.services.vending.stand import a_stocked_seller, ask_door, reserve, take
from tests.integration.services.vending.test_sales import pay_in

A = AccountKind
OWN = OperatorId("op-a")
LEAD = a_principal(Role.SHIFT_LEAD, operator="op-a")
PRICE = WATER.price_fen


async def do[T](town: Town, deed: Callable[[Transaction], Awaitable[T]]) -> T:
    async with town.database.write() as tx:
        return await deed(tx)


async def bought(town: Town, quantity: int, paid_by: PaidBy, taken: int | None = None) -> VendingSale:
    sale = await reserve(town, quantity=quantity, paid_by=paid_by)
    await ask_door(town, sale)
    assert await take(town, sale, quantity if taken is None else taken) == "applied"
    return sale


async def receives(town: Town, sale: VendingSale) -> BookedEntry:
    return await do(
        town, lambda tx: receive_sale_due(tx, Counter(), LEAD, sale.sale_id, note="cash", at=town.now)
    )


async def refunds(town: Town, sale: VendingSale, amount_fen: int) -> BookedEntry:
    return await do(
        town,
        lambda tx: refund_sale(tx, LEAD, sale.sale_id, amount_fen=amount_fen, reason="leaked", at=town.now),
    )


async def dues(town: Town, operator: OperatorId = OWN, district: str | None = None) -> list[Due]:
    districts = None if district is None else frozenset({DistrictCode(district)})
    async with town.database.read() as tx:
        return await dues_of(tx, operator, districts, since=town.now - timedelta(days=31))


async def is_balanced(town: Town) -> bool:
    async with town.database.read() as tx:
        return (await check_books(tx)).is_balanced


async def test_what_was_taken_without_paying_is_listed_until_it_is_received_once(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    sale = await bought(town, 2, PaidBy.AT_PICKUP)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    listed = await dues(town)
    assert {(due.order_id or due.sale_id, due.due_fen) for due in listed} == {
        (sale.sale_id, 2 * PRICE),
        (order.order_id, order.total_fen),
    }
    assert listed == sorted(listed, key=lambda due: due.since)
    assert await dues(town, OperatorId("op-b")) == []
    assert len(await dues(town, district=KB)) == 2
    assert await dues(town, district="ZG") == []
    at_once = await asyncio.gather(*(receives(town, sale) for _ in range(3)), return_exceptions=True)
    assert sorted(getattr(one, "code", "received") for one in at_once) == [
        *("nothing-due", "nothing-due"),
        "received",
    ]
    assert [due.order_id for due in await dues(town)] == [order.order_id]
    assert await holds(town, A.TILL, OWN) == -2 * PRICE
    assert await is_balanced(town)


async def test_a_refund_lowers_what_is_due_and_then_goes_back_over_the_counter(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    sale = await bought(town, 2, PaidBy.AT_PICKUP)
    await refunds(town, sale, 100)
    assert [due.due_fen for due in await dues(town)] == [2 * PRICE - 100]
    await receives(town, sale)
    await refunds(town, sale, 50)
    assert await dues(town) == []
    assert await holds(town, A.TILL, OWN) == -(2 * PRICE - 100) + 50
    assert await holds(town, A.LOSS, OWN) == -150, "the goods were its own"
    with pytest.raises(Invalid) as refused:
        await refunds(town, sale, 2 * PRICE - 149)
    assert refused.value.fields["limit"] == f"1 to {2 * PRICE - 150}"
    assert await is_balanced(town)


async def test_a_refund_of_what_the_balance_paid_goes_onto_the_balance(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    await pay_in(town, "r-1", 2_000)
    sale = await bought(town, 2, PaidBy.BALANCE, taken=3)
    assert [due.due_fen for due in await dues(town)] == [PRICE], "one more than was reserved"
    await refunds(town, sale, PRICE + 10)
    assert await dues(town) == []
    assert await holds(town, A.RESIDENT_BALANCE, "r-1") == 2_000 - 2 * PRICE + 10
    assert await is_balanced(town)


async def test_nothing_is_given_back_of_what_nobody_took_or_is_out_of_reach(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    sale = await reserve(town, quantity=1)
    with pytest.raises(Conflict):
        await refunds(town, sale, 1)
    with pytest.raises(Conflict) as nothing:
        await receives(town, sale)
    assert nothing.value.code == "nothing-due"
    for principal, error in (
        (a_principal(Role.SHIFT_LEAD, operator="op-b"), NotFound),
        (a_principal(Role.ADMIN), Forbidden),
    ):
        for deed in (
            lambda tx, who=principal: receive_sale_due(
                tx, Counter(), who, sale.sale_id, note="", at=town.now
            ),
            lambda tx, who=principal: refund_sale(
                tx, who, sale.sale_id, amount_fen=1, reason="x", at=town.now
            ),
        ):
            with pytest.raises(error):
                await do(town, deed)
