"""Telling a vehicle which codes open a slot for a sale, and that none does any more."""

from datetime import datetime

from core.database import Transaction
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, SaleCodes
from fleet.vehicles.store import VehicleStore
from services.delivery.keypad import keypad_key
from services.tasks.plan import wire_verifiers
from services.vending.sales.sale import VendingSale
from services.vending.sales.sale_code import SaleCode


async def give_codes(
    tx: Transaction, sale: VendingSale, code: SaleCode, *, keypad_root: str, at: datetime, rate: float
) -> None:
    """Give the vehicle every code that the sale can have, good as long as its goods are held.

    Raises Conflict ``command-not-possible`` at the scene of an incident.
    """
    key = keypad_key(keypad_root, sale.vehicle_no)
    verifiers = wire_verifiers(code.code.verifiers(key, expires_at=sale.expires_at))
    body = SaleCodes(sale_id=sale.sale_id, compartment=sale.slot, quantity=sale.quantity, verifiers=verifiers)
    await queue_command(tx, _wish(sale, body), at=at, rate=rate)


async def withdraw_codes(tx: Transaction, sale: VendingSale, *, at: datetime, rate: float) -> None:
    """Let the vehicle open nothing for the sale any more. At the scene of an incident it is not told: nobody
    opens anything there, and the codes end by themselves."""
    if await VehicleStore(tx).held_at_scene({sale.vehicle_no}):
        return
    body = SaleCodes(sale_id=sale.sale_id, compartment=sale.slot, quantity=sale.quantity)
    await queue_command(tx, _wish(sale, body), at=at, rate=rate)


def _wish(sale: VendingSale, body: SaleCodes) -> Wish:
    return Wish(vehicle_no=sale.vehicle_no, kind=CommandKind.SALE_CODES, body=body, reason="vending_sale")
