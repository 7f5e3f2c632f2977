"""Daily statements of merchants: which posting belongs on which, what they add up to, and their sheet."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, NewType

import msgspec

from core.ids import MerchantId, OperatorId, OrderId
from services.settlement.entry import EntrySource, PostingKind

StatementId = NewType("StatementId", str)
"""``operator.merchant.number``."""
CLOSES_AFTER: Final = timedelta(hours=1)
"""City time after midnight: reports of vehicles that were out of reach come along; later ones stand on a next
statement."""
COLUMNS: Final = ("entry_no", "at", "source", "kind", "amount_fen", "order_id", "is_late", "note")


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One posting as the merchant sees it: ``amount_fen`` above zero raises what he is owed.

    ``is_late`` says that it belongs to a day whose statement was closed already.
    """

    entry_no: int
    line: int
    at: datetime
    source: EntrySource
    kind: PostingKind
    amount_fen: int
    order_id: OrderId | None
    note: str
    is_late: bool = False


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What one operator owed one merchant before and after a local day. Never changed once closed."""

    statement_id: StatementId
    operator: OperatorId
    merchant_id: MerchantId
    number: int
    day: date
    opening_fen: int
    closing_fen: int
    lines: int
    sha256: str
    """Of the sheet as it was closed."""
    closed_at: datetime


def last_ended_day(at: datetime, zone: tzinfo) -> date:
    """Return the newest local day whose statements may be closed at ``at``."""
    local = at.astimezone(zone) - CLOSES_AFTER
    return local.date() - timedelta(days=1)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a local day is over."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)


def by_day(
    pending: Sequence[StatementLine], closed: date | None, until: date, zone: tzinfo
) -> dict[date, list[StatementLine]]:
    """Return which lines stand on the statement of which day, oldest day first; days without any have none.

    ``closed`` is the day of the last statement. What belongs to it or to an earlier one is late: it stands on
    the first that follows, that of ``until`` when nothing else does, and waits when that is closed too.
    """
    days: dict[date, list[StatementLine]] = {}
    late: list[StatementLine] = []
    for line in pending:
        day = line.at.astimezone(zone).date()
        if closed is not None and day <= closed:
            late.append(msgspec.structs.replace(line, is_late=True))
        elif day <= until:
            days.setdefault(day, []).append(line)
    if late and not days and closed is not None and closed < until:
        days[until] = []
    ordered = {day: days[day] for day in sorted(days)}
    for first in list(ordered)[:1]:
        ordered[first] = sorted([*late, *ordered[first]], key=lambda line: (line.entry_no, line.line))
    return ordered


def statement_of(
    operator: OperatorId,
    merchant_id: MerchantId,
    before: Statement | None,
    day: date,
    lines: Sequence[StatementLine],
    *,
    at: datetime,
) -> Statement:
    """Return the next statement of a merchant after ``before``."""
    number = 1 if before is None else before.number + 1
    opening = 0 if before is None else before.closing_fen
    return Statement(
        statement_id=StatementId(f"{operator}.{merchant_id}.{number}"),
        operator=operator,
        merchant_id=merchant_id,
        number=number,
        day=day,
        opening_fen=opening,
        closing_fen=opening + sum(line.amount_fen for line in lines),
        lines=len(lines),
        sha256=sheet_hash(lines),
        closed_at=at,
    )


def sheet(lines: Sequence[StatementLine]) -> str:
    """Return the lines as CSV with a header; times in RFC 3339, money in fen."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for line in lines:
        rows.writerow(
            (
                line.entry_no,
                line.at.isoformat(),
                line.source.value,
                line.kind.value,
                line.amount_fen,
                line.order_id or "",
                int(line.is_late),
                _harmless(line.note),
            )
        )
    return text.getvalue()


def sheet_hash(lines: Sequence[StatementLine]) -> str:
    """Return the SHA-256 of the sheet, by which a copy of it can be proved."""
    return hashlib.sha256(sheet(lines).encode()).hexdigest()


def sums_of(lines: Sequence[StatementLine]) -> Mapping[PostingKind, int]:
    """Return what the lines add up to by what money moved for."""
    sums: dict[PostingKind, int] = {}
    for line in lines:
        sums[line.kind] = sums.get(line.kind, 0) + line.amount_fen
    return sums


def _harmless(text: str) -> str:
    """A note that begins like a formula is no formula to the program that opens the sheet."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
