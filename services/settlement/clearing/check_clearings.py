"""Whether what companies owe each other is cleared whole and once, and is in the ledger as it was paid."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Final

from sqlalchemy import case, func, select

from core.database import Transaction
from core.errors import IllegalTransition
from core.ids import AccountId
from services.settlement.accounts import OF_A_COMPANY, AccountKind
from services.settlement.clearing.clearing import (
    Clearing,
    ClearingEvent,
    ClearingState,
    Step,
    closing_entry,
    net_fen,
    settling_entry,
    sheet,
    state_of,
)
from services.settlement.clearing.crossing import Crossing, CrossingKey
from services.settlement.clearing.store import ClearingStore
from services.settlement.entry import Entry, EntrySource, Posting, changes
from services.settlement.finding import Finding
from services.settlement.store import Journal
from services.settlement.tables import accounts, journal_entries, postings

ENTRIES_AT_ONCE: Final = 1_000
MISSING_AFTER: Final = timedelta(days=2)
"""A day is cleared an hour or two after its midnight: what the ledger has for two days is missing."""

type Moved = Mapping[str, tuple[Posting, ...]]
"""Postings by the cause of their entry."""


async def check_clearings(tx: Transaction) -> list[Finding]:
    """Return what is wrong, read in the snapshot of the caller."""
    store = ClearingStore(tx)
    known = await store.listed(None)
    said = await store.steps_of([one.clearing_id for one in known])
    cleared = await store.cleared()
    findings = []
    wanted: dict[str, tuple[Posting, ...]] = {}
    for one in known:
        findings += _sheet(one, cleared.get(one.clearing_id, []))
        entries, wrong = _entries_of(one, said[one.clearing_id])
        findings += wrong
        wanted |= {entry.cause: entry.postings for entry in entries}
    rows = {row.key: row for of_one in cleared.values() for row in of_one}
    return [
        *findings,
        *_entries(wanted, await _booked(tx)),
        *await _accounts(tx, wanted.values()),
        *await _rows(tx, await store.crossings(), rows),
        *await _strangers(tx),
        *await _dues(tx),
    ]


def _sheet(one: Clearing, rows: Sequence[Crossing]) -> list[Finding]:
    as_closed = (one.rows, one.net_fen, one.sha256)
    as_found = (len(rows), net_fen(one.first, rows), hashlib.sha256(sheet(rows).encode()).hexdigest())
    if as_closed == as_found:
        return []
    detail = "its rows are not what was closed, or do not add up to it"
    return [Finding(rule="clearing-sheet", about=one.clearing_id, detail=detail)]


def _entries_of(one: Clearing, steps: Sequence[Step]) -> tuple[list[Entry], list[Finding]]:
    """The entries that a clearing has by what was said of it."""
    try:
        state = state_of(steps)
    except IllegalTransition as impossible:
        return [], [Finding(rule="clearing-steps", about=one.clearing_id, detail=str(impossible))]
    if (state is ClearingState.EVEN) != (one.amount_fen == 0):
        detail = f"{one.amount_fen} fen and {state.value}"
        return [], [Finding(rule="clearing-steps", about=one.clearing_id, detail=detail)]
    entries = [closing_entry(one)] if one.amount_fen else []
    if state is ClearingState.CONFIRMED:
        paid = next(step for step in reversed(steps) if step.event is ClearingEvent.PAID)
        entries.append(settling_entry(one, reference=paid.reference, actor=paid.actor, at=paid.at))
    return entries, []


def _entries(wanted: Moved, found: Moved) -> list[Finding]:
    return [
        Finding(
            rule="clearing-entry",
            about=cause,
            detail=f"{_sum(found.get(cause, ()))} fen moved where {_sum(wanted.get(cause, ()))} should have",
        )
        for cause in sorted({*wanted, *found})
        if wanted.get(cause) != found.get(cause)
    ]


def _sum(moved: Iterable[Posting]) -> int:
    return sum(one.amount_fen for one in moved)


async def _booked(tx: Transaction) -> Moved:
    query = select(journal_entries.c.entry_no).where(journal_entries.c.source == EntrySource.CLEARING.value)
    numbers = [int(number) for number in (await tx.execute(query)).scalars()]
    booked = [one for some in batched(numbers, ENTRIES_AT_ONCE) for one in await Journal(tx).entries(some)]
    return {one.entry.cause: one.entry.postings for one in booked}


async def _accounts(tx: Transaction, wanted: Iterable[tuple[Posting, ...]]) -> list[Finding]:
    """What companies owe each other in the ledger is what their clearings say."""
    asked: Counter[AccountId] = Counter()
    for moved in wanted:
        asked.update(changes(moved))
    return [
        Finding(rule="clearing-balance", about=account, detail=f"{held} fen where {asked[account]} are owed")
        for account, held in (await Journal(tx).totals([AccountKind.CLEARING])).items()
        if held != asked[account]
    ]


async def _rows(
    tx: Transaction, crossings: Sequence[Crossing], cleared: Mapping[CrossingKey, Crossing]
) -> list[Finding]:
    """Every crossing of the days that are closed stands on a clearing as the ledger has it, and no other."""
    last = await ClearingStore(tx).last_closed()
    by_key = {one.key: one for one in crossings}
    findings = [
        Finding(rule="clearing-row", about=f"entry:{key.entry_no}", detail="it is not what the ledger says")
        for key, row in cleared.items()
        if by_key.get(key) != row
    ]
    left = [one for one in crossings if one.key not in cleared]
    lacking = [one for one in left if last is not None and last.has(one)]
    if left and not lacking and await _age(tx, left[0].entry_no) > MISSING_AFTER:
        lacking = left[:1]
    return findings + [
        Finding(
            rule="clearing-missing",
            about=f"entry:{one.entry_no}",
            detail=f"{one.debtor} owes {one.creditor} {one.amount_fen} fen on no clearing",
        )
        for one in lacking
    ]


async def _strangers(tx: Transaction) -> list[Finding]:
    """An entry of one company moves no account of another: only clearing does."""
    query = (
        select(journal_entries.c.cause, accounts.c.account_id)
        .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
        .join(accounts, accounts.c.account_id.in_([postings.c.from_account, postings.c.to_account]))
        .where(
            journal_entries.c.source != EntrySource.CLEARING.value,
            accounts.c.kind.in_(sorted(kind.value for kind in OF_A_COMPANY)),
            accounts.c.owner != journal_entries.c.operator,
        )
        .order_by(journal_entries.c.cause)
    )
    return [
        Finding(rule="other-company", about=cause, detail=f"it moved {account}")
        for cause, account in await tx.execute(query)
    ]


async def _dues(tx: Transaction) -> list[Finding]:
    """What is due for orders of one company is taken by the same one: it never got more than it was due."""
    sign = case((postings.c.to_account == accounts.c.account_id, 1), else_=-1)
    received = func.sum(sign * postings.c.amount_fen)
    query = (
        select(journal_entries.c.operator, received)
        .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
        .join(accounts, accounts.c.account_id.in_([postings.c.from_account, postings.c.to_account]))
        .where(accounts.c.kind == AccountKind.RESIDENT_DUE.value)
        .group_by(journal_entries.c.operator, accounts.c.account_id)
        .having(received > 0)
        .order_by(journal_entries.c.operator)
    )
    return [
        Finding(
            rule="other-company", about=f"operator:{operator}", detail=f"{fen} fen taken for others' orders"
        )
        for operator, fen in await tx.execute(query)
    ]


async def _age(tx: Transaction, entry_no: int) -> timedelta:
    """Return for how long the ledger has gone on, in city time, since an entry was posted, at most.

    An entry tells when it happened, not when it was posted: that was no earlier than the latest before it.
    """
    latest = select(func.max(journal_entries.c.at))
    newest_at: datetime = (await tx.execute(latest)).scalar_one()
    posted_at: datetime = (
        await tx.execute(latest.where(journal_entries.c.entry_no <= entry_no))
    ).scalar_one()
    return newest_at - posted_at
