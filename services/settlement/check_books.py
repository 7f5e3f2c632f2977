"""Whether the books are right: nothing made or lost, every order's entries are what its state asks for."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import func, select

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import OrderId
from services.orders.order import Order
from services.orders.store import OrderStore
from services.orders.tables import orders
from services.settlement.accounts import AccountKind, kind_of
from services.settlement.clearing.check_clearings import check_clearings
from services.settlement.finding import Finding
from services.settlement.order_money import stand_of
from services.settlement.statement_store import StatementStore
from services.settlement.store import Journal, TermsStore
from services.settlement.tables import journal_entries, order_terms, postings

ORDERS_AT_ONCE = 500
NEVER_BELOW_ZERO = frozenset({AccountKind.RESIDENT_BALANCE, AccountKind.HELD})
"""A merchant's account may be below zero: a fee is taken back after he was paid."""


class BooksReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at and what is wrong; books without findings are balanced."""

    entries: int
    orders: int
    orders_before_books: int
    moved_fen: int
    findings: tuple[Finding, ...]

    @property
    def is_balanced(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings


async def check_books(tx: Transaction) -> BooksReport:
    """Return a report over the whole ledger and every order, read in one snapshot."""
    findings = [
        *await _accounts(tx),
        *await _entries(tx),
        *await _statements(tx),
        *await check_clearings(tx),
    ]
    seen = before_books = 0
    last = OrderId("")
    first_kept = await _first_kept(tx)
    while ids := await _some_ids(tx, last):
        last = ids[-1]
        seen += len(ids)
        kept = await TermsStore(tx).of_orders(ids)
        stands = await Journal(tx).stands(ids)
        for order_id, order in (await OrderStore(tx).of_ids(ids, EVERYTHING)).items():
            if order_id not in kept:
                before_books += 1
                findings += _not_kept(order, first_kept)
                continue
            wanted, found = stand_of(order, kept[order_id]), stands.get(order_id, {})
            if wanted != found:
                findings.append(_wrong_order(order, wanted.values(), found.values()))
    entries = int((await tx.execute(select(func.count()).select_from(journal_entries))).scalar_one())
    moved_fen = int(
        (await tx.execute(select(func.coalesce(func.sum(postings.c.amount_fen), 0)))).scalar_one()
    )
    return BooksReport(
        entries=entries,
        orders=seen,
        orders_before_books=before_books,
        moved_fen=moved_fen,
        findings=tuple(findings),
    )


def _wrong_order(order: Order, wanted: Iterable[int], found: Iterable[int]) -> Finding:
    detail = f"{order.state.value}: {sum(found)} fen moved where {sum(wanted)} should have"
    return Finding(rule="order-entries", about=order.order_id, detail=detail)


def _not_kept(order: Order, first_kept: Order | None) -> list[Finding]:
    """An order after the first one on the books must be on them too."""
    if first_kept is None or order.order_id < first_kept.order_id:
        return []
    return [Finding(rule="order-not-on-books", about=order.order_id, detail=order.state.value)]


async def _first_kept(tx: Transaction) -> Order | None:
    first = (await tx.execute(select(func.min(order_terms.c.order_id)))).scalar()
    if first is None:
        return None
    return (await OrderStore(tx).of_ids([OrderId(first)], EVERYTHING)).get(OrderId(first))


async def _some_ids(tx: Transaction, after: OrderId) -> Sequence[OrderId]:
    query = select(orders.c.order_id).where(orders.c.order_id > after).order_by(orders.c.order_id)
    return [OrderId(i) for i in (await tx.execute(query.limit(ORDERS_AT_ONCE))).scalars()]


async def _accounts(tx: Transaction) -> list[Finding]:
    """The sum over all accounts is zero; money that was paid in beforehand is never below it."""
    balances = await Journal(tx).totals()
    findings = []
    if sum(balances.values()):
        findings.append(Finding(rule="sum-not-zero", about="ledger", detail=f"{sum(balances.values())} fen"))
    for account_id, balance in balances.items():
        if balance < 0 and kind_of(account_id) in NEVER_BELOW_ZERO:
            findings.append(Finding(rule="below-zero", about=account_id, detail=f"{balance} fen"))
        if balance > 0 and kind_of(account_id) is AccountKind.RESIDENT_DUE:
            findings.append(Finding(rule="above-zero", about=account_id, detail=f"{balance} fen"))
    return findings


async def _statements(tx: Transaction) -> list[Finding]:
    """A statement's lines are the postings and add up; it opens with what the one before closed with."""
    store = StatementStore(tx)
    lines = [
        Finding(rule="statement-lines", about=one, detail="its lines are not what was posted, or their sum")
        for one in await store.wrong_lines()
    ]
    chains = [
        Finding(rule="statement-opening", about=one, detail="it does not begin where the one before ended")
        for one in await store.broken_chains()
    ]
    return [*lines, *chains]


async def _entries(tx: Transaction) -> list[Finding]:
    """An entry has postings: one without would be a cause that is marked as posted and moved nothing."""
    bare = (
        select(journal_entries.c.cause)
        .outerjoin(postings, postings.c.entry_no == journal_entries.c.entry_no)
        .where(postings.c.entry_no.is_(None))
    )
    return [
        Finding(rule="entry-without-postings", about=cause, detail="nothing was moved")
        for cause in (await tx.execute(bare)).scalars()
    ]
