"""What a purchase at a vending vehicle moves, by how far it is."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import AccountId, DistrictCode, OperatorId, ResidentId, VehicleNo
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import SaleId, changes
from services.settlement.order_money import netted, postings_between
from services.settlement.sale_money import GoodsLoss, SaleMoney, loss_posting, stand_of_sale
from services.settlement.terms import PaidBy

PURSE = account(AccountKind.RESIDENT_BALANCE, "r")
DUE = account(AccountKind.RESIDENT_DUE, "r")
HELD = account(AccountKind.HELD, "op")
SALES = account(AccountKind.SALES, "op")
LOSS = account(AccountKind.LOSS, "op")
GONE = account(AccountKind.WRITTEN_OFF, "op")


def a_sale(paid_by: PaidBy = PaidBy.BALANCE, **changed: object) -> SaleMoney:
    usual = SaleMoney(
        sale_id=SaleId("s-1"),
        operator=OperatorId("op"),
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        resident_id=ResidentId("r"),
        paid_by=paid_by,
        reserved_fen=600,
    )
    return msgspec.structs.replace(usual, **changed)


def after(sale: SaleMoney) -> dict[AccountId, int]:
    moved = changes(postings_between({}, stand_of_sale(sale)))
    return {account_id: amount for account_id, amount in moved.items() if amount}


@pytest.mark.parametrize(
    ("sale", "moved"),
    [
        (a_sale(), {PURSE: -600, HELD: 600}),
        (a_sale(PaidBy.AT_PICKUP), {}),
        (a_sale(sold_fen=0), {}),
        (a_sale(sold_fen=350), {PURSE: -350, SALES: 350}),
        (a_sale(sold_fen=950), {PURSE: -600, DUE: -350, SALES: 950}),
        (a_sale(PaidBy.AT_PICKUP, sold_fen=600), {DUE: -600, SALES: 600}),
    ],
    ids=["open", "open-unpaid", "nothing-taken", "one-left", "one-more", "paid-after"],
)
def test_a_purchase_moves_what_was_taken_and_no_fen_more(
    sale: SaleMoney, moved: dict[AccountId, int]
) -> None:
    assert after(sale) == moved


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PaidBy), st.integers(0, 900), st.integers(0, 900))
def test_any_purchase_balances_and_leaves_nothing_held(paid_by: PaidBy, reserved: int, sold: int) -> None:
    opened = a_sale(paid_by, reserved_fen=reserved)
    stands = [{}, stand_of_sale(opened), stand_of_sale(msgspec.structs.replace(opened, sold_fen=sold))]
    moved = [posting for was, now in itertools.pairwise(stands) for posting in postings_between(was, now)]
    assert netted(moved) == stands[-1]
    assert sum(changes(moved).values()) == 0
    assert changes(moved)[HELD] == 0
    assert changes(moved)[SALES] == sold


def test_goods_that_are_gone_are_the_operators_loss_and_come_back_when_found() -> None:
    loss = GoodsLoss(
        cause="count:1",
        operator=OperatorId("op"),
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        amount_fen=900,
    )
    assert changes(loss_posting(loss)) == {LOSS: -900, GONE: 900}
    assert changes(loss_posting(msgspec.structs.replace(loss, amount_fen=-300))) == {LOSS: 300, GONE: -300}
    assert loss_posting(msgspec.structs.replace(loss, amount_fen=0)) == ()
