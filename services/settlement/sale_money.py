"""What a purchase at a vending vehicle has moved by how far it is, and the postings in between."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import DistrictCode, OperatorId, ResidentId, VehicleNo
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import MOST_FEN, Posting, PostingKind, SaleId
from services.settlement.order_money import Stand, Way
from services.settlement.terms import PaidBy

SaleFen = Annotated[int, Meta(ge=0, le=MOST_FEN)]


class SaleMoney(msgspec.Struct, frozen=True, kw_only=True):
    """The money side of one purchase. The goods are the operator's own.

    ``sold_fen`` is None while it is open, then the price of what the vehicle says was taken: nothing taken
    is 0, more taken than reserved is more.
    """

    sale_id: SaleId
    operator: OperatorId
    district: DistrictCode
    vehicle_no: VehicleNo
    resident_id: ResidentId
    paid_by: PaidBy
    reserved_fen: SaleFen
    sold_fen: SaleFen | None = None


class GoodsLoss(msgspec.Struct, frozen=True, kw_only=True):
    """Own goods gone from a vehicle (spoiled, missing at a count) at the price of the day.

    ``cause`` is the stock ledger's and posts once. Below zero: found again.
    """

    cause: str
    operator: OperatorId
    district: DistrictCode
    vehicle_no: VehicleNo
    amount_fen: int


def stand_of_sale(sale: SaleMoney) -> Stand:
    """Return everything that the purchase has moved by now.

    Open: what was reserved is held when the balance pays. Settled: what was taken is sold and the rest goes
    back the way it came; what was taken beyond the reserved is due, because it is gone already.
    """
    held = account(AccountKind.HELD, sale.operator)
    purse = account(AccountKind.RESIDENT_BALANCE, sale.resident_id)
    due = account(AccountKind.RESIDENT_DUE, sale.resident_id)
    covered = sale.reserved_fen if sale.paid_by is PaidBy.BALANCE else 0
    if sale.sold_fen is None:
        ways = {Way(purse, held, PostingKind.PAYMENT): covered}
    else:
        sold = sale.sold_fen
        ways = {
            Way(purse, held, PostingKind.PAYMENT): min(covered, sold),
            Way(due, held, PostingKind.PAYMENT): max(0, sold - covered),
            Way(held, account(AccountKind.SALES, sale.operator), PostingKind.GOODS): sold,
        }
    return {way: amount for way, amount in ways.items() if amount}


def loss_posting(loss: GoodsLoss) -> tuple[Posting, ...]:
    """Return the operator's loss, its way back when goods were found again, nothing for nothing."""
    lost, gone = account(AccountKind.LOSS, loss.operator), account(AccountKind.WRITTEN_OFF, loss.operator)
    if loss.amount_fen == 0:
        return ()
    giver, taker = (lost, gone) if loss.amount_fen > 0 else (gone, lost)
    amount = abs(loss.amount_fen)
    return (Posting(from_account=giver, to_account=taker, kind=PostingKind.LOSS, amount_fen=amount),)
