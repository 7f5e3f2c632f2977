"""SQL of the ledger: entries are added, balances are sums over postings."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, case, func, insert, or_, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.database.statements import insert_new_rows
from core.ids import AccountId, MerchantId, OperatorId, OrderId
from services.settlement.accounts import AccountKind, account, kind_of, owner_of
from services.settlement.bought import Bought
from services.settlement.entry import Entry, EntrySource, Posting, PostingKind, SaleId, checked
from services.settlement.order_money import Stand, netted
from services.settlement.tables import accounts, agreed_terms, journal_entries, order_terms, postings
from services.settlement.terms import EVERY_MERCHANT, OrderTerms, Terms


class BookedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands in the journal."""

    entry_no: int
    entry: Entry


class MerchantSums(NamedTuple):
    """How a merchant stands with an operator."""

    owed_fen: int
    paid_out_fen: int


class Journal:
    """Adds entries and sums them up."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def post(self, entry: Entry) -> bool:
        """Add an entry with its postings, unless its cause has posted before; say whether it was added.

        Raises Invalid for a posting that moves nothing or stays in one account.
        """
        checked(entry)
        if not entry.postings:
            return False
        values = {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "postings"}
        if not await insert_new(self._tx, journal_entries, values):
            return False
        number = select(journal_entries.c.entry_no).where(journal_entries.c.cause == entry.cause)
        entry_no = int((await self._tx.execute(number)).scalar_one())
        await self._open(entry.postings, entry.at)
        rows = [
            {"entry_no": entry_no, "line": line, **msgspec.to_builtins(posting)}
            for line, posting in enumerate(entry.postings)
        ]
        await self._tx.execute(insert(postings), rows)
        return True

    async def _open(self, moved: Sequence[Posting], at: datetime) -> None:
        """Open the accounts that do not exist, always in one order, so that two entries never wait for
        each other."""
        ids = sorted({p.from_account for p in moved} | {p.to_account for p in moved})
        rows = [
            {"account_id": i, "kind": kind_of(i).value, "owner": owner_of(i), "opened_at": at} for i in ids
        ]
        await insert_new_rows(self._tx, accounts, rows)

    async def balance(self, account_id: AccountId) -> int:
        """Return what an account holds; 0 for one that was never used."""
        return (await self.balances([account_id]))[account_id]

    async def balances(self, ids: Sequence[AccountId]) -> dict[AccountId, int]:
        """Return what each of the accounts holds."""
        found = dict.fromkeys(ids, 0)
        for column, sign in ((postings.c.to_account, 1), (postings.c.from_account, -1)):
            query = select(column, func.sum(postings.c.amount_fen)).where(column.in_(sorted(set(ids))))
            for account_id, amount in await self._tx.execute(query.group_by(column)):
                found[AccountId(account_id)] += sign * int(amount)
        return found

    async def take_turn(self, account_id: AccountId, at: datetime) -> int:
        """Return the balance for somebody who spends from it: nobody else does before this transaction
        ends."""
        row = {"kind": kind_of(account_id).value, "owner": owner_of(account_id), "opened_at": at}
        await insert_new(self._tx, accounts, {"account_id": account_id, **row})
        mine = accounts.c.account_id == account_id
        await self._tx.execute(update(accounts).where(mine).values(turns=accounts.c.turns + 1))
        return await self.balance(account_id)

    async def totals(self, kinds: Iterable[AccountKind] | None = None) -> dict[AccountId, int]:
        """Return the balance of every account, of these kinds when given."""
        query = select(accounts.c.account_id).order_by(accounts.c.account_id)
        if kinds is not None:
            query = query.where(accounts.c.kind.in_(sorted(kinds)))
        ids = [AccountId(i) for i in (await self._tx.execute(query)).scalars()]
        return await self.balances(ids) if kinds is not None else await self._all(ids)

    async def _all(self, ids: Sequence[AccountId]) -> dict[AccountId, int]:
        found = dict.fromkeys(ids, 0)
        for column, sign in ((postings.c.to_account, 1), (postings.c.from_account, -1)):
            query = select(column, func.sum(postings.c.amount_fen)).group_by(column)
            for account_id, amount in await self._tx.execute(query):
                found[AccountId(account_id)] = found.get(AccountId(account_id), 0) + sign * int(amount)
        return found

    async def net(self, of: ColumnElement[bool], account_id: AccountId) -> int:
        """Return by how much the entries ``of`` something have raised an account (below zero: lowered)."""
        sign = case((postings.c.to_account == account_id, 1), else_=-1)
        query = (
            select(func.coalesce(func.sum(sign * postings.c.amount_fen), 0))
            .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
            .where(of, touches(account_id))
        )
        return int((await self._tx.execute(query)).scalar_one())

    async def has_account_with(self, operator: OperatorId, merchant_id: MerchantId) -> bool:
        """Return whether an operator's entries have ever moved a merchant's account."""
        query = (
            select(postings.c.entry_no)
            .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
            .where(
                journal_entries.c.operator == operator,
                touches(account(AccountKind.MERCHANT, merchant_id)),
            )
            .limit(1)
        )
        return (await self._tx.execute(query)).first() is not None

    async def operators_of(self, merchant_id: MerchantId) -> set[OperatorId]:
        """Return the operators whose entries have moved a merchant's account."""
        query = (
            select(journal_entries.c.operator)
            .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
            .where(touches(account(AccountKind.MERCHANT, merchant_id)))
            .distinct()
        )
        return {OperatorId(one) for one in (await self._tx.execute(query)).scalars()}

    async def merchants_of(self, operator: OperatorId) -> dict[MerchantId, MerchantSums]:
        """Return how every merchant stands with an operator."""
        sums: dict[MerchantId, MerchantSums] = {}
        for column, sign in ((postings.c.to_account, 1), (postings.c.from_account, -1)):
            paid = case((postings.c.kind == PostingKind.PAYOUT.value, postings.c.amount_fen), else_=0)
            query = (
                select(accounts.c.owner, func.sum(postings.c.amount_fen), func.sum(paid))
                .join(accounts, accounts.c.account_id == column)
                .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
                .where(accounts.c.kind == AccountKind.MERCHANT.value, journal_entries.c.operator == operator)
                .group_by(accounts.c.owner)
            )
            for owner, amount, paid_out in await self._tx.execute(query):
                had = sums.get(MerchantId(owner), MerchantSums(0, 0))
                sums[MerchantId(owner)] = MerchantSums(
                    had.owed_fen + sign * int(amount), had.paid_out_fen - sign * int(paid_out)
                )
        return sums

    async def refunded(self, of: ColumnElement[bool]) -> int:
        """Return how much of an order or a purchase was given back by hand."""
        query = (
            select(func.coalesce(func.sum(postings.c.amount_fen), 0))
            .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
            .where(
                of,
                journal_entries.c.source == EntrySource.REFUND.value,
                postings.c.kind == PostingKind.REFUND.value,
            )
        )
        return int((await self._tx.execute(query)).scalar_one())

    async def by_cause(self, cause: str) -> BookedEntry:
        """Return the entry of a cause that has posted."""
        return (await self._read(select(journal_entries).where(journal_entries.c.cause == cause)))[0]

    async def newest_of(self, ids: Sequence[AccountId], *, limit: int) -> list[BookedEntry]:
        """Return the entries that moved any of the accounts, the newest first."""
        touched = (
            select(postings.c.entry_no)
            .where(or_(*(touches(account_id) for account_id in ids)))
            .distinct()
            .order_by(postings.c.entry_no.desc())
            .limit(limit)
        )
        numbers = [int(number) for number in (await self._tx.execute(touched)).scalars()]
        return list(reversed(await self.entries(numbers)))

    async def entries_of(self, of: ColumnElement[bool]) -> list[BookedEntry]:
        """Return the entries of something, first to last. Read it with a reach before."""
        return await self._read(select(journal_entries).where(of))

    async def entries(self, numbers: Sequence[int]) -> list[BookedEntry]:
        """Return entries by their numbers, first to last."""
        return await self._read(select(journal_entries).where(journal_entries.c.entry_no.in_(numbers)))

    async def _read(self, query: Select[Any]) -> list[BookedEntry]:
        rows = (await self._tx.execute(query.order_by(journal_entries.c.entry_no))).mappings().all()
        numbers = [row["entry_no"] for row in rows]
        moved = select(postings).where(postings.c.entry_no.in_(numbers)).order_by("entry_no", "line")
        by_entry: dict[int, list[Posting]] = {}
        for row in (await self._tx.execute(moved)).mappings():
            by_entry.setdefault(row["entry_no"], []).append(read_row(row, Posting))
        return [
            BookedEntry(
                entry_no=row["entry_no"],
                entry=read_row(row, Entry, postings=by_entry.get(row["entry_no"], [])),
            )
            for row in rows
        ]

    async def stands(self, ids: Sequence[OrderId]) -> dict[OrderId, Stand]:
        """Return what the entries caused by each order have moved, ways there and back netted.

        A refund is the way back of a payment.
        """
        query = (
            select(journal_entries.c.order_id, postings)
            .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
            .where(
                journal_entries.c.order_id.in_(sorted(set(ids))),
                journal_entries.c.source == EntrySource.ORDER.value,
            )
        )
        moved: dict[OrderId, list[Posting]] = {}
        for row in (await self._tx.execute(query)).mappings():
            moved.setdefault(OrderId(row["order_id"]), []).append(read_row(row, Posting))
        return {order_id: netted(of_order) for order_id, of_order in moved.items()}


