"""What a resident has paid in and still has to pay, as her page shows it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from core.ids import AccountId
from services.settlement.entry import EntrySource, changes
from services.settlement.store import BookedEntry

RECEIPTS = frozenset({EntrySource.TOP_UP, EntrySource.RECEIPT, EntrySource.REFUND})
"""Entries by which money changed hands outside: they are receipts with a number."""


class BalanceLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry. ``balanceFen`` and ``dueFen`` say by how much it raised or lowered each.

    ``receiptNo`` is the number of a receipt, null where no money changed hands.
    """

    at: datetime
    source: str
    balance_fen: int
    due_fen: int
    order_id: str | None
    receipt_no: str | None


class Balance(Struct, frozen=True, kw_only=True, rename="camel"):
    """The balance now, what is still to be paid (zero or above), and the newest entries of both."""

    balance_fen: int
    due_fen: int
    lines: tuple[BalanceLine, ...]


def receipt_no(entry_no: int) -> str:
    """Return the number that a receipt shows.

    >>> receipt_no(42)
    'R00000042'
    """
    return f"R{entry_no:08d}"


def balance_view(
    purse: AccountId, due: AccountId, balances: dict[AccountId, int], booked: Sequence[BookedEntry]
) -> Balance:
    """Return the page of a balance."""
    return Balance(
        balance_fen=balances[purse],
        due_fen=-balances[due],
        lines=tuple(_line(each, purse, due) for each in booked),
    )


def _line(booked: BookedEntry, purse: AccountId, due: AccountId) -> BalanceLine:
    entry = booked.entry
    risen = changes(entry.postings)
    return BalanceLine(
        at=entry.at,
        source=entry.source.value,
        balance_fen=risen.get(purse, 0),
        due_fen=-risen.get(due, 0),
        order_id=entry.order_id,
        receipt_no=receipt_no(booked.entry_no) if entry.source in RECEIPTS else None,
    )
