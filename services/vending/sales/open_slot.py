"""Opening the slot of a reserved sale, and what follows when the vehicle does not."""

from datetime import datetime, timedelta

import msgspec

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Conflict
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, OpenCompartment
from services.settlement.entry import SaleId
from services.vending.sales.sale import VendingSale
from services.vending.sales.states import HOLDING, SaleEvent, SaleState
from services.vending.sales.store import SaleStore
from services.vending.stock_store import StockStore

REPORTS_WITHIN_S = 900.0
"""City seconds within which the vehicle says what was taken; after that the goods are put back in the
books."""


def reports_by(at: datetime) -> datetime:
    """Return until when a vehicle whose door was opened, or asked for, says what was taken."""
    return at + timedelta(seconds=REPORTS_WITHIN_S)


async def open_slot(
    tx: Transaction, sale_id: SaleId, reach: Reach, *, at: datetime, rate: float
) -> VendingSale:
    """Return the sale with its door asked for; one whose door was asked for already is given back as it is.

    Raises NotFound, Conflict ``gone`` past its time or once it is over, ``lot-blocked`` when what was
    reserved has been recalled meanwhile.
    """
    store = SaleStore(tx)
    sale = await store.own(sale_id, reach)
    if sale.state is SaleState.OPENING:
        return sale
    if sale.state is not SaleState.RESERVED or sale.expires_at <= at:
        raise Conflict("gone", "this purchase is over", sale_id=sale_id, state=sale.state.value)
    for pick in sale.picks:
        lot = await StockStore(tx).lot(pick.lot_id, EVERYTHING)
        if not lot.may_be_sold(at):
            raise Conflict("lot-blocked", "this lot may not be sold any more", lot_id=pick.lot_id)
    command = await queue_command(tx, _wish(sale), at=at, rate=rate)
    return await store.move(
        sale,
        SaleEvent.DOOR_ASKED,
        at=at,
        actor=f"resident:{sale.resident_id}",
        command_id=command.command_id,
        expires_at=reports_by(at),
    )


async def door_ended(tx: Transaction, command: Command, *, at: datetime) -> None:
    """Let the buyer try again when the vehicle refused to open (fleet.commands.ending).

    A command that nobody answered is not refused: the door may have opened, and the vehicle says so later.
    """
    if command.state not in (CommandState.REJECTED, CommandState.FAILED):
        return
    body = msgspec.json.decode(bytes(command.body), type=OpenCompartment)
    if isinstance(body.sale_id, msgspec.UnsetType):
        return
    store = SaleStore(tx)
    sale = await store.of_vehicle(SaleId(body.sale_id), command.vehicle_no)
    if sale is None or sale.state not in HOLDING or sale.command_id != command.command_id:
        return
    if sale.state is SaleState.OPENING:
        word = command.detail[:64] or "refused"
        actor = f"vehicle:{command.vehicle_no}"
        await store.move(sale, SaleEvent.DOOR_REFUSED, at=at, actor=actor, reason=word)


def _wish(sale: VendingSale) -> Wish:
    return Wish(
        vehicle_no=sale.vehicle_no,
        kind=CommandKind.OPEN_COMPARTMENT,
        body=OpenCompartment(compartment=sale.slot, sale_id=sale.sale_id, quantity=sale.quantity),
        requester=f"resident:{sale.resident_id}",
        reason="vending_sale",
    )
