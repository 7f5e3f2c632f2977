"""Holding goods for a buyer, and what becomes of them: sold as far as they were taken, else back on the
shelf."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.database import Transaction
from services.vending.ledger import (
    Holding,
    Movement,
    MovementKind,
    Pick,
    StockLine,
    first_expired_first_out,
)
from services.vending.planogram import Slot
from services.vending.stock_store import StockStore


async def hold_goods(
    tx: Transaction, wanted: Holding, quantity: int, *, at: datetime
) -> tuple[Slot, Holding]:
    """Hold pieces, the soonest to expire first, and return slot and holding; the same cause holds once.

    Of two buyers of the last piece one gets it: Conflict ``out-of-stock`` for the other. Raises NotFound
    for a slot that the vehicle does not have.
    """
    store = StockStore(tx)
    slot = await store.own_slot(wanted.vehicle_no, wanted.slot)
    cause = f"hold:{wanted.cause}"
    if done := await store.happened(cause):
        picks = tuple(Pick(lot_id=each.lot_id, quantity=each.held) for each in done)
        return slot, msgspec.structs.replace(wanted, picks=picks)
    lines = await store.lines_of(wanted.vehicle_no, wanted.slot)
    picks = first_expired_first_out(lines, quantity, at=at)
    await store.post(
        [_movement(wanted, slot, MovementKind.RESERVE, pick, n, cause, at) for n, pick in enumerate(picks)]
    )
    return slot, msgspec.structs.replace(wanted, picks=picks)


async def settle_holding(tx: Transaction, holding: Holding, taken: int, *, at: datetime) -> int:
    """Sell what was taken and put the rest of a holding back; return how many pieces were sold.

    More taken than held is sold from the shelf as far as the ledger has any: the rest is for the next
    count to find. The same cause settles once.
    """
    store = StockStore(tx)
    slot = await store.own_slot(holding.vehicle_no, holding.slot)
    cause = f"settle:{holding.cause}"
    if done := await store.happened(cause):
        return -sum(each.held + each.shelf for each in done if each.kind is MovementKind.SELL)
    movements, sold = _of_held(holding, slot, taken, cause, at)
    if taken > sold:
        lines = await store.lines_of(holding.vehicle_no, holding.slot)
        extra = _of_shelf(holding, slot, lines, taken - sold, cause, at, first_line=len(movements))
        sold -= sum(each.shelf for each in extra)
        movements += extra
    await store.post(movements)
    return sold


async def sell_late(tx: Transaction, holding: Holding, taken: int, *, at: datetime) -> int:
    """Sell what was taken although the holding had been put back meanwhile; return how many were sold."""
    store = StockStore(tx)
    slot = await store.own_slot(holding.vehicle_no, holding.slot)
    cause = f"late:{holding.cause}"
    if done := await store.happened(cause):
        return -sum(each.shelf for each in done)
    lines = await store.lines_of(holding.vehicle_no, holding.slot)
    movements = _of_shelf(holding, slot, lines, taken, cause, at, first_line=0)
    await store.post(movements)
    return -sum(each.shelf for each in movements)


def _of_held(
    holding: Holding, slot: Slot, taken: int, cause: str, at: datetime
) -> tuple[list[Movement], int]:
    movements: list[Movement] = []
    sold = 0
    for pick in holding.picks:
        part = min(taken - sold, pick.quantity)
        sold += part
        for kind, quantity in ((MovementKind.SELL, part), (MovementKind.RELEASE, pick.quantity - part)):
            if quantity:
                piece = Pick(lot_id=pick.lot_id, quantity=quantity)
                movements.append(_movement(holding, slot, kind, piece, len(movements), cause, at))
    return movements, sold


def _of_shelf(
    holding: Holding,
    slot: Slot,
    lines: Sequence[StockLine],
    wanted: int,
    cause: str,
    at: datetime,
    *,
    first_line: int,
) -> list[Movement]:
    movements: list[Movement] = []
    for line in lines:
        part = min(wanted, line.shelf)
        if not part:
            continue
        wanted -= part
        piece = Pick(lot_id=line.lot.lot_id, quantity=part)
        made = _movement(holding, slot, MovementKind.SELL, piece, first_line + len(movements), cause, at)
        movements.append(msgspec.structs.replace(made, shelf=-part, held=0))
    return movements


def _movement(
    holding: Holding, slot: Slot, kind: MovementKind, pick: Pick, line: int, cause: str, at: datetime
) -> Movement:
    shelf = {MovementKind.RESERVE: -pick.quantity, MovementKind.RELEASE: pick.quantity}.get(kind, 0)
    return Movement(
        cause=cause,
        line=line,
        vehicle_no=holding.vehicle_no,
        slot=holding.slot,
        lot_id=pick.lot_id,
        goods_id=slot.goods_id,
        kind=kind,
        shelf=shelf,
        held=pick.quantity if kind is MovementKind.RESERVE else -pick.quantity,
        price_fen=slot.price_fen,
        actor=holding.actor,
        at=at,
    )
