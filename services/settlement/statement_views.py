"""Statements on the wire, the same to the merchant and to the operator."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from services.settlement.statement import Statement, StatementLine, sums_of


class StatementView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A closed statement; ``sha256`` is that of its CSV."""

    statement_id: str
    operator: str
    merchant_id: str
    number: int
    day: date
    opening_fen: int
    closing_fen: int
    lines: int
    sha256: str
    closed_at: datetime


class StatementLineView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One posting: above zero it raises what the merchant is owed.

    ``isLate`` says that it belongs to a day whose statement had been closed.
    """

    entry_no: int
    at: datetime
    source: str
    kind: str
    amount_fen: int
    order_id: str | None
    is_late: bool
    note: str


class KindSum(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the lines add up to by what money moved for."""

    kind: str
    amount_fen: int


class StatementSheet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A statement with its lines and their sums."""

    statement: StatementView
    sums: tuple[KindSum, ...]
    items: tuple[StatementLineView, ...]


class RunningAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What stands on no statement yet, the newest first, and what is owed now with it."""

    owed_fen: int
    sums: tuple[KindSum, ...]
    items: tuple[StatementLineView, ...]


def statement_view(one: Statement) -> StatementView:
    """Return a statement without its lines."""
    return StatementView(**msgspec.structs.asdict(one))


def line_view(line: StatementLine) -> StatementLineView:
    """Return one line."""
    return StatementLineView(
        entry_no=line.entry_no,
        at=line.at,
        source=line.source.value,
        kind=line.kind.value,
        amount_fen=line.amount_fen,
        order_id=line.order_id,
        is_late=line.is_late,
        note=line.note,
    )


def sums_view(lines: Sequence[StatementLine]) -> tuple[KindSum, ...]:
    """Return the sums by kind."""
    return tuple(KindSum(kind=kind.value, amount_fen=fen) for kind, fen in sums_of(lines).items())


def sheet_view(one: Statement, lines: Sequence[StatementLine]) -> StatementSheet:
    """Return a statement with its lines."""
    return StatementSheet(
        statement=statement_view(one),
        sums=sums_view(lines),
        items=tuple(line_view(line) for line in lines),
    )


def running_view(owed_fen: int, lines: Sequence[StatementLine], most: int) -> RunningAccount:
    """Return what stands on no statement, of it the newest lines."""
    newest = list(reversed(lines))[:most]
    return RunningAccount(
        owed_fen=owed_fen, sums=sums_view(lines), items=tuple(line_view(line) for line in newest)
    )
