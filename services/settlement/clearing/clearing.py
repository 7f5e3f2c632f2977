"""A clearing between two companies: its rows netted, its sheet, and how it is paid and confirmed. Pure."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType

import msgspec

from core.ids import DistrictCode, OperatorId
from core.transitions import advance as next_state
from services.settlement.accounts import AccountKind, account
from services.settlement.clearing.crossing import Crossing
from services.settlement.entry import Entry, EntrySource, Posting, PostingKind

ClearingId = NewType("ClearingId", str)


class ClearingState(StrEnum):
    """How far the money of a clearing is. It moves outside of this system; people say so."""

    DUE = "due"
    PAID = "paid"
    """The payer says so; the payee has not seen it yet."""
    CONFIRMED = "confirmed"
    """The payee has the money."""
    EVEN = "even"
    """Both owe each other as much: nothing is to be paid."""


class ClearingEvent(StrEnum):
    """What moves a clearing."""

    EVENED = "clearing_evened"
    PAID = "clearing_paid"
    DENIED = "clearing_denied"
    """The payee has not got what the payer says."""
    CONFIRMED = "clearing_confirmed"


_S, _E = ClearingState, ClearingEvent
TRANSITIONS: Final[Mapping[tuple[ClearingState, ClearingEvent], ClearingState]] = MappingProxyType(
    {
        (_S.DUE, _E.EVENED): _S.EVEN,
        (_S.DUE, _E.PAID): _S.PAID,
        (_S.PAID, _E.DENIED): _S.DUE,
        (_S.PAID, _E.CONFIRMED): _S.CONFIRMED,
    }
)
TERMINAL: Final = frozenset({_S.CONFIRMED, _S.EVEN})
STATE_NAMES: Mapping[ClearingState, tuple[str, str]] = MappingProxyType(
    {
        _S.DUE: ("待付款", "due"),
        _S.PAID: ("已付款，待确认", "paid, to be confirmed"),
        _S.CONFIRMED: ("已确认收款", "confirmed"),
        _S.EVEN: ("两清", "even"),
    }
)
"""(zh, en) of every state."""
EVENT_NAMES: Mapping[ClearingEvent, tuple[str, str]] = MappingProxyType(
    {
        _E.EVENED: ("轧差为零", "nets to nothing"),
        _E.PAID: ("登记付款", "said to be paid"),
        _E.DENIED: ("未收到款", "money did not arrive"),
        _E.CONFIRMED: ("确认收款", "money has arrived"),
    }
)
"""(zh, en) of every event."""


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """What two companies owe each other for crossings until a local day; never changed once closed.

    ``first`` stands before ``second`` in the alphabet. ``net_fen`` above zero: ``first`` owes it.
    """

    clearing_id: ClearingId
    first: OperatorId
    second: OperatorId
    number: int
    """Counts the clearings of the two from 1."""
    day: date
    net_fen: int
    rows: int
    sha256: str
    """Of the sheet as it was closed."""
    closed_at: datetime

    @property
    def payer(self) -> OperatorId:
        """Return who owes; of an even one it means nothing."""
        return self.first if self.net_fen >= 0 else self.second

    @property
    def payee(self) -> OperatorId:
        """Return who is owed."""
        return self.second if self.net_fen >= 0 else self.first

    @property
    def amount_fen(self) -> int:
        """Return what is to be paid; 0 or above."""
        return abs(self.net_fen)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a clearing; ``seq`` counts from 1. Only added, never changed."""

    clearing_id: ClearingId
    seq: int
    event: ClearingEvent
    at: datetime
    operator: OperatorId
    """Of whoever said so."""
    actor: str
    reference: str = ""
    """By which the payment is found at the bank."""
    reason: str = ""


COLUMNS: Final = Crossing.__struct_fields__


def state_of(steps: Sequence[Step]) -> ClearingState:
    """Return the state after these steps, first to last; raise IllegalTransition for some that cannot be."""
    state = ClearingState.DUE
    for step in steps:
        state = next_state(TRANSITIONS, state, step.event)
    return state


def advance(steps: Sequence[Step], step: Step) -> tuple[Step, ...]:
    """Return the steps with a further one; raise IllegalTransition."""
    next_state(TRANSITIONS, state_of(steps), step.event)
    return (*steps, step)


def in_pairs(crossings: Iterable[Crossing]) -> dict[tuple[OperatorId, OperatorId], list[Crossing]]:
    """Return crossings by the two companies between whom they are, each pair and its rows in order."""
    found: dict[tuple[OperatorId, OperatorId], list[Crossing]] = {}
    for one in sorted(crossings, key=lambda each: each.key):
        first, second = sorted((one.debtor, one.creditor))
        found.setdefault((first, second), []).append(one)
    return dict(sorted(found.items()))


def net_fen(first: OperatorId, rows: Iterable[Crossing]) -> int:
    """Return what ``first`` owes the other by these rows; below zero it is owed."""
    return sum(row.amount_fen if row.debtor == first else -row.amount_fen for row in rows)


def clearing_of(
    clearing_id: ClearingId,
    pair: tuple[OperatorId, OperatorId],
    number: int,
    day: date,
    rows: Sequence[Crossing],
    *,
    at: datetime,
) -> Clearing:
    """Return the clearing over rows of one pair."""
    first, second = pair
    return Clearing(
        clearing_id=clearing_id,
        first=first,
        second=second,
        number=number,
        day=day,
        net_fen=net_fen(first, rows),
        rows=len(rows),
        sha256=hashlib.sha256(sheet(rows).encode()).hexdigest(),
        closed_at=at,
    )


def sheet(rows: Iterable[Crossing]) -> str:
    """Return rows as CSV with a header, by entry; times in RFC 3339, money in fen, an empty cell for none."""
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\n")
    written.writerow(COLUMNS)
    for row in sorted(rows, key=lambda each: each.key):
        fields = msgspec.to_builtins(row)
        written.writerow(["" if fields[name] is None else fields[name] for name in COLUMNS])
    return text.getvalue()


def closing_entry(one: Clearing) -> Entry:
    """Return the entry by which a closed clearing becomes a debt of the payer; an even one has none."""
    owed = _posting(AccountKind.CLEARING, one.payee, one.payer, one.amount_fen)
    return _entry(one, "closed", (owed,), at=one.closed_at, actor="system:clearing", note="")


def settling_entry(one: Clearing, *, reference: str, actor: str, at: datetime) -> Entry:
    """Return the entry of the confirmed payment: the debt is gone, the money lies in the payee's till."""
    paid = _posting(AccountKind.CLEARING, one.payer, one.payee, one.amount_fen)
    moved = _posting(AccountKind.TILL, one.payee, one.payer, one.amount_fen)
    return _entry(one, "settled", (paid, moved), at=at, actor=actor, note=reference)


def _entry(
    one: Clearing, event: str, postings: tuple[Posting, ...], *, at: datetime, actor: str, note: str
) -> Entry:
    return Entry(
        cause=f"clearing:{one.clearing_id}:{event}",
        source=EntrySource.CLEARING,
        at=at,
        operator=one.payer,
        district=DistrictCode(""),
        actor=actor,
        note=note,
        postings=postings,
    )


def _posting(kind: AccountKind, giver: OperatorId, taker: OperatorId, amount_fen: int) -> Posting:
    return Posting(
        from_account=account(kind, giver),
        to_account=account(kind, taker),
        kind=PostingKind.CLEARING,
        amount_fen=amount_fen,
    )
