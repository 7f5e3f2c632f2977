"""Money on the wire, for staff: entries of orders, receipts, what merchants are owed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.auth.schemas import Text
from core.ids import AccountId
from services.settlement.accounts import AccountKind, kind_of, owner_of
from services.settlement.entry import MOST_FEN
from services.settlement.give_money import BorneBy
from services.settlement.store import BookedEntry
from services.settlement.take_money import MOST_TOP_UP_FEN

RESIDENT = "resident"
Note = Annotated[str, Meta(max_length=200)]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]


class TopUpBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Money that a resident gave over the counter, for her balance."""

    phone: Text
    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    amount_fen: Annotated[int, Meta(ge=1, le=MOST_TOP_UP_FEN)]
    note: Note = ""


class ReceiptBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """That what is due was received, all of it."""

    note: Note = ""


class RefundBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Part of what a delivered order cost, given back the way it was paid, and at whose cost."""

    amount_fen: Annotated[int, Meta(ge=1, le=MOST_FEN)]
    borne_by: BorneBy
    reason: Reason


class SaleRefundBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Part of what was taken at a vending vehicle, given back at the operator's cost."""

    amount_fen: Annotated[int, Meta(ge=1, le=MOST_FEN)]
    reason: Reason


class PayoutBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """That a merchant was paid; ``note`` is the number of the transfer."""

    amount_fen: Annotated[int, Meta(ge=1, le=MOST_FEN)]
    note: Note = ""


class CorrectionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an earlier statement says wrongly: above zero the merchant gets it, below zero gives it."""

    amount_fen: Annotated[int, Meta(ge=-MOST_FEN, le=MOST_FEN)]
    reason: Reason


class PostingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``amountFen`` went from one account to another. An owner that is a resident is not named."""

    from_kind: str
    from_owner: str | None
    to_kind: str
    to_owner: str | None
    kind: str
    amount_fen: int


class EntryView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of the journal; ``entryNo`` is the number of its receipt."""

    entry_no: int
    at: datetime
    source: str
    event: str
    """The order's event that caused it; empty for what staff recorded."""
    actor: str
    note: str
    postings: tuple[PostingView, ...]


class Received(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The receipt, and what the account that it is about holds now."""

    entry: EntryView
    balance_fen: int


class OrderEntries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an order or a purchase has moved, first to last.

    Null fees: a purchase has none; null ``paidBy``: an order from before there were books.
    """

    paid_by: str | None
    platform_fee_bp: int | None
    subsidy_fen: int | None
    due_fen: int
    refunded_fen: int
    items: tuple[EntryView, ...]


class MerchantAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one's own company owes a merchant now; below zero he owes it."""

    merchant_id: str
    name_zh: str
    name_en: str
    district: str
    owed_fen: int
    paid_out_fen: int


def _owner(account_id: AccountId) -> str | None:
    """A resident is nobody's business but by her order."""
    of_resident = kind_of(account_id) in {AccountKind.RESIDENT_BALANCE, AccountKind.RESIDENT_DUE}
    return None if of_resident else owner_of(account_id)


def entry_view(booked: BookedEntry) -> EntryView:
    """Return an entry as staff reads it."""
    entry = booked.entry
    kind, _, event = entry.cause.rpartition(":")
    return EntryView(
        entry_no=booked.entry_no,
        at=entry.at,
        source=entry.source.value,
        event=event if kind.startswith("order:") else "",
        actor=RESIDENT if entry.actor.startswith(RESIDENT) else entry.actor,
        note=entry.note,
        postings=tuple(
            PostingView(
                from_kind=kind_of(one.from_account).value,
                from_owner=_owner(one.from_account),
                to_kind=kind_of(one.to_account).value,
                to_owner=_owner(one.to_account),
                kind=one.kind.value,
                amount_fen=one.amount_fen,
            )
            for one in entry.postings
        ),
    )


def entries_view(booked: Iterable[BookedEntry]) -> tuple[EntryView, ...]:
    """Return entries in their order."""
    return tuple(entry_view(each) for each in booked)
