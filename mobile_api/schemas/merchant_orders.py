"""Orders as the merchant reads them: what to pack, when, into which box; nothing about the recipient."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from core.ids import TaskId
from mobile_api.schemas.orders import LineView, line_view
from services.orders.order import Order
from services.tasks.states import StopKind, StopState
from services.tasks.task import Task


class LoadGoods(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The compartment that takes the goods; null is the planned one."""

    compartment: Annotated[int, Meta(ge=1, le=64)] | None = None


class MerchantOrder(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order to be packed. ``isVehicleThere`` says that ``loaded`` will open the compartment now."""

    order_id: str
    version: int
    state: str
    reason: str
    lines: tuple[LineView, ...]
    note: str
    litres: float
    mass_kg: float
    temperature: str
    placed_at: datetime
    ready_at: datetime | None
    vehicle_no: int | None
    compartment: int | None
    eta_pickup_at: datetime | None
    is_vehicle_there: bool
    loaded_at: datetime | None
    closed_at: datetime | None


def merchant_order(order: Order, tasks: Mapping[TaskId, Task]) -> MerchantOrder:
    """Return an order with where its vehicle stands."""
    task = tasks.get(order.task_id) if order.task_id is not None else None
    return MerchantOrder(
        order_id=order.order_id,
        version=order.version,
        state=order.state.value,
        reason=order.reason,
        lines=tuple(line_view(line) for line in order.lines),
        note=order.note,
        litres=order.parcel.litres,
        mass_kg=order.parcel.mass_kg,
        temperature=order.parcel.temperature.value,
        placed_at=order.placed_at,
        ready_at=order.ready_at,
        vehicle_no=order.vehicle_no,
        compartment=order.compartment,
        eta_pickup_at=order.eta_pickup_at,
        is_vehicle_there=task is not None and _stands_to_load(task, order),
        loaded_at=order.loaded_at,
        closed_at=order.closed_at,
    )


def _stands_to_load(task: Task, order: Order) -> bool:
    return any(
        stop.kind is StopKind.LOAD and stop.state is StopState.REACHED and order.order_id in stop.orders
        for stop in task.stops
    )
