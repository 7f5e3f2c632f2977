"""The delivery order's machine: states, events, the one table, and its names on screens."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.ids import PickupPointId, TaskId, VehicleNo
from services.delivery.compartments import Parcel
from services.orders.lines import OrderLine


class OrderState(StrEnum):
    """Where a delivery order stands. ``ready_at`` is a time on the order, never a state."""

    CREATED = "created"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    PICKING_UP = "picking_up"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    MISSED = "missed"
    RETURNING = "returning"
    RETURNED = "returned"
    FAILED = "failed"
    NEEDS_RECOVERY = "needs_recovery"


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an order; the subclass is the kind."""


class MerchantAccepted(OrderEvent, frozen=True, kw_only=True):
    """The merchant takes the order; goods are expected at ``ready_at``."""

    ready_at: datetime


class ReadyTimeSet(OrderEvent, frozen=True, kw_only=True):
    """The merchant says when the goods are ready (now, or a better estimate)."""

    ready_at: datetime


class LinesChanged(OrderEvent, frozen=True, kw_only=True):
    """The lines became others before loading: the scale spoke, or the recipient answered."""

    lines: tuple[OrderLine, ...]
    parcel: Parcel


class VehicleAssigned(OrderEvent, frozen=True, kw_only=True):
    """Dispatch claimed a vehicle for the order."""

    task_id: TaskId
    vehicle_no: VehicleNo
    compartment: int
    eta_pickup_at: datetime
    eta_at: datetime


class PickupStarted(OrderEvent, frozen=True, kw_only=True):
    """The vehicle took the plan and is on its way to the merchant."""


class GoodsLoaded(OrderEvent, frozen=True, kw_only=True):
    """The vehicle says that the goods are in ``compartment`` and the door is shut."""

    compartment: int


class VehicleArrived(OrderEvent, frozen=True, kw_only=True):
    """The vehicle stands at the pickup point and waits until ``collect_by``."""

    collect_by: datetime


class GoodsCollected(OrderEvent, frozen=True, kw_only=True):
    """The door opened for the recipient, or ``by`` whom else, and closed again."""

    by: str = ""


class OrderCancelled(OrderEvent, frozen=True, kw_only=True):
    """Somebody called it off before loading; ``reason`` is a stable word, ``by`` names the side."""

    by: str
    reason: str


class CollectionMissed(OrderEvent, frozen=True, kw_only=True):
    """The vehicle left the pickup point with the goods still on board."""


class MovedOn(OrderEvent, frozen=True, kw_only=True):
    """Nobody came; the vehicle goes to another point and waits there once more."""

    pickup_point_id: PickupPointId
    eta_at: datetime


class ReturnStarted(OrderEvent, frozen=True, kw_only=True):
    """The goods are on their way back to the merchant."""


class GoodsReturned(OrderEvent, frozen=True, kw_only=True):
    """The merchant took the goods back."""


class VehicleLost(OrderEvent, frozen=True, kw_only=True):
    """The vehicle can no longer do the job. Before loading another takes over; after loading a person
    must."""

    cause: str


class RecoveryStarted(OrderEvent, frozen=True, kw_only=True):
    """A rescue, or the vehicle itself, carries the goods on to the recipient."""


class OrderGivenUp(OrderEvent, frozen=True, kw_only=True):
    """Nobody can serve it any more; ``reason`` is a stable word."""

    reason: str


