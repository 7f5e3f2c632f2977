"""Putting back what was reserved and not taken: called off, past its time, the vehicle gone."""

from datetime import datetime

from core.auth.principal import Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import VehicleNo
from services.notices.kinds import Occasion
from services.notices.want_notice import stand_down
from services.settlement.entry import SaleId
from services.vending.hold_goods import settle_holding
from services.vending.sales.code_store import SaleCodeStore
from services.vending.sales.notices import sale_key, tell_buyer
from services.vending.sales.sale import VendingSale
from services.vending.sales.states import SaleEvent, SaleState
from services.vending.sales.store import SaleStore
from services.vending.sales.tell_vehicle import withdraw_codes

SYSTEM = "system:vending"


async def cancel_sale(
    tx: Transaction, sale_id: SaleId, reach: Reach, *, actor: str, at: datetime, rate: float
) -> VendingSale:
    """Return the sale called off, its code withdrawn from the vehicle when it has one; one that is over
    without having sold anything is given back as it is.

    Raises NotFound, Conflict ``conflict`` once the door was asked for: then what is taken decides.
    """
    sale = await SaleStore(tx).own(sale_id, reach)
    if sale.state is SaleState.RELEASED:
        return sale
    if sale.state is not SaleState.RESERVED:
        raise Conflict("conflict", "the door was asked for", sale_id=sale_id, state=sale.state.value)
    released = await release(tx, sale, SaleEvent.CANCELLED, "changed_mind", actor=actor, at=at)
    if sale.placed_by is not None:
        await withdraw_codes(tx, sale, at=at, rate=rate)
    return released


async def release_unopened(tx: Transaction, vehicle_no: VehicleNo, reason: str, *, at: datetime) -> None:
    """Put back what is reserved at a vehicle that drives on and whose door nobody asked for."""
    for sale in await SaleStore(tx).at_vehicle(vehicle_no, [SaleState.RESERVED]):
        await release(tx, sale, SaleEvent.EXPIRED, reason, actor=SYSTEM, at=at)


async def release_late(tx: Transaction, sale: VendingSale, *, at: datetime) -> VendingSale:
    """Return the sale whose time is over: nobody asked for the door, or the vehicle never said anything."""
    if sale.state is SaleState.RESERVED:
        return await release(tx, sale, SaleEvent.EXPIRED, "not_opened", actor=SYSTEM, at=at)
    return await release(tx, sale, SaleEvent.NOT_REPORTED, "not_reported", actor=SYSTEM, at=at)


async def release(
    tx: Transaction, sale: VendingSale, event: SaleEvent, reason: str, *, actor: str, at: datetime
) -> VendingSale:
    """Move the sale, put its pieces back on the shelf and its money back, all in this transaction."""
    released = await SaleStore(tx).move(sale, event, at=at, actor=actor, reason=reason)
    await settle_holding(tx, sale.holding, 0, at=at)
    if sale.placed_by is not None:
        await _tell_no_more(tx, released, event, at=at)
    return released


async def _tell_no_more(tx: Transaction, sale: VendingSale, event: SaleEvent, *, at: datetime) -> None:
    """Let the code die and be sent no more; who did not call it off herself is told."""
    await SaleCodeStore(tx).end(sale.sale_id)
    await stand_down(tx, sale_key(sale.sale_id), at=at)
    if event is SaleEvent.EXPIRED:
        await tell_buyer(tx, sale, Occasion.RELEASED, turn=sale.version, at=at)
