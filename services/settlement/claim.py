"""A claim for the city's subsidy: its rows with their evidence, its versions, its sheet. Pure."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from typing import Final, NewType

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, MerchantId, OperatorId, OrderId, VehicleNo
from services.orders.order import Order
from services.tasks.states import StopKind
from services.tasks.task import Task

ClaimId = NewType("ClaimId", str)
"""``operator.number``."""
LONGEST_CLAIM_D: Final = 92
"""Local days of one claim: a quarter."""


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True):
    """One delivered order with what proves it. ``route_m`` is the planned way with the goods on board.

    ``sha256`` is that of the other fields, so that a row can be proved alone. None is what nobody recorded.
    """

    order_id: OrderId
    entry_no: int
    vehicle_no: VehicleNo | None
    day: date
    """The local day on which it was delivered: with the vehicle the vehicle-day."""
    district: DistrictCode
    merchant_id: MerchantId
    placed_at: datetime
    loaded_at: datetime | None
    arrived_at: datetime | None
    delivered_at: datetime
    route_m: float | None
    amount_fen: int
    sha256: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a claim, never changed; rows that the city refuses are left out of the next."""

    claim_id: ClaimId
    version: int
    operator: OperatorId
    first_day: date
    last_day: date
    rows: int
    total_fen: int
    sha256: str
    """Of the sheet of this version."""
    made_at: datetime
    made_by: str
    reason: str
    """Why this version replaces the one before; empty for the first."""


COLUMNS: Final = ClaimRow.__struct_fields__


def row_of(order: Order, task: Task | None, entry_no: int, amount_fen: int, zone: tzinfo) -> ClaimRow:
    """Return the row of a delivered order, with its hash."""
    delivered_at = order.closed_at or order.placed_at
    row = ClaimRow(
        order_id=order.order_id,
        entry_no=entry_no,
        vehicle_no=order.vehicle_no,
        day=delivered_at.astimezone(zone).date(),
        district=order.district,
        merchant_id=order.merchant_id,
        placed_at=order.placed_at,
        loaded_at=order.loaded_at,
        arrived_at=order.arrived_at,
        delivered_at=delivered_at,
        route_m=None if task is None else route_m(order.order_id, task),
        amount_fen=amount_fen,
    )
    return msgspec.structs.replace(row, sha256=hash_of(row))


def route_m(order_id: OrderId, task: Task) -> float | None:
    """Return the planned metres from the stop where the order was loaded to where it was handed over."""
    stops = sorted(task.stops, key=lambda stop: stop.seq)
    seqs = {stop.kind: stop.seq for stop in stops if order_id in stop.orders}
    load, handover = seqs.get(StopKind.LOAD), seqs.get(StopKind.HANDOVER)
    if load is None or handover is None:
        return None
    return round(sum(stop.leg.length_m for stop in stops if load < stop.seq <= handover), 1)


def hash_of(row: ClaimRow) -> str:
    """Return the SHA-256 of a row's fields as JSON, keys sorted, without its own hash."""
    fields = {name: value for name, value in msgspec.to_builtins(row).items() if name != "sha256"}
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def claim_of(
    claim_id: ClaimId,
    operator: OperatorId,
    first_day: date,
    last_day: date,
    rows: Sequence[ClaimRow],
    *,
    version: int,
    reason: str,
    at: datetime,
    by: str,
) -> Claim:
    """Return a version of a claim over its rows."""
    return Claim(
        claim_id=claim_id,
        version=version,
        operator=operator,
        first_day=first_day,
        last_day=last_day,
        rows=len(rows),
        total_fen=sum(row.amount_fen for row in rows),
        sha256=hashlib.sha256(claim_sheet(rows).encode()).hexdigest(),
        made_at=at,
        made_by=by,
        reason=reason,
    )


def claim_sheet(rows: Iterable[ClaimRow]) -> str:
    """Return rows as CSV with a header, ordered by day and order; what is unknown is an empty cell."""
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(COLUMNS)
    for row in in_order(rows):
        fields = msgspec.to_builtins(row)
        sheet.writerow(["" if fields[name] is None else fields[name] for name in COLUMNS])
    return text.getvalue()


def in_order(rows: Iterable[ClaimRow]) -> list[ClaimRow]:
    """Return rows in the order of the sheet."""
    return sorted(rows, key=lambda row: (row.day, row.order_id))


def must_be_a_span(first: date, last: date, ended: date) -> None:
    """Raise Invalid for a span that is backwards, too long or not over yet."""
    if not 0 <= (last - first).days < LONGEST_CLAIM_D:
        limit = f"1 to {LONGEST_CLAIM_D} days"
        raise Invalid("invalid-input", "the first day is not after the last", field="firstDay", limit=limit)
    if last > ended:
        raise Invalid(
            "invalid-input", "only days that are over are claimed", field="lastDay", limit=f"up to {ended}"
        )
