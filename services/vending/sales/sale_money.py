"""A sale as the ledger of money knows it (services.settlement.book_sale). Pure."""

from services.settlement.sale_money import SaleMoney
from services.settlement.terms import PaidBy
from services.vending.sales.sale import VendingSale
from services.vending.sales.states import HOLDING

TAKEN_LATE = "taken_late"
"""Reason of a sale that was settled after the money held for it had gone back: then all of it is due."""


def money_of(sale: VendingSale) -> SaleMoney:
    """Return the money side of a sale as it stands."""
    return SaleMoney(
        sale_id=sale.sale_id,
        operator=sale.operator,
        district=sale.district,
        vehicle_no=sale.vehicle_no,
        resident_id=sale.resident_id,
        paid_by=PaidBy.AT_PICKUP if sale.reason == TAKEN_LATE else sale.paid_by,
        reserved_fen=sale.held_fen,
        sold_fen=None if sale.state in HOLDING else sale.sold_fen,
    )
