"""The delivery order itself and the one pure function that moves it."""

from datetime import datetime, timedelta

import msgspec

from core.ids import (
    DistrictCode,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
    TaskId,
    VehicleNo,
)
from core.transitions import advance as next_state
from services.delivery.compartments import Parcel
from services.delivery.second_try import SECOND_WAIT_S
from services.orders.lines import OrderLine, goods_fen_of
from services.orders.reasons import NOT_COLLECTED
from services.orders.states import (
    TERMINAL,
    TRANSITIONS,
    CollectionMissed,
    GoodsLoaded,
    LinesChanged,
    MerchantAccepted,
    MovedOn,
    OrderCancelled,
    OrderEvent,
    OrderGivenUp,
    OrderState,
    ReadyTimeSet,
    RecoveryStarted,
    VehicleArrived,
    VehicleAssigned,
    VehicleLost,
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery order.

    ``version`` grows by one with every event. ``epoch`` grows by one each time a vehicle is taken off it
    before loading; reports of an older epoch change nothing. Times are aware UTC; None means that it has
    not happened.
    """

    order_id: OrderId
    version: int = 1
    epoch: int = 1
    state: OrderState = OrderState.CREATED
    district: DistrictCode
    operator: OperatorId
    resident_id: ResidentId
    merchant_id: MerchantId
    pickup_point_id: PickupPointId
    lines: tuple[OrderLine, ...]
    fee_fen: int = 0
    """What bringing it costs; part of ``total_fen``."""
    total_fen: int
    parcel: Parcel
    note: str = ""
    extra_wait_s: float = 0.0
    """City seconds that the vehicle waits longer for a recipient who is not quick on foot."""
    first_wait_s: float | None = None
    """City seconds that the vehicle waits at the pickup point, by the rule that held when it was placed."""
    second_wait_s: float = SECOND_WAIT_S
    """The same at the second point."""
    placed_by: str = ""
    """Who ordered on the recipient's behalf (``staff:…``); empty when she did herself."""
    placed_at: datetime
    promised_p50_at: datetime
    promised_p90_at: datetime
    ready_at: datetime | None = None
    accepted_at: datetime | None = None
    task_id: TaskId | None = None
    vehicle_no: VehicleNo | None = None
    compartment: int | None = None
    eta_pickup_at: datetime | None = None
    eta_at: datetime | None = None
    loaded_at: datetime | None = None
    arrived_at: datetime | None = None
    collect_by: datetime | None = None
    reminded_at: datetime | None = None
    flow_version: int = 0
    """The version of its operator's flow that it was placed under (services.flows); 0 asks for nothing."""
    opened_by: str = ""
    """Who opened the door for the goods, or asked to: a Collector of ``services.delegation``, of a delegate
    with her number, ``delegate:2``."""
    opened_how: str | None = None
    """How: an OpenedHow of there; None while nobody did, and from before it was kept."""
    closed_at: datetime | None = None
    reason: str = ""
    """Why it waits, was cancelled, goes back or failed: a stable word of ``services.orders.reasons``; empty
    when nothing is wrong."""

    @property
    def is_terminal(self) -> bool:
        """True when nothing can move it any more."""
        return self.state in TERMINAL


def advance(order: Order, event: OrderEvent, *, at: datetime) -> Order:
    """Return the order after ``event`` at ``at``; version + 1.

    Raises IllegalTransition when the pair is not in the table. Pure: effects are the caller's.
    """
    target = next_state(TRANSITIONS, order.state, type(event))
    moved = _effects(order, event, at)
    closed_at = at if target in TERMINAL else order.closed_at
    return msgspec.structs.replace(moved, state=target, version=order.version + 1, closed_at=closed_at)


def _effects(order: Order, event: OrderEvent, at: datetime) -> Order:
    replace = msgspec.structs.replace
    match event:
        case MerchantAccepted() | ReadyTimeSet() | LinesChanged():
            return _at_the_shop(order, event, at)
        case VehicleAssigned():
            return replace(
                order,
                task_id=event.task_id,
                vehicle_no=event.vehicle_no,
                compartment=event.compartment,
                eta_pickup_at=event.eta_pickup_at,
                eta_at=event.eta_at,
                reason="",
            )
        case GoodsLoaded(compartment=compartment):
            return replace(order, loaded_at=at, compartment=compartment)
        case VehicleArrived(collect_by=collect_by):
            return replace(order, arrived_at=at, collect_by=collect_by, eta_at=at)
        case MovedOn(pickup_point_id=point, eta_at=eta_at):
            return replace(
                order,
                pickup_point_id=point,
                eta_at=eta_at,
                arrived_at=None,
                collect_by=None,
                reminded_at=None,
            )
        case OrderCancelled(reason=reason) | OrderGivenUp(reason=reason):
            return replace(order, reason=reason)
        case CollectionMissed():
            return replace(order, reason=NOT_COLLECTED)
        case VehicleLost(cause=cause):
            return _lost(order, cause)
        case RecoveryStarted():
            return replace(order, reason="")
        case _:
            return order


def _at_the_shop(order: Order, event: MerchantAccepted | ReadyTimeSet | LinesChanged, at: datetime) -> Order:
    replace = msgspec.structs.replace
    match event:
        case MerchantAccepted(ready_at=ready_at):
            return replace(order, accepted_at=at, ready_at=ready_at)
        case ReadyTimeSet(ready_at=ready_at):
            return replace(order, ready_at=ready_at)
        case LinesChanged(lines=lines, parcel=parcel):
            total_fen = order.fee_fen + goods_fen_of(lines)
            return replace(order, lines=lines, parcel=parcel, total_fen=total_fen)


def _lost(order: Order, cause: str) -> Order:
    if order.loaded_at is not None:
        return msgspec.structs.replace(order, reason=cause, eta_at=None)
    return msgspec.structs.replace(
        order,
        epoch=order.epoch + 1,
        task_id=None,
        vehicle_no=None,
        compartment=None,
        eta_pickup_at=None,
        eta_at=None,
        reason=cause,
    )


def delay_of(order: Order, *, at: datetime) -> timedelta:
    """Return how far the expected arrival is past the P90 promise; zero when on time or closed.

    Without an expected arrival the present moment stands in for it.
    """
    if order.is_terminal:
        return timedelta(0)
    expected = order.eta_at if order.eta_at is not None and order.eta_at > at else at
    return max(timedelta(0), expected - order.promised_p90_at)
