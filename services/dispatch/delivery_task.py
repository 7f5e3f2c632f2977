"""The task of one delivery: load, hand over, and the way back that is driven only with goods left on
board."""

from datetime import datetime, timedelta

import msgspec

from core.ids import OrderId, StopId, TaskId, VehicleNo, new_id
from core.kinds import ServiceKind
from services.delivery.catalogue import Merchant, PickupPoint
from services.dispatch.candidate import WaitingOrder
from services.orders.promise import APPROACH_S, LOAD_S
from services.tasks.states import StopKind, TaskKind, TaskState
from services.tasks.task import Leg, Stop, Task

LOAD_WAIT_S = 900.0
"""How long a vehicle waits at a merchant past the time the goods are due, city seconds."""
RETURN_WAIT_S = 900.0
"""How long it waits there with goods that were not collected."""


class DeliveryLegs(msgspec.Struct, frozen=True, kw_only=True):
    """The three ways of a delivery: to the merchant, to the pickup point, back to the merchant."""

    to_merchant: Leg
    to_pickup: Leg
    back: Leg


class DeliveryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A task with the times that its order is told."""

    task: Task
    eta_pickup_at: datetime
    eta_at: datetime


def plan_delivery(
    order: WaitingOrder,
    vehicle_no: VehicleNo,
    epoch: int,
    merchant: Merchant,
    point: PickupPoint,
    legs: DeliveryLegs,
    *,
    at: datetime,
) -> DeliveryPlan:
    """Return the task of one order, assigned to a vehicle with ``epoch``, and when it is expected where."""
    eta_pickup_at = at + timedelta(seconds=legs.to_merchant.duration_s)
    leaves_at = max(eta_pickup_at, order.ready_at) + timedelta(seconds=LOAD_S)
    eta_at = leaves_at + timedelta(seconds=legs.to_pickup.duration_s + APPROACH_S)
    load_wait_s = LOAD_WAIT_S + max(0.0, (order.ready_at - eta_pickup_at).total_seconds())
    stops = (
        _stop(1, StopKind.LOAD, merchant, legs.to_merchant, load_wait_s, order.order_id, eta_pickup_at),
        _stop(2, StopKind.HANDOVER, point, legs.to_pickup, point.wait_s, order.order_id, eta_at),
        _stop(3, StopKind.RETURN, merchant, legs.back, RETURN_WAIT_S, order.order_id, None),
    )
    task = Task(
        task_id=TaskId(new_id()),
        epoch=epoch,
        kind=TaskKind.DELIVERY,
        service=ServiceKind.DELIVERY,
        state=TaskState.ASSIGNED,
        district=order.district,
        vehicle_no=vehicle_no,
        stops=stops,
        created_at=at,
    )
    return DeliveryPlan(task=task, eta_pickup_at=eta_pickup_at, eta_at=eta_at)


def _stop(
    seq: int,
    kind: StopKind,
    place: Merchant | PickupPoint,
    leg: Leg,
    wait_s: float,
    order_id: OrderId,
    eta_at: datetime | None,
) -> Stop:
    return Stop(
        stop_id=StopId(new_id()),
        seq=seq,
        kind=kind,
        place_id=place.merchant_id if isinstance(place, Merchant) else place.pickup_point_id,
        name_zh=place.name_zh,
        name_en=place.name_en,
        lat=place.lat,
        lng=place.lng,
        leg=leg,
        wait_s=wait_s,
        orders=(order_id,),
        eta_at=eta_at,
    )
