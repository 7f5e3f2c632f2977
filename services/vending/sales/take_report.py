"""The report that ends a sale: how many pieces were taken out of the slot."""

from datetime import datetime
from typing import cast

from core.database import Transaction
from core.ids import VehicleNo
from core.inbox import InboxItem
from fleet.links.wire.reports import GoodsTaken, read_report_body
from services.settlement.entry import SaleId
from services.vending.hold_goods import sell_late, settle_holding
from services.vending.sales.code_store import SaleCodeStore
from services.vending.sales.release_sale import release
from services.vending.sales.sale import VendingSale
from services.vending.sales.sale_money import TAKEN_LATE
from services.vending.sales.states import SaleEvent, SaleState
from services.vending.sales.store import SaleStore

APPLIED = "applied"


async def take_goods_taken(tx: Transaction, item: InboxItem, *, at: datetime) -> str:
    """Sell what was taken, put the rest back and post the money; return the outcome in a word.

    ``unknown-sale`` is none of this vehicle's; ``wrong-slot`` names another compartment than the sale's;
    ``already``: the sale was settled before. Goods that were taken after the sale was given up are sold
    late and due.
    """
    body = cast(GoodsTaken, read_report_body(item.kind, item.body))
    sale = await SaleStore(tx).of_vehicle(SaleId(body.sale_id), VehicleNo(item.vehicle_no))
    if sale is None:
        return "unknown-sale"
    if body.compartment != sale.slot:
        return "wrong-slot"
    moment = min(max(item.measured_at, sale.reserved_at), at)
    if sale.state is SaleState.SETTLED:
        return "already"
    if sale.state is SaleState.RELEASED:
        return await _late(tx, sale, body.quantity, moment)
    actor = f"vehicle:{sale.vehicle_no}"
    if not body.quantity:
        if sale.state is SaleState.OPENING:
            await release(tx, sale, SaleEvent.NOTHING_TAKEN, "nothing_taken", actor=actor, at=moment)
        return APPLIED
    sold = await settle_holding(tx, sale.holding, body.quantity, at=moment)
    await SaleCodeStore(tx).end(sale.sale_id)
    await SaleStore(tx).move(
        sale, SaleEvent.GOODS_TAKEN, at=moment, actor=actor, taken=body.quantity, sold=sold
    )
    return APPLIED


async def _late(tx: Transaction, sale: VendingSale, taken: int, at: datetime) -> str:
    if not taken:
        return "already"
    sold = await sell_late(tx, sale.holding, taken, at=at)
    actor = f"vehicle:{sale.vehicle_no}"
    await SaleStore(tx).move(
        sale, SaleEvent.TAKEN_LATE, at=at, actor=actor, taken=taken, sold=sold, reason=TAKEN_LATE
    )
    return APPLIED