S = OrderState
TRANSITIONS: Mapping[tuple[OrderState, type[OrderEvent]], OrderState] = MappingProxyType(
    {
        (S.CREATED, MerchantAccepted): S.ACCEPTED,
        (S.CREATED, LinesChanged): S.CREATED,
        (S.CREATED, OrderCancelled): S.CANCELLED,
        (S.ACCEPTED, ReadyTimeSet): S.ACCEPTED,
        (S.ACCEPTED, LinesChanged): S.ACCEPTED,
        (S.ACCEPTED, VehicleAssigned): S.ASSIGNED,
        (S.ACCEPTED, OrderCancelled): S.CANCELLED,
        (S.ACCEPTED, OrderGivenUp): S.FAILED,
        (S.ASSIGNED, ReadyTimeSet): S.ASSIGNED,
        (S.ASSIGNED, LinesChanged): S.ASSIGNED,
        (S.ASSIGNED, PickupStarted): S.PICKING_UP,
        (S.ASSIGNED, VehicleLost): S.ACCEPTED,
        (S.ASSIGNED, OrderCancelled): S.CANCELLED,
        (S.PICKING_UP, ReadyTimeSet): S.PICKING_UP,
        (S.PICKING_UP, LinesChanged): S.PICKING_UP,
        (S.PICKING_UP, GoodsLoaded): S.IN_TRANSIT,
        (S.PICKING_UP, VehicleLost): S.ACCEPTED,
        (S.PICKING_UP, OrderCancelled): S.CANCELLED,
        (S.IN_TRANSIT, VehicleArrived): S.ARRIVED,
        (S.IN_TRANSIT, VehicleLost): S.NEEDS_RECOVERY,
        (S.ARRIVED, GoodsCollected): S.DELIVERED,
        (S.ARRIVED, MovedOn): S.IN_TRANSIT,
        (S.ARRIVED, CollectionMissed): S.MISSED,
        (S.ARRIVED, VehicleLost): S.NEEDS_RECOVERY,
        (S.MISSED, ReturnStarted): S.RETURNING,
        (S.MISSED, VehicleLost): S.NEEDS_RECOVERY,
        (S.RETURNING, GoodsReturned): S.RETURNED,
        (S.RETURNING, VehicleLost): S.NEEDS_RECOVERY,
        (S.NEEDS_RECOVERY, RecoveryStarted): S.IN_TRANSIT,
        (S.NEEDS_RECOVERY, ReturnStarted): S.RETURNING,
        (S.NEEDS_RECOVERY, OrderGivenUp): S.FAILED,
    }
)
TERMINAL: frozenset[OrderState] = frozenset({S.DELIVERED, S.CANCELLED, S.RETURNED, S.FAILED})
BEFORE_LOADING: frozenset[OrderState] = frozenset({S.CREATED, S.ACCEPTED, S.ASSIGNED, S.PICKING_UP})
ON_BOARD: frozenset[OrderState] = frozenset(
    {S.IN_TRANSIT, S.ARRIVED, S.MISSED, S.RETURNING, S.NEEDS_RECOVERY}
)
EVENTS: tuple[type[OrderEvent], ...] = (
    MerchantAccepted,
    ReadyTimeSet,
    LinesChanged,
    VehicleAssigned,
    PickupStarted,
    GoodsLoaded,
    VehicleArrived,
    GoodsCollected,
    OrderCancelled,
    MovedOn,
    CollectionMissed,
    ReturnStarted,
    GoodsReturned,
    VehicleLost,
    RecoveryStarted,
    OrderGivenUp,
)
STATE_NAMES: Mapping[OrderState, tuple[str, str]] = MappingProxyType(
    {
        S.CREATED: ("待商户接单", "waiting for the merchant"),
        S.ACCEPTED: ("等待派车", "waiting for a vehicle"),
        S.ASSIGNED: ("已派车", "vehicle assigned"),
        S.PICKING_UP: ("前往取货", "on the way to the merchant"),
        S.IN_TRANSIT: ("配送中", "on the way"),
        S.ARRIVED: ("已到达", "arrived"),
        S.DELIVERED: ("已签收", "delivered"),
        S.CANCELLED: ("已取消", "cancelled"),
        S.MISSED: ("未取件", "not collected"),
        S.RETURNING: ("退回途中", "going back"),
        S.RETURNED: ("已退回", "returned"),
        S.FAILED: ("未能配送", "could not be delivered"),
        S.NEEDS_RECOVERY: ("等待救援", "waiting for a rescue"),
    }
)
"""(zh, en) of every state."""
