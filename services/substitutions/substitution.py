"""One line of an order that its merchant lacks, what he offers in its place, and what becomes of that."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.ids import GoodsId, OrderId
from core.transitions import advance as next_state
from services.orders.lines import OrderLine, lighter


class SubstitutionState(StrEnum):
    """How one offer stands."""

    OFFERED = "offered"
    TAKEN = "taken"
    DECLINED = "declined"
    LAPSED = "lapsed"
    """Nobody answered in time: what is missing is left out."""
    DROPPED = "dropped"
    """The order was over before an answer."""


class SubstitutionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an offer; the subclass is the kind."""


class OfferTaken(SubstitutionEvent, frozen=True, kw_only=True):
    """The customer wants what is offered."""

    by: str | None = None
    """Who answered for her by telephone, as ``staff:name``; None is she herself."""


class OfferDeclined(SubstitutionEvent, frozen=True, kw_only=True):
    """The customer wants what is missing left out."""

    by: str | None = None
    """As for an offer that was taken."""


class TimeRanOut(SubstitutionEvent, frozen=True, kw_only=True):
    """Silence until the deadline, or goods on board before an answer."""


class OrderOver(SubstitutionEvent, frozen=True, kw_only=True):
    """The order ended another way."""


S = SubstitutionState
TRANSITIONS: Mapping[tuple[SubstitutionState, type[SubstitutionEvent]], SubstitutionState] = MappingProxyType(
    {
        (S.OFFERED, OfferTaken): S.TAKEN,
        (S.OFFERED, OfferDeclined): S.DECLINED,
        (S.OFFERED, TimeRanOut): S.LAPSED,
        (S.OFFERED, OrderOver): S.DROPPED,
    }
)
TERMINAL: frozenset[SubstitutionState] = frozenset({S.TAKEN, S.DECLINED, S.LAPSED, S.DROPPED})
STATE_NAMES: Mapping[SubstitutionState, tuple[str, str]] = MappingProxyType(
    {
        S.OFFERED: ("等待顾客答复", "waiting for the customer"),
        S.TAKEN: ("顾客同意", "agreed"),
        S.DECLINED: ("顾客不要", "declined"),
        S.LAPSED: ("超时未答复", "no answer"),
        S.DROPPED: ("订单已结束", "the order ended"),
    }
)
"""(zh, en) of every state."""


class Substitution(msgspec.Struct, frozen=True, kw_only=True):
    """``missing`` pieces of a line are not there; ``offer`` would come instead, None leaves them out.

    ``ordered`` is how many pieces the line had. The pieces offered are kept from the shelf until the answer.
    """

    order_id: OrderId
    goods_id: GoodsId
    version: int = 1
    state: SubstitutionState = SubstitutionState.OFFERED
    ordered: int
    missing: int
    offer: OrderLine | None = None
    offered_at: datetime
    answer_by: datetime
    answered_at: datetime | None = None
    answered_by: str | None = None
    """Who answered for the customer by telephone, as ``staff:name``; None is she herself, or nobody."""


def advance(one: Substitution, event: SubstitutionEvent, *, at: datetime) -> Substitution:
    """Return the offer after ``event`` at ``at``; version + 1. Raises IllegalTransition."""
    state = next_state(TRANSITIONS, one.state, type(event))
    by = event.by if isinstance(event, OfferTaken | OfferDeclined) else None
    return msgspec.structs.replace(one, state=state, version=one.version + 1, answered_at=at, answered_by=by)


def lines_after(lines: Sequence[OrderLine], one: Substitution, *, is_taken: bool) -> tuple[OrderLine, ...]:
    """Return the lines without what is missing, with the offer in its place when it is taken."""
    found: list[OrderLine] = []
    for line in lines:
        if line.goods_id != one.goods_id:
            found.append(line)
            continue
        if line.quantity > one.missing:
            found.append(lighter(line, one.missing))
        if is_taken and one.offer is not None:
            found.append(one.offer)
    return tuple(found)


def still_reserved(lines: Sequence[OrderLine], offers: Sequence[Substitution]) -> dict[GoodsId, int]:
    """Return what an order keeps from the shelf: its lines without what is missing, and what is offered.

    What the merchant lacks was never there, so it does not go back. An offer that was taken is a line.
    """
    kept: dict[GoodsId, int] = {}
    for line in lines:
        kept[line.goods_id] = kept.get(line.goods_id, 0) + line.quantity
    for one in offers:
        is_in_lines = kept.get(one.goods_id) == one.ordered and one.state is not S.TAKEN
        if is_in_lines:
            kept[one.goods_id] -= one.missing
        if one.state is S.OFFERED and one.offer is not None:
            kept[one.offer.goods_id] = kept.get(one.offer.goods_id, 0) + one.offer.quantity
    return {goods_id: quantity for goods_id, quantity in kept.items() if quantity > 0}
