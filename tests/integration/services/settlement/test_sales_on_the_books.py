"""Purchases at vending vehicles and the ledger on real stores."""

import asyncio

import msgspec
import pytest

from core.errors import Conflict
from core.ids import DistrictCode, ResidentId, VehicleNo
from services.settlement.accounts import AccountKind
from services.settlement.book_sale import book_goods_loss, book_sale
from services.settlement.entry import SaleId
from services.settlement.sale_money import GoodsLoss, SaleMoney
from services.settlement.terms import PaidBy
from tests.integration.services.orders.town import RESIDENT, Town
from tests.integration.services.settlement.money import OPERATOR, check, holds, pays_in

A = AccountKind


def a_sale(number: int = 1) -> SaleMoney:
    return SaleMoney(
        sale_id=SaleId(f"s-{number}"),
        operator=OPERATOR,
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        resident_id=ResidentId(RESIDENT),
        paid_by=PaidBy.BALANCE,
        reserved_fen=600,
    )


async def reserve(town: Town, sale: SaleMoney) -> None:
    async with town.database.write() as tx:
        await book_sale(tx, None, sale, "SaleReserved", version=1, actor="resident:r", at=town.now)


async def test_a_purchase_is_posted_once_and_only_as_far_as_the_balance_reaches(any_town: Town) -> None:
    town = any_town
    await pays_in(town, RESIDENT, 1000)
    asked = await asyncio.gather(*(reserve(town, a_sale(n)) for n in (1, 2, 3)), return_exceptions=True)
    refused = [one for one in asked if isinstance(one, Conflict)]
    assert [(one.code, one.fields) for one in refused] == [
        ("balance-too-low", {"balance_fen": 400, "needed_fen": 600})
    ] * 2
    sale = a_sale(asked.index(None) + 1)
    sold = msgspec.structs.replace(sale, sold_fen=900)
    for _ in range(2):
        async with town.database.write() as tx:
            await book_sale(tx, sale, sold, "GoodsTaken", version=2, actor="vehicle:7", at=town.now)
    assert await holds(town, A.RESIDENT_BALANCE, RESIDENT) == 400
    assert await holds(town, A.RESIDENT_DUE, RESIDENT) == -300, "taken beyond what was reserved"
    assert await holds(town, A.SALES, OPERATOR) == 900
    assert await holds(town, A.HELD, OPERATOR) == 0
    assert (await check(town)).is_balanced


async def test_goods_lost_from_a_vehicle_are_posted_once_with_the_stock_ledgers_cause(
    any_town: Town,
) -> None:
    town = any_town
    loss = GoodsLoss(
        cause="staff:s-1:" + "k" * 180,
        operator=OPERATOR,
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        amount_fen=450,
    )
    for _ in range(2):
        async with town.database.write() as tx:
            await book_goods_loss(tx, loss, actor="staff:s-1", at=town.now)
    with pytest.raises(RuntimeError):
        async with town.database.write() as tx:
            other = msgspec.structs.replace(loss, cause="count:2")
            await book_goods_loss(tx, other, actor="staff:s-1", at=town.now)
            raise RuntimeError("the count is rolled back, and its loss with it")
    assert await holds(town, A.LOSS, OPERATOR) == -450
    assert await holds(town, A.WRITTEN_OFF, OPERATOR) == 450
    assert (await check(town)).is_balanced
