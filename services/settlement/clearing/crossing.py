"""Where money crosses from one operating company to another: out of the ledger alone. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from core.ids import OperatorId, OrderId
from services.settlement.entry import SaleId


class CrossingKind(StrEnum):
    """Why one company owes another."""

    BALANCE = "balance"
    """A resident's money that one took in and another's order or sale was paid with, or its way back."""
    CARRIAGE = "carriage"
    """Bringing with its subsidy, earned by the company whose vehicle brought another's order."""


CROSSING_NAMES: Mapping[CrossingKind, tuple[str, str]] = MappingProxyType(
    {
        CrossingKind.BALANCE: ("居民余额跨公司使用", "balance paid in elsewhere"),
        CrossingKind.CARRIAGE: ("代送配送费与补贴", "brought by another's vehicle"),
    }
)
"""(zh, en) of every kind."""


class CrossingKey(NamedTuple):
    """A posting, and which part of it: one may be covered by money of several companies."""

    entry_no: int
    line: int
    part: int


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """Because of one part of one posting ``debtor`` owes ``creditor`` an amount above zero."""

    entry_no: int
    line: int
    part: int
    kind: CrossingKind
    at: datetime
    debtor: OperatorId
    creditor: OperatorId
    amount_fen: int
    order_id: OrderId | None
    sale_id: SaleId | None

    @property
    def key(self) -> CrossingKey:
        """Return what makes it this one."""
        return CrossingKey(self.entry_no, self.line, self.part)


class PurseMove(msgspec.Struct, frozen=True, kw_only=True):
    """A posting of one resident's balance, in an entry of ``operator``: above zero paid in or given back."""

    entry_no: int
    line: int
    at: datetime
    operator: OperatorId
    amount_fen: int
    order_id: OrderId | None
    sale_id: SaleId | None

    @property
    def belongs_to(self) -> str:
        """Return the order or sale that it belongs to, else the posting itself: a top-up is no way back."""
        return self.order_id or self.sale_id or f"{self.entry_no}.{self.line}"


class _Lot:
    """Money that one company took in for one resident, and what is left of it."""

    def __init__(self, holder: OperatorId, left_fen: int) -> None:
        self.holder = holder
        self.left_fen = left_fen


def crossings_of_purse(moves: Iterable[PurseMove]) -> list[Crossing]:
    """Return what companies owe each other for one resident's balance; ``moves`` in the order of posting.

    Money is spent in the order in which it was paid in. What an order or a sale gives back goes to where it
    came from, the last first; the rest of it is held by the company that gives it. So every fen of a balance
    is held by one company, and what each took in less what it paid for is what it holds, owes and is owed.
    Later postings change nothing about earlier ones.
    """
    lots: list[_Lot] = []
    used: dict[str, list[tuple[_Lot, int]]] = {}
    found: list[Crossing] = []
    for move in moves:
        if move.amount_fen > 0:
            shares, rest = _given_back(used.get(move.belongs_to, []), move.amount_fen)
            pairs = [(move.operator, holder, fen) for holder, fen in shares]
            if rest:
                lots.append(_Lot(move.operator, rest))
        else:
            taken = _taken(lots, -move.amount_fen)
            used.setdefault(move.belongs_to, []).extend(taken)
            pairs = [(lot.holder, move.operator, fen) for lot, fen in taken]
        found += _crossings(move, pairs)
    return found


def _taken(lots: list[_Lot], needed_fen: int) -> list[tuple[_Lot, int]]:
    taken = []
    for lot in lots:
        fen = min(lot.left_fen, needed_fen)
        if fen:
            lot.left_fen -= fen
            needed_fen -= fen
            taken.append((lot, fen))
    return taken


def _given_back(uses: list[tuple[_Lot, int]], amount_fen: int) -> tuple[list[tuple[OperatorId, int]], int]:
    """Put money back into the lots that it came from; return whose they are, and what came from none."""
    shares = []
    while uses and amount_fen:
        lot, fen = uses.pop()
        back = min(fen, amount_fen)
        lot.left_fen += back
        amount_fen -= back
        if back < fen:
            uses.append((lot, fen - back))
        shares.append((lot.holder, back))
    return shares, amount_fen


def _crossings(move: PurseMove, pairs: list[tuple[OperatorId, OperatorId, int]]) -> list[Crossing]:
    between = [pair for pair in pairs if pair[0] != pair[1]]
    return [
        Crossing(
            entry_no=move.entry_no,
            line=move.line,
            part=part,
            kind=CrossingKind.BALANCE,
            at=move.at,
            debtor=debtor,
            creditor=creditor,
            amount_fen=fen,
            order_id=move.order_id,
            sale_id=move.sale_id,
        )
        for part, (debtor, creditor, fen) in enumerate(between)
    ]
