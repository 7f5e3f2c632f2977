"""What a purchase at a vending vehicle does to the ledger: vending calls this in its own transaction."""

import hashlib
from datetime import datetime

from core.database import Transaction
from core.errors import Conflict
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import Entry, EntrySource
from services.settlement.order_money import Stand, postings_between
from services.settlement.sale_money import GoodsLoss, SaleMoney, loss_posting, stand_of_sale
from services.settlement.store import Journal


async def book_sale(
    tx: Transaction,
    before: SaleMoney | None,
    after: SaleMoney,
    event: str,
    *,
    version: int,
    actor: str,
    at: datetime,
) -> None:
    """Post what ``event`` moved between two versions of a purchase; ``version`` is that of ``after``.

    Reserving from a balance raises Conflict ``balance-too-low``; settling never does, since the goods are
    taken. The same version and event post once.
    """
    was: Stand = {} if before is None else stand_of_sale(before)
    if before is None:
        await _must_cover(tx, after, at)
    entry = Entry(
        cause=f"sale:{after.sale_id}:{version}:{event}",
        source=EntrySource.SALE,
        at=at,
        operator=after.operator,
        district=after.district,
        sale_id=after.sale_id,
        vehicle_no=after.vehicle_no,
        actor=actor,
        postings=postings_between(was, stand_of_sale(after)),
    )
    await Journal(tx).post(entry)


async def book_goods_loss(tx: Transaction, loss: GoodsLoss, *, actor: str, at: datetime) -> None:
    """Post goods of the operator that are gone from a vehicle, or were found again, once for each cause."""
    entry = Entry(
        cause=f"loss:{hashlib.sha256(loss.cause.encode()).hexdigest()}",
        source=EntrySource.GOODS_LOSS,
        at=at,
        operator=loss.operator,
        district=loss.district,
        vehicle_no=loss.vehicle_no,
        actor=actor,
        note=loss.cause[:200],
        postings=loss_posting(loss),
    )
    await Journal(tx).post(entry)


async def _must_cover(tx: Transaction, sale: SaleMoney, at: datetime) -> None:
    purse = account(AccountKind.RESIDENT_BALANCE, sale.resident_id)
    needed = sum(amount for way, amount in stand_of_sale(sale).items() if way.from_account == purse)
    if not needed:
        return
    balance = await Journal(tx).take_turn(purse, at)
    if balance < needed:
        raise Conflict("balance-too-low", balance_fen=balance, needed_fen=needed)
