"""Shrinkage: what counts found against what the ledger said, by vehicle and slot. Pure."""

from collections.abc import Iterable

import msgspec

from core.ids import GoodsId, VehicleNo
from services.vending.ledger import Movement, MovementKind


class Shrinkage(msgspec.Struct, frozen=True, kw_only=True):
    """One slot over a span. Pieces; ``lost_fen`` is at the price of the day, below zero when more was found.

    ``difference`` is what counts added (below zero: missing), ``counts`` how often somebody counted.
    """

    vehicle_no: VehicleNo
    slot: int
    goods_id: GoodsId
    loaded: int = 0
    sold: int = 0
    spoiled: int = 0
    counts: int = 0
    difference: int = 0
    lost_fen: int = 0
    spoiled_fen: int = 0


def shrinkage(movements: Iterable[Movement]) -> list[Shrinkage]:
    """Return what became of the goods of every slot that anything moved in, the greatest loss first."""
    found: dict[tuple[VehicleNo, int, GoodsId], Shrinkage] = {}
    counted: set[str] = set()
    for each in movements:
        key = (each.vehicle_no, each.slot, each.goods_id)
        before = found.get(key) or Shrinkage(vehicle_no=key[0], slot=key[1], goods_id=key[2])
        found[key] = _add(before, each, is_new_count=each.cause not in counted)
        if each.kind is MovementKind.COUNT:
            counted.add(each.cause)
    return sorted(found.values(), key=lambda row: (-row.lost_fen - row.spoiled_fen, row.vehicle_no, row.slot))


def _add(row: Shrinkage, each: Movement, *, is_new_count: bool) -> Shrinkage:
    pieces = each.shelf + each.held
    match each.kind:
        case MovementKind.LOAD:
            return msgspec.structs.replace(row, loaded=row.loaded + pieces)
        case MovementKind.SELL:
            return msgspec.structs.replace(row, sold=row.sold - pieces)
        case MovementKind.SPOIL:
            return msgspec.structs.replace(
                row,
                spoiled=row.spoiled - pieces,
                spoiled_fen=row.spoiled_fen - pieces * each.price_fen,
            )
        case MovementKind.COUNT:
            return msgspec.structs.replace(
                row,
                counts=row.counts + is_new_count,
                difference=row.difference + pieces,
                lost_fen=row.lost_fen - pieces * each.price_fen,
            )
        case MovementKind.RESERVE | MovementKind.RELEASE:
            return row
