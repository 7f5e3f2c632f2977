"""The planogram: what each slot of a vending vehicle holds, how much of it, and at what price."""

from collections.abc import Mapping, Sequence

import msgspec

from core.errors import Conflict, Invalid
from core.ids import GoodsId, VehicleNo
from services.delivery.compartments import Temperature

MOST_SLOTS = 60
"""Most slots of one vehicle; a slot's number is the compartment's on the wire."""
MOST_IN_A_SLOT = 200
MOST_PRICE_FEN = 100_000
"""1,000 yuan: dearer goods are not left to an unattended door."""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One door or shelf of a vehicle: its goods, the most it holds, the price, the band it keeps."""

    slot: int
    goods_id: GoodsId
    name_zh: str
    name_en: str
    price_fen: int
    capacity: int
    temperature: Temperature = Temperature.AMBIENT


def check_planogram(slots: Sequence[Slot]) -> None:
    """Raise Invalid, naming field and limit, for a planogram that no vehicle could have."""
    if not 1 <= len(slots) <= MOST_SLOTS:
        raise Invalid(
            "invalid-input", f"a vehicle has 1 to {MOST_SLOTS} slots", field="slots", limit=MOST_SLOTS
        )
    if len({slot.slot for slot in slots}) < len(slots):
        raise Invalid("invalid-input", "a slot is named twice", field="slots.slot", limit="each once")
    for slot in slots:
        _within(slot.slot, MOST_SLOTS, "slots.slot")
        _within(slot.capacity, MOST_IN_A_SLOT, "slots.capacity")
        _within(slot.price_fen, MOST_PRICE_FEN, "slots.priceFen")


def check_change(
    vehicle_no: VehicleNo, before: Sequence[Slot], after: Sequence[Slot], inside: Mapping[int, int]
) -> None:
    """Raise Conflict ``slot-not-empty`` when goods lie where the new planogram has none or others of them.

    ``inside`` counts the pieces in each slot; a capacity below that raises ``slot-full``.
    """
    wanted = {slot.slot: slot for slot in after}
    for known in before:
        pieces, new = inside.get(known.slot, 0), wanted.get(known.slot)
        if not pieces:
            continue
        if new is None or (new.goods_id, new.temperature) != (known.goods_id, known.temperature):
            raise Conflict("slot-not-empty", vehicle_no=vehicle_no, slot=known.slot, inside=pieces)
        if new.capacity < pieces:
            raise Conflict(
                "slot-full", vehicle_no=vehicle_no, slot=known.slot, inside=pieces, capacity=new.capacity
            )


def _within(value: int, most: int, field: str) -> None:
    if not 1 <= value <= most:
        raise Invalid("invalid-input", f"{field} is 1 to {most}, not {value}", field=field, limit=most)
