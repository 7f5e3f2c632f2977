"""What an order does to the ledger, in the transaction of the event that does it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict
from core.ids import OperatorId
from fleet.vehicles.store import VehicleStore
from services.orders.order import Order
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import EARNED_BY_BRINGING, Entry, EntrySource, Posting
from services.settlement.order_money import moves_money, postings_between, stand_of
from services.settlement.store import Journal, TermsStore
from services.settlement.terms import OrderTerms, PaidBy, terms_of


async def book_placed(tx: Transaction, placed: Sequence[tuple[Order, PaidBy, str]]) -> None:
    """Keep the rates that hold for orders of one moment, and hold what is paid beforehand.

    ``placed``: order, how it is paid, who placed it. Raises Conflict ``balance-too-low`` when a resident has
    paid in less than her order costs.
    """
    if not placed:
        return
    terms = TermsStore(tx)
    sellers = {(order.operator, order.merchant_id) for order, _, _ in placed}
    rates = await terms.in_force_of(sellers, placed[0][0].placed_at)
    kept = [
        terms_of(order.order_id, rates[order.operator, order.merchant_id], paid_by)
        for order, paid_by, _ in placed
    ]
    await terms.keep(kept)
    for (order, paid_by, actor), held in zip(placed, kept, strict=True):
        if paid_by is PaidBy.BALANCE:
            await _must_cover(tx, order, order.total_fen)
            await _post(tx, None, order, held, "OrderPlaced", actor=actor, at=order.placed_at)


async def book_move(
    tx: Transaction, before: Order, after: Order, event: str, *, actor: str, at: datetime
) -> None:
    """Post what the event moved; most events move no money and cost nothing here.

    An order from before there were books is left out of them to its end. Raises Conflict
    ``balance-too-low`` when what is held beforehand would grow past what the resident paid in.
    """
    if not moves_money(before, after):
        return
    kept = (await TermsStore(tx).of_orders([after.order_id])).get(after.order_id)
    if kept is None:
        return
    more_fen = after.total_fen - before.total_fen
    if kept.paid_by is PaidBy.BALANCE and more_fen > 0 and not after.is_terminal:
        await _must_cover(tx, after, more_fen)
    await _post(tx, before, after, kept, event, actor=actor, at=at)


async def _must_cover(tx: Transaction, order: Order, needed_fen: int) -> None:
    purse = account(AccountKind.RESIDENT_BALANCE, order.resident_id)
    balance = await Journal(tx).take_turn(purse, order.placed_at)
    if balance < needed_fen:
        raise Conflict("balance-too-low", balance_fen=balance, needed_fen=needed_fen)


async def _post(
    tx: Transaction,
    before: Order | None,
    after: Order,
    kept: OrderTerms,
    event: str,
    *,
    actor: str,
    at: datetime,
) -> None:
    was = {} if before is None else stand_of(before, kept)
    moved = postings_between(was, stand_of(after, kept))
    entry = Entry(
        cause=f"order:{after.order_id}:{after.version}:{event}",
        source=EntrySource.ORDER,
        at=at,
        operator=after.operator,
        district=after.district,
        order_id=after.order_id,
        vehicle_no=after.vehicle_no,
        carrier=await _carrier(tx, after, moved),
        actor=actor,
        postings=moved,
    )
    await Journal(tx).post(entry)


async def _carrier(tx: Transaction, order: Order, moved: Iterable[Posting]) -> OperatorId | None:
    """Return whose vehicle brought an order of another company, for entries by which bringing is earned."""
    earns = any(one.kind in EARNED_BY_BRINGING for one in moved)
    if order.vehicle_no is None or not earns:
        return None
    brought_by = (await VehicleStore(tx).get(order.vehicle_no, EVERYTHING)).operator
    return None if brought_by == order.operator else brought_by
