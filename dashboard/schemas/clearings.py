"""Clearings between operating companies on the wire, the same to both."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from services.settlement.clearing.clearing import Clearing, Step, state_of
from services.settlement.clearing.crossing import Crossing

MOST_ROWS = 2_000
"""Rows shown with a clearing; the CSV has all of them."""
Version = Annotated[int, Meta(ge=0, le=10_000)]


class ClearingPaidBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """That the payer has sent the money, and the number by which the bank finds it."""

    version: Version
    reference: Annotated[str, Meta(min_length=1, max_length=80)]


class ClearingConfirmedBody(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """That the payee has the money."""

    version: Version


class ClearingDeniedBody(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """That what was said to be paid has not arrived, and why the payee thinks so."""

    version: Version
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ClearingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A clearing of two companies: ``payer`` owes ``payee`` ``amountFen``. ``version`` counts what was said.

    ``sha256`` is that of its CSV. ``reference`` is that of the payment said last, empty before.
    """

    clearing_id: str
    number: int
    day: date
    payer: str
    payee: str
    amount_fen: int
    rows: int
    sha256: str
    closed_at: datetime
    state: str
    version: int
    reference: str


class CrossingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why one company owes the other: a part of a posting of the journal."""

    entry_no: int
    kind: str
    at: datetime
    debtor: str
    creditor: str
    amount_fen: int
    order_id: str | None
    sale_id: str | None


class StepView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was said of a clearing, by which company. Who it was stands in its own company's audit."""

    event: str
    at: datetime
    operator: str
    reference: str
    reason: str


class ClearingSheet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A clearing with what was said of it and its first 2,000 rows, by posting."""

    clearing: ClearingView
    steps: tuple[StepView, ...]
    items: tuple[CrossingView, ...]


def clearing_view(one: Clearing, steps: Sequence[Step]) -> ClearingView:
    """Return a clearing without its rows."""
    return ClearingView(
        clearing_id=one.clearing_id,
        number=one.number,
        day=one.day,
        payer=one.payer,
        payee=one.payee,
        amount_fen=one.amount_fen,
        rows=one.rows,
        sha256=one.sha256,
        closed_at=one.closed_at,
        state=state_of(steps).value,
        version=len(steps),
        reference=next((step.reference for step in reversed(steps) if step.reference), ""),
    )


def clearing_sheet(one: Clearing, steps: Sequence[Step], rows: Sequence[Crossing]) -> ClearingSheet:
    """Return a clearing with its rows."""
    return ClearingSheet(
        clearing=clearing_view(one, steps),
        steps=tuple(
            StepView(
                event=step.event.value,
                at=step.at,
                operator=step.operator,
                reference=step.reference,
                reason=step.reason,
            )
            for step in steps
        ),
        items=tuple(
            CrossingView(
                entry_no=row.entry_no,
                kind=row.kind.value,
                at=row.at,
                debtor=row.debtor,
                creditor=row.creditor,
                amount_fen=row.amount_fen,
                order_id=row.order_id,
                sale_id=row.sale_id,
            )
            for row in rows[:MOST_ROWS]
        ),
    )
