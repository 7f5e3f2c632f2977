"""Recalling a lot: from the moment this commits nobody can buy a piece of it anywhere."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from services.vending.ledger import Lot, LotId, StockLine
from services.vending.sales.release_sale import SYSTEM, release
from services.vending.sales.states import SaleEvent, SaleState
from services.vending.sales.store import SaleStore
from services.vending.sales.tell_vehicle import withdraw_codes
from services.vending.stock_store import StockStore


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """A recalled lot, and where pieces of it still lie: those are taken out by hand (spoiled)."""

    lot: Lot
    lying: tuple[StockLine, ...]


async def recall_lot(
    tx: Transaction, principal: Principal, lot_id: LotId, reason: str, *, at: datetime, rate: float
) -> Recalled:
    """Block a lot of an operator within reach; one that is recalled already is given back as it is.

    What was reserved of it by telephone is put back and its code withdrawn: a vehicle that is not heard asks
    nobody before it opens. Raises NotFound.
    """
    store = StockStore(tx)
    lot = await store.lot(lot_id, reach_of(principal))
    if lot.recalled_at is None:
        await store.recall(lot_id, reason, at=at)
        lot = msgspec.structs.replace(lot, recalled_at=at, recall_reason=reason)
        await audit.record(tx, principal, "lot.recalled", f"lot:{lot_id}", {}, reason, at=at)
        await _put_back_what_a_code_opens(tx, lot_id, at=at, rate=rate)
    return Recalled(lot=lot, lying=tuple(await store.lines_of_lot(lot_id)))


async def _put_back_what_a_code_opens(tx: Transaction, lot_id: LotId, *, at: datetime, rate: float) -> None:
    for number in {line.vehicle_no for line in await StockStore(tx).lines_of_lot(lot_id)}:
        for sale in await SaleStore(tx).at_vehicle(number, [SaleState.RESERVED]):
            if sale.placed_by is None or all(pick.lot_id != lot_id for pick in sale.picks):
                continue
            await release(tx, sale, SaleEvent.EXPIRED, "lot_recalled", actor=SYSTEM, at=at)
            await withdraw_codes(tx, sale, at=at, rate=rate)
