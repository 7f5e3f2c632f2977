"""Subsidy claims on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from services.settlement.claim import Claim, ClaimRow

Order = Annotated[str, Meta(min_length=1, max_length=40)]


class ClaimBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The local days whose subsidies are claimed, both included."""

    first_day: date
    last_day: date


class RevisionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The version that is replaced, the orders that the next one leaves out, and why."""

    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    leave_out: Annotated[tuple[Order, ...], Meta(min_length=1, max_length=1000)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ClaimView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A version of a claim; ``sha256`` is that of its CSV."""

    claim_id: str
    version: int
    operator: str
    first_day: date
    last_day: date
    rows: int
    total_fen: int
    sha256: str
    made_at: datetime
    made_by: str
    reason: str


class ClaimRowView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One delivered order with its evidence; ``sha256`` is that of the other fields of its row."""

    order_id: str
    entry_no: int
    vehicle_no: int | None
    day: date
    district: str
    merchant_id: str
    placed_at: datetime
    loaded_at: datetime | None
    arrived_at: datetime | None
    delivered_at: datetime
    route_m: float | None
    amount_fen: int
    sha256: str


class ClaimSheet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A version of a claim with its rows."""

    claim: ClaimView
    items: tuple[ClaimRowView, ...]


def claim_view(claim: Claim) -> ClaimView:
    """Return a version without its rows."""
    return ClaimView(**msgspec.structs.asdict(claim))


def claim_sheet_view(claim: Claim, rows: Sequence[ClaimRow]) -> ClaimSheet:
    """Return a version with its rows."""
    items = tuple(ClaimRowView(**msgspec.structs.asdict(row)) for row in rows)
    return ClaimSheet(claim=claim_view(claim), items=items)
