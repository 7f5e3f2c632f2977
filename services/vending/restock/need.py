"""How badly a vending vehicle needs goods, from what it holds and how fast it sells. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from services.vending.ledger import StockLine
from services.vending.planogram import Slot

LEAD_H = 3.0
"""Hours before a slot is sold out at which somebody should be asked: a crew needs one, the rest is doubt."""
NOW_SHARE = 0.25
"""When so many of the slots are, or within the lead will be, sold out, the vehicle goes to a depot."""
NOW_FULL = 0.30
SOON_FULL = 0.70
"""How full a vehicle is, all pieces it can sell against all it could hold: below the first it needs goods
now, below the second it takes some along when it charges anyway."""


class Urgency(StrEnum):
    """When a vehicle should be restocked."""

    NONE = "none"
    WITH_CHARGING = "with_charging"
    NOW = "now"


class RestockNeed(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing by slot, how full it is, which slots run out within the lead, how urgent."""

    urgency: Urgency
    full: float
    running_out: tuple[int, ...]
    missing: Mapping[int, int]


def restock_need(
    slots: Sequence[Slot], lines: Sequence[StockLine], sold_per_h: Mapping[int, float], *, at: datetime
) -> RestockNeed:
    """Return the need of a vehicle; ``sold_per_h`` is how many pieces of each slot an hour takes.

    Pieces that are recalled or past their date count as none, but take room until they are taken out.
    """
    good = {
        slot.slot: sum(x.shelf for x in lines if x.slot == slot.slot and x.lot.may_be_sold(at))
        for slot in slots
    }
    inside = {slot.slot: sum(x.pieces for x in lines if x.slot == slot.slot) for slot in slots}
    room = sum(slot.capacity for slot in slots)
    full = sum(good.values()) / room if room else 1.0
    out = tuple(slot.slot for slot in slots if _runs_out(good[slot.slot], sold_per_h.get(slot.slot, 0.0)))
    missing = {s.slot: s.capacity - inside[s.slot] for s in slots if inside[s.slot] < s.capacity}
    return RestockNeed(
        urgency=_urgency(full, len(out) / len(slots) if slots else 0.0),
        full=round(full, 3),
        running_out=out,
        missing=missing,
    )


def wanted_now(need: RestockNeed) -> RestockNeed:
    """Return the need of a vehicle that somebody wants restocked; a full one needs nothing more for that."""
    return msgspec.structs.replace(need, urgency=Urgency.NOW) if need.missing else need


def _runs_out(left: int, per_h: float) -> bool:
    return left == 0 or left < per_h * LEAD_H


def _urgency(full: float, share_out: float) -> Urgency:
    if full < NOW_FULL or share_out >= NOW_SHARE:
        return Urgency.NOW
    return Urgency.WITH_CHARGING if full < SOON_FULL else Urgency.NONE
