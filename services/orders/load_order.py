"""The merchant stands at the vehicle and wants a compartment opened for the goods."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId
from services.delivery.open_compartment import open_compartment
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.tasks.states import StopKind, StopState
from services.tasks.store import TaskStore


async def load_order(
    tx: Transaction,
    order_id: OrderId,
    reach: Reach,
    *,
    compartment: int | None,
    actor: str,
    at: datetime,
    rate: float,
) -> Order:
    """Ask the vehicle to open the order's compartment for loading and return the order.

    The order becomes in_transit on the vehicle's own report; an order that is on board already is given
    back as it is. ``compartment`` None means the planned one. Raises NotFound, and Conflict:
    ``vehicle-not-at-stop`` before the vehicle stands at the merchant, ``conflict`` for another compartment
    than the planned one.
    """
    order = await OrderStore(tx).get(order_id, reach)
    if order.state is OrderState.IN_TRANSIT:
        return order
    if order.state is not OrderState.PICKING_UP or order.task_id is None or order.compartment is None:
        raise Conflict("vehicle-not-at-stop", order_id=order_id, state=order.state.value)
    if compartment is not None and compartment != order.compartment:
        raise Conflict(
            "conflict", "another compartment was planned", planned=order.compartment, given=compartment
        )
    task = await TaskStore(tx).get(order.task_id, EVERYTHING)
    is_there = any(
        stop.kind is StopKind.LOAD and stop.state is StopState.REACHED and order_id in stop.orders
        for stop in task.stops
    )
    if not is_there:
        raise Conflict("vehicle-not-at-stop", order_id=order_id, state=order.state.value)
    await open_compartment(tx, order, requester=actor, reason="load", at=at, rate=rate)
    return order
