"""The slot-level ledger: movements, lots, and what they add up to. Stock is the sum and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

import msgspec

from core.errors import Conflict
from core.ids import GoodsId, OperatorId, VehicleNo
from services.delivery.compartments import Temperature

LotId = NewType("LotId", str)
"""``operator:batch``: the same batch of two operators is two lots."""


class MovementKind(StrEnum):
    """What happened to pieces of a slot."""

    LOAD = "load"
    RESERVE = "reserve"
    RELEASE = "release"
    SELL = "sell"
    SPOIL = "spoil"
    COUNT = "count"


MOVEMENT_NAMES: Mapping[MovementKind, tuple[str, str]] = MappingProxyType(
    {
        MovementKind.LOAD: ("补货", "loaded"),
        MovementKind.RESERVE: ("预留", "reserved"),
        MovementKind.RELEASE: ("释放", "released"),
        MovementKind.SELL: ("售出", "sold"),
        MovementKind.SPOIL: ("报损", "spoiled"),
        MovementKind.COUNT: ("盘点", "counted"),
    }
)
"""(zh, en) of every kind of movement."""


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of one batch: until when they may be sold, in which band they must be kept, whether recalled."""

    lot_id: LotId
    operator: OperatorId
    goods_id: GoodsId
    expires_at: datetime
    temperature: Temperature = Temperature.AMBIENT
    recalled_at: datetime | None = None
    recall_reason: str = ""

    def may_be_sold(self, at: datetime) -> bool:
        """Return whether pieces of it may be sold at ``at``: neither recalled nor past their date."""
        return self.recalled_at is None and at < self.expires_at


class StockLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one lot in one slot: free on the shelf, and held for somebody who is buying."""

    vehicle_no: VehicleNo
    slot: int
    lot: Lot
    shelf: int
    held: int

    @property
    def pieces(self) -> int:
        """Return what lies in the slot, held or not."""
        return self.shelf + self.held


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger, never changed. ``shelf`` and ``held`` are signed pieces.

    ``cause`` and ``line`` are its identity: the same cause never moves anything twice.
    """

    cause: str
    line: int = 0
    vehicle_no: VehicleNo
    slot: int
    lot_id: LotId
    goods_id: GoodsId
    kind: MovementKind
    shelf: int = 0
    held: int = 0
    price_fen: int
    actor: str
    at: datetime


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one lot."""

    lot_id: LotId
    quantity: int


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a slot that are held for one buyer; ``cause`` names the purchase."""

    vehicle_no: VehicleNo
    slot: int
    cause: str
    actor: str
    picks: tuple[Pick, ...] = ()


def first_expired_first_out(lines: Sequence[StockLine], quantity: int, *, at: datetime) -> tuple[Pick, ...]:
    """Return which lots ``quantity`` pieces are taken from, the soonest to expire first.

    Recalled and expired lots are no stock. Raises Conflict ``out-of-stock`` when too few may be sold.
    """
    good = sorted(
        (line for line in lines if line.shelf and line.lot.may_be_sold(at)),
        key=lambda line: (line.lot.expires_at, line.lot.lot_id),
    )
    left = quantity
    picks: list[Pick] = []
    for line in good:
        taken = min(left, line.shelf)
        if taken:
            picks.append(Pick(lot_id=line.lot.lot_id, quantity=taken))
        left -= taken
    if left:
        raise Conflict("out-of-stock", left=quantity - left, wanted=quantity)
    return tuple(picks)


def count_difference(lines: Sequence[StockLine], counted: int) -> dict[LotId, int]:
    """Return by how much each lot's shelf changes so that the slot holds what was counted.

    What is missing is missing from the lot that expires first, what is over belongs to the newest. Raises
    Conflict when fewer were counted than are held for buyers, or pieces were found where none was ever
    loaded.
    """
    ordered = sorted(lines, key=lambda line: (line.lot.expires_at, line.lot.lot_id))
    expected, held = sum(line.pieces for line in lines), sum(line.held for line in lines)
    if counted < held:
        raise Conflict(
            "conflict", "pieces are held for buyers; count again after", held=held, counted=counted
        )
    if counted and not ordered:
        raise Conflict("conflict", "nothing was ever loaded here: load it as a lot", counted=counted)
    if counted >= expected:
        return {ordered[-1].lot.lot_id: counted - expected} if ordered else {}
    missing = expected - counted
    found: dict[LotId, int] = {}
    for line in ordered:
        taken = min(missing, line.shelf)
        if taken:
            found[line.lot.lot_id] = -taken
        missing -= taken
    return found


def stock_of(movements: Iterable[Movement]) -> dict[tuple[VehicleNo, int, LotId], tuple[int, int]]:
    """Return what a ledger adds up to: (shelf, held) of every lot in every slot."""
    found: dict[tuple[VehicleNo, int, LotId], tuple[int, int]] = {}
    for each in movements:
        key = (each.vehicle_no, each.slot, each.lot_id)
        shelf, held = found.get(key, (0, 0))
        found[key] = (shelf + each.shelf, held + each.held)
    return found
