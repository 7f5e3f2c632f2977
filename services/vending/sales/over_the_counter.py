"""What staff takes in for purchases that are still due, and gives back for those that went wrong."""

from datetime import datetime

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from services.settlement.accounts import AccountKind, account
from services.settlement.bought import Bought
from services.settlement.entry import SaleId
from services.settlement.give_money import Refund, give_back
from services.settlement.payment_port import PaymentPort
from services.settlement.store import BookedEntry
from services.settlement.take_money import own_operator, receive_due
from services.vending.sales.sale import VendingSale
from services.vending.sales.sale_money import money_of
from services.vending.sales.states import SaleState
from services.vending.sales.store import SaleStore


async def receive_sale_due(
    tx: Transaction, port: PaymentPort, principal: Principal, sale_id: SaleId, *, note: str, at: datetime
) -> BookedEntry:
    """Take what is still due for a purchase; raise NotFound, Conflict ``nothing-due``."""
    own_operator(principal)
    sale = await SaleStore(tx).get(sale_id, reach_of(principal))
    return await receive_due(tx, port, principal, bought_by_sale(sale), note=note, at=at)


async def refund_sale(
    tx: Transaction, principal: Principal, sale_id: SaleId, *, amount_fen: int, reason: str, at: datetime
) -> BookedEntry:
    """Give back part of what was taken, at the operator's cost: the goods were its own.

    Raises NotFound, Conflict for a purchase of which nothing was taken, else as ``give_back``.
    """
    own_operator(principal)
    sale = await SaleStore(tx).get(sale_id, reach_of(principal))
    if sale.state is not SaleState.SETTLED:
        raise Conflict("conflict", "only what was taken is refunded by hand", state=sale.state.value)
    wanted = Refund(
        bought=bought_by_sale(sale),
        paid_by=money_of(sale).paid_by,
        cost_fen=sale.sold_fen,
        amount_fen=amount_fen,
        bearer=account(AccountKind.LOSS, sale.operator),
        reason=reason,
    )
    return await give_back(tx, principal, wanted, at=at)


def bought_by_sale(sale: VendingSale) -> Bought:
    """Return a purchase as something bought."""
    return Bought(
        operator=sale.operator,
        district=sale.district,
        resident_id=sale.resident_id,
        vehicle_no=sale.vehicle_no,
        sale_id=sale.sale_id,
    )
