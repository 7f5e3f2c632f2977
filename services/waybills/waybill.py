"""A waybill, its machine and the one pure function that moves it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.ids import (
    DistrictCode,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
    WaybillId,
)
from core.transitions import advance as next_state
from services.delivery.compartments import Parcel


class WaybillState(StrEnum):
    """Where a parcel stands before a vehicle has it."""

    OFFERED = "offered"
    """Its recipient was asked and has not answered."""
    CHOSEN = "chosen"
    """Slot and pickup point are chosen; the order comes when the slot is near."""
    ORDERED = "ordered"
    """An order brings it; what follows is the order's."""
    COUNTER = "counter"
    """It waits at the counter of the station."""


class WaybillEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a waybill; the subclass is the kind."""


class SlotChosen(WaybillEvent, frozen=True, kw_only=True):
    """The recipient chose when and where; until the order is there she may choose anew."""

    slot_at: datetime
    pickup_point_id: PickupPointId


class Declined(WaybillEvent, frozen=True, kw_only=True):
    """The recipient comes to the counter herself."""


class NoAnswer(WaybillEvent, frozen=True, kw_only=True):
    """The deadline passed."""


class OrderPlaced(WaybillEvent, frozen=True, kw_only=True):
    """The slot is near: an order brings the parcel."""

    order_id: OrderId


class NotServed(WaybillEvent, frozen=True, kw_only=True):
    """No order could be placed for the slot; ``reason`` is the code of the refusal."""

    reason: str


S = WaybillState
TRANSITIONS: Mapping[tuple[WaybillState, type[WaybillEvent]], WaybillState] = MappingProxyType(
    {
        (S.OFFERED, SlotChosen): S.CHOSEN,
        (S.OFFERED, Declined): S.COUNTER,
        (S.OFFERED, NoAnswer): S.COUNTER,
        (S.CHOSEN, SlotChosen): S.CHOSEN,
        (S.CHOSEN, Declined): S.COUNTER,
        (S.CHOSEN, OrderPlaced): S.ORDERED,
        (S.CHOSEN, NotServed): S.COUNTER,
    }
)
TERMINAL: frozenset[WaybillState] = frozenset({S.ORDERED, S.COUNTER})
STATE_NAMES: Mapping[WaybillState, tuple[str, str]] = MappingProxyType(
    {
        S.OFFERED: ("等收件人选择", "waiting for the recipient"),
        S.CHOSEN: ("已选时段", "slot chosen"),
        S.ORDERED: ("已转配送", "being delivered"),
        S.COUNTER: ("柜台自取", "at the counter"),
    }
)
"""(zh, en) of every state."""


class Waybill(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel at one station. ``number`` is the station's own, unique there."""

    waybill_id: WaybillId
    version: int = 1
    state: WaybillState = WaybillState.OFFERED
    merchant_id: MerchantId
    district: DistrictCode
    operator: OperatorId
    number: str
    resident_id: ResidentId
    token_hash: str
    parcel: Parcel
    offered_at: datetime
    answer_by: datetime
    slot_at: datetime | None = None
    pickup_point_id: PickupPointId | None = None
    order_id: OrderId | None = None
    reason: str = ""
    closed_at: datetime | None = None


def advance(waybill: Waybill, event: WaybillEvent, *, at: datetime) -> Waybill:
    """Return the waybill after ``event`` at ``at``; version + 1. Raises IllegalTransition."""
    state = next_state(TRANSITIONS, waybill.state, type(event))
    closed_at = at if state in TERMINAL else None
    moved = msgspec.structs.replace(waybill, state=state, version=waybill.version + 1, closed_at=closed_at)
    match event:
        case SlotChosen(slot_at=slot_at, pickup_point_id=point):
            return msgspec.structs.replace(moved, slot_at=slot_at, pickup_point_id=point)
        case OrderPlaced(order_id=order_id):
            return msgspec.structs.replace(moved, order_id=order_id)
        case NotServed(reason=reason):
            return msgspec.structs.replace(moved, reason=reason)
        case NoAnswer():
            return msgspec.structs.replace(moved, reason="no_answer")
        case Declined():
            return msgspec.structs.replace(moved, reason="declined")
        case _:
            return moved
