"""Money over the counter on real stores: top-ups, receipts, refunds, payouts, corrections."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.auth.roles import Role
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import DistrictCode, MerchantId, OperatorId
from services.settlement.accounts import AccountKind
from services.settlement.entry import EntrySource
from services.settlement.give_money import BorneBy, correct_merchant, pay_merchant, refund_order
from services.settlement.payment_port import Counter
from services.settlement.store import BookedEntry
from services.settlement.take_money import MOST_BALANCE_FEN, MOST_TOP_UP_FEN, receive_order_due, top_up
from services.settlement.terms import PaidBy
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import RESIDENT, SHOP, Town
from tests.integration.services.settlement.money import agree, arrived_and_paid, check, holds

A = AccountKind
OWN = OperatorId("op-a")
LEAD = a_principal(Role.SHIFT_LEAD, operator="op-a")
PORT = Counter()


async def do[T](town: Town, deed: Callable[[Transaction], Awaitable[T]]) -> T:
    async with town.database.write() as tx:
        return await deed(tx)


async def tops_up(town: Town, amount_fen: int, principal: Any = LEAD, district: str = "KB") -> BookedEntry:
    return await do(
        town,
        lambda tx: top_up(
            tx,
            PORT,
            principal,
            RESIDENT,
            amount_fen=amount_fen,
            district=DistrictCode(district),
            note="cash",
            at=town.now,
        ),
    )


async def refunds(town: Town, order_id: Any, amount_fen: int, borne_by: BorneBy) -> BookedEntry:
    return await do(
        town,
        lambda tx: refund_order(
            tx, LEAD, order_id, amount_fen=amount_fen, borne_by=borne_by, reason="sour milk", at=town.now
        ),
    )


async def pays(town: Town, amount_fen: int, merchant: str = SHOP, principal: Any = LEAD) -> BookedEntry:
    return await do(
        town,
        lambda tx: pay_merchant(
            tx, PORT, principal, MerchantId(merchant), amount_fen=amount_fen, note="transfer 1", at=town.now
        ),
    )


async def test_a_top_up_is_a_receipt_and_stays_within_what_a_balance_may_hold(any_town: Town) -> None:
    town = any_town
    receipt = await tops_up(town, 5000)
    assert (receipt.entry.source, receipt.entry.note) == (EntrySource.TOP_UP, "cash")
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 5000
    assert await holds(town, A.TILL, OWN) == -5000
    for amount, limit in ((0, "1 to 100000"), (MOST_TOP_UP_FEN + 1, "1 to 100000")):
        with pytest.raises(Invalid) as refused:
            await tops_up(town, amount)
        assert (refused.value.fields["field"], refused.value.fields["limit"]) == ("amountFen", limit)
    at_once = [tops_up(town, MOST_TOP_UP_FEN) for _ in range(6)]
    taken = await asyncio.gather(*at_once, return_exceptions=True)
    assert sum(isinstance(one, Invalid) for one in taken) == 2, "4 of 1,000 yuan fit beside 50"
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 405_000 <= MOST_BALANCE_FEN
    with pytest.raises(Forbidden):
        await tops_up(town, 100, a_principal(Role.ADMIN))
    with pytest.raises(NotFound):
        await tops_up(
            town, 100, a_principal(Role.DISPATCHER, operator="op-a", districts=frozenset({"KB"})), "ZG"
        )
    assert (await check(town)).is_balanced


async def test_what_is_due_is_received_once_and_refunds_go_back_the_way_it_was_paid(any_town: Town) -> None:
    town = any_town
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)

    async def receives() -> BookedEntry:
        return await do(
            town, lambda tx: receive_order_due(tx, PORT, LEAD, order.order_id, note="cash", at=town.now)
        )

    await refunds(town, order.order_id, 860, "merchant")
    assert await holds(town, A.RESIDENT_DUE, RESIDENT) == -2000, "not paid yet: less is due"
    at_once = await asyncio.gather(*(receives() for _ in range(3)), return_exceptions=True)
    assert sorted(getattr(one, "code", "received") for one in at_once) == [
        *("nothing-due", "nothing-due"),
        "received",
    ]
    await refunds(town, order.order_id, 500, "operator")
    assert await holds(town, A.RESIDENT_DUE, RESIDENT) == 0
    assert await holds(town, A.TILL, OWN) == -2000 + 500, "paid over the counter: back over it"
    assert await holds(town, A.MERCHANT, SHOP) == 2560 - 860
    assert await holds(town, A.LOSS, OWN) == -500
    with pytest.raises(Invalid) as refused:
        await refunds(town, order.order_id, 1501, "operator")
    assert refused.value.fields["limit"] == "1 to 1500", "never more than was paid"
    assert (await check(town)).is_balanced


async def test_a_refund_of_what_the_balance_paid_goes_onto_the_balance(any_town: Town) -> None:
    town = any_town
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    with pytest.raises(Conflict):
        await refunds(town, order.order_id, 100, "merchant")
    await vehicle.hand_over(order)
    before = await holds(town, A.RESIDENT_BALANCE, RESIDENT)
    await refunds(town, order.order_id, 2860, "merchant")
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == before + 2860
    assert (await check(town)).is_balanced


async def test_a_merchant_is_never_paid_more_than_is_owed_to_him(any_town: Town) -> None:
    town = any_town
    await agree(town, "op-a", platform_fee_bp=500)
    with pytest.raises(NotFound):
        await pays(town, 1)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    paid = await asyncio.gather(*(pays(town, 1300) for _ in range(3)), return_exceptions=True)
    refused = [one for one in paid if isinstance(one, Conflict)]
    assert [(one.code, one.fields["balance_fen"]) for one in refused] == [("balance-too-low", 1132)] * 2
    assert await holds(town, A.PAID_OUT, OWN) == 1300
    with pytest.raises(NotFound):
        await pays(town, 1, principal=a_principal(Role.SHIFT_LEAD, operator="op-b"))
    corrected = await do(
        town,
        lambda tx: correct_merchant(tx, LEAD, SHOP, amount_fen=-132, reason="counted twice", at=town.now),
    )
    assert corrected.entry.note == "counted twice"
    assert await holds(town, A.MERCHANT, SHOP) == 1000
    assert await holds(town, A.CORRECTIONS, OWN) == 132
    assert (await check(town)).is_balanced
