"""Buying at a vending vehicle for somebody on the telephone, who types a code on its keypad."""

import secrets
from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleStore
from services.delivery.pickup_code import SECRET_BYTES
from services.notices.kinds import Occasion
from services.settlement.entry import SaleId
from services.vending.sales.code_store import SaleCodeStore
from services.vending.sales.notices import tell_buyer
from services.vending.sales.release_sale import cancel_sale
from services.vending.sales.reserve_goods import Purchase, reserve_goods
from services.vending.sales.sale import VendingSale
from services.vending.sales.sale_code import SaleCode
from services.vending.sales.states import SaleState
from services.vending.sales.store import SaleStore
from services.vending.sales.tell_vehicle import give_codes


class KeypadHands:
    """What the codes of sales need beside the transaction: the key of keypads, and the clock's rate."""

    def __init__(self, keypad_root: str, rate: float) -> None:
        """Take ``security.keypad_key``, and city seconds a wall second for the life of commands."""
        self.keypad_root = keypad_root
        self.rate = rate


async def buy_for_somebody(
    tx: Transaction,
    principal: Principal,
    wanted: Purchase,
    heard: LastHeard | None,
    hands: KeypadHands,
    *,
    consent: str,
    at: datetime,
) -> VendingSale:
    """Return the purchase with its goods held, its vehicle and its buyer told the code, all on record.

    Raises what ``reserve_goods`` raises, NotFound for a vehicle out of reach, Conflict
    ``command-not-possible`` at the scene of an incident.
    """
    await VehicleStore(tx).get(wanted.vehicle_no, reach_of(principal))
    sale = await reserve_goods(tx, wanted, heard, at=at, rate=hands.rate)
    code = SaleCode(sale_id=sale.sale_id, secret=secrets.token_bytes(SECRET_BYTES))
    await SaleCodeStore(tx).add(code)
    await give_codes(tx, sale, code, keypad_root=hands.keypad_root, at=at, rate=hands.rate)
    await tell_buyer(tx, sale, Occasion.RESERVED, turn=code.generation, at=at)
    fields = {
        "vehicle": int(sale.vehicle_no),
        "slot": sale.slot,
        "quantity": sale.quantity,
        "paid_by": sale.paid_by.value,
        "consent": consent,
    }
    await audit.record(tx, principal, "sale.placed_for_somebody", _about(sale), fields, at=at)
    return sale


async def refresh_code(
    tx: Transaction, principal: Principal, sale_id: SaleId, *, at: datetime
) -> VendingSale:
    """Return the purchase whose buyer is told a fresh code; the vehicle knows it already.

    Raises NotFound, Conflict ``gone`` once its door was opened or its time is over, ``pickup-code-locked``
    after the third.
    """
    sale = await _by_telephone(tx, principal, sale_id)
    if not sale.is_reserved or sale.expires_at <= at:
        raise Conflict("gone", "this purchase is over", sale_id=sale_id, state=sale.state.value)
    codes = SaleCodeStore(tx)
    code = await codes.get(sale_id)
    fresh = code.with_code(code.code.refresh())
    await codes.save(code, fresh)
    await tell_buyer(tx, sale, Occasion.RESERVED, turn=fresh.generation, at=at)
    fields = {"generation": fresh.generation}
    await audit.record(tx, principal, "sale.code_refreshed", _about(sale), fields, at=at)
    return sale


async def cancel_for_somebody(
    tx: Transaction, principal: Principal, sale_id: SaleId, *, at: datetime, rate: float
) -> VendingSale:
    """Return the purchase called off, its code withdrawn from the vehicle; the same again is the same.

    Raises NotFound, Conflict once its door was opened.
    """
    sale = await _by_telephone(tx, principal, sale_id)
    if sale.state is SaleState.RELEASED:
        return sale
    actor = f"staff:{principal.name}"
    released = await cancel_sale(tx, sale_id, reach_of(principal), actor=actor, at=at, rate=rate)
    await audit.record(tx, principal, "sale.cancelled", _about(sale), {}, at=at)
    return released


async def _by_telephone(tx: Transaction, principal: Principal, sale_id: SaleId) -> VendingSale:
    """Return a purchase made by telephone; what somebody bought herself is nobody else's to change."""
    sale = await SaleStore(tx).own(sale_id, reach_of(principal))
    if sale.placed_by is None:
        raise Conflict("conflict", "she bought this herself", sale_id=sale_id)
    return sale


def _about(sale: VendingSale) -> str:
    return f"sale:{sale.sale_id}"
