"""The machine of a sale at a vending vehicle: states, events, the one table, and the names on screens."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class SaleState(StrEnum):
    """Where a sale stands."""

    RESERVED = "reserved"
    OPENING = "opening"
    SETTLED = "settled"
    RELEASED = "released"


class SaleEvent(StrEnum):
    """What moves a sale."""

    DOOR_ASKED = "door_asked"
    CODE_TYPED = "code_typed"
    """The vehicle opened to the buyer's code on its keypad."""
    DOOR_REFUSED = "door_refused"
    """The vehicle did not open: the buyer may try again."""
    GOODS_TAKEN = "goods_taken"
    NOTHING_TAKEN = "nothing_taken"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Nobody asked for the door in time, or the vehicle left."""
    NOT_REPORTED = "not_reported"
    """The vehicle never said what was taken."""
    TAKEN_LATE = "taken_late"
    """It says so after all, although the goods had been put back in the books."""


S, E = SaleState, SaleEvent
TRANSITIONS: Mapping[tuple[SaleState, SaleEvent], SaleState] = MappingProxyType(
    {
        (S.RESERVED, E.DOOR_ASKED): S.OPENING,
        (S.RESERVED, E.CODE_TYPED): S.OPENING,
        (S.RESERVED, E.GOODS_TAKEN): S.SETTLED,
        (S.RESERVED, E.CANCELLED): S.RELEASED,
        (S.RESERVED, E.EXPIRED): S.RELEASED,
        (S.OPENING, E.DOOR_REFUSED): S.RESERVED,
        (S.OPENING, E.GOODS_TAKEN): S.SETTLED,
        (S.OPENING, E.NOTHING_TAKEN): S.RELEASED,
        (S.OPENING, E.NOT_REPORTED): S.RELEASED,
        (S.RELEASED, E.TAKEN_LATE): S.SETTLED,
    }
)
TERMINAL: frozenset[SaleState] = frozenset({S.SETTLED})
OVER: frozenset[SaleState] = frozenset({S.SETTLED, S.RELEASED})
"""Over for the buyer; what the vehicle of a released sale reports after that is still booked."""
HOLDING: frozenset[SaleState] = frozenset({S.RESERVED, S.OPENING})
"""States in which pieces are held for the buyer."""

STATE_NAMES: Mapping[SaleState, tuple[str, str]] = MappingProxyType(
    {
        S.RESERVED: ("已预留", "reserved"),
        S.OPENING: ("开门取货", "door opening"),
        S.SETTLED: ("已成交", "sold"),
        S.RELEASED: ("未成交", "not bought"),
    }
)
"""(zh, en) of every state."""