def of_order(order_id: OrderId) -> ColumnElement[bool]:
    """Return the condition of the entries of an order."""
    return journal_entries.c.order_id == order_id


def of_bought(bought: Bought) -> ColumnElement[bool]:
    """Return the condition of the entries of an order or a purchase."""
    return of_order(bought.order_id) if bought.order_id is not None else of_sale(bought.sale_id)


def of_sale(sale_id: SaleId | None) -> ColumnElement[bool]:
    """Return the condition of the entries of a purchase."""
    return journal_entries.c.sale_id == sale_id


def of_operator(operator: OperatorId) -> ColumnElement[bool]:
    """Return the condition of the entries of an operator."""
    return journal_entries.c.operator == operator


def touches(account_id: AccountId) -> ColumnElement[bool]:
    """Return the condition of postings that raise or lower an account."""
    return or_(postings.c.from_account == account_id, postings.c.to_account == account_id)


class TermsStore:
    """Rates, and what was kept of them with each order."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def agree(self, terms: Terms) -> bool:
        """Add rates from a moment on; say whether they were new. What holds before does not change."""
        return await insert_new(self._tx, agreed_terms, msgspec.structs.asdict(terms))

    async def in_force(self, operator: OperatorId, merchant_id: MerchantId, at: datetime) -> Terms:
        """Return the merchant's own terms at a moment, else those for every merchant, else none at all."""
        return (await self.in_force_of([(operator, merchant_id)], at))[operator, merchant_id]

    async def in_force_of(
        self, wanted: Collection[tuple[OperatorId, MerchantId]], at: datetime
    ) -> dict[tuple[OperatorId, MerchantId], Terms]:
        """Return the terms of several merchants at a moment, by (operator, merchant)."""
        if not wanted:
            return {}
        t = agreed_terms.c
        query = select(agreed_terms).where(
            t.operator.in_(sorted({operator for operator, _ in wanted})),
            t.merchant_id.in_([EVERY_MERCHANT, *sorted({merchant for _, merchant in wanted})]),
            t.from_at <= at,
        )
        rows = (await self._tx.execute(query.order_by(t.from_at, t.agreed_at))).mappings()
        newest = {(row["operator"], row["merchant_id"]): row for row in rows}
        found = {}
        for operator, merchant in wanted:
            row = newest.get((operator, merchant)) or newest.get((operator, EVERY_MERCHANT))
            none = Terms(operator=operator, from_at=at)
            found[operator, merchant] = none if row is None else read_row(row, Terms)
        return found

    async def listed(
        self, operators: frozenset[OperatorId] | None, *, merchant_id: MerchantId | None = None
    ) -> list[Terms]:
        """Return all terms of these operators, newest first; with a merchant its own and the common ones."""
        query = select(agreed_terms).order_by(
            agreed_terms.c.from_at.desc(), agreed_terms.c.agreed_at.desc(), "operator", "merchant_id"
        )
        if operators is not None:
            query = query.where(agreed_terms.c.operator.in_(sorted(operators)))
        if merchant_id is not None:
            query = query.where(agreed_terms.c.merchant_id.in_([EVERY_MERCHANT, merchant_id]))
        return [read_row(row, Terms) for row in (await self._tx.execute(query)).mappings()]

    async def keep(self, kept: Sequence[OrderTerms]) -> None:
        """Keep with orders what holds for each from now on."""
        if kept:
            await self._tx.execute(insert(order_terms), [msgspec.to_builtins(each) for each in kept])

    async def of_orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderTerms]:
        """Return what holds for each of the orders; one that was placed before there were books is absent."""
        if not ids:
            return {}
        query = select(order_terms).where(order_terms.c.order_id.in_(sorted(set(ids))))
        rows = (await self._tx.execute(query)).mappings()
        found = [read_row(row, OrderTerms) for row in rows]
        return {terms.order_id: terms for terms in found}
