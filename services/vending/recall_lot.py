"""Recalling a lot: from the moment this commits nobody can buy a piece of it anywhere."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from services.vending.ledger import Lot, LotId, StockLine
from services.vending.stock_store import StockStore


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """A recalled lot, and where pieces of it still lie: those are taken out by hand (spoiled)."""

    lot: Lot
    lying: tuple[StockLine, ...]


async def recall_lot(
    tx: Transaction, principal: Principal, lot_id: LotId, reason: str, *, at: datetime
) -> Recalled:
    """Block a lot of an operator within reach; one that is recalled already is given back as it is.

    Raises NotFound.
    """
    store = StockStore(tx)
    lot = await store.lot(lot_id, reach_of(principal))
    if lot.recalled_at is None:
        await store.recall(lot_id, reason, at=at)
        lot = msgspec.structs.replace(lot, recalled_at=at, recall_reason=reason)
        await audit.record(tx, principal, "lot.recalled", f"lot:{lot_id}", {}, reason, at=at)
    return Recalled(lot=lot, lying=tuple(await store.lines_of_lot(lot_id)))
