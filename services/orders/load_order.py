"""The merchant stands at the vehicle and wants a compartment opened for the goods."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId
from services.delivery.compartments import BOX_REFUSAL_NAMES, box_refusal
from services.delivery.open_compartment import open_compartment
from services.delivery.store import CompartmentStore
from services.flows.do_step import must_be_loadable
from services.orders.lines import must_be_weighed
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.substitutions.store import SubstitutionStore
from services.tasks.states import StopKind, StopState
from services.tasks.store import TaskStore
from services.tasks.task import Task


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
    back as it is. ``compartment`` None means the planned one; another that fits becomes the planned one.
    Raises NotFound, and Conflict: ``vehicle-not-at-stop`` before the vehicle stands at the merchant,
    ``compartment-not-fitting`` with the reason for one that cannot take the goods, ``answer-awaited`` while
    the customer is asked about missing goods, ``weight-missing``,
    ``step-missing`` until what its operator's flow asks for is done.
    """
    order = await OrderStore(tx).get(order_id, reach)
    if order.state is OrderState.IN_TRANSIT:
        return order
    if order.state is not OrderState.PICKING_UP or order.task_id is None or order.compartment is None:
        raise Conflict("vehicle-not-at-stop", order_id=order_id, state=order.state.value)
    await _must_be_agreed(tx, order)
    task = await TaskStore(tx).get(order.task_id, EVERYTHING)
    is_there = any(
        stop.kind is StopKind.LOAD and stop.state is StopState.REACHED and order_id in stop.orders
        for stop in task.stops
    )
    if not is_there:
        raise Conflict("vehicle-not-at-stop", order_id=order_id, state=order.state.value)
    if compartment is not None and compartment != order.compartment:
        order = await _into_another(tx, order, task, compartment, at)
    await open_compartment(tx, order, requester=actor, reason="load", at=at, rate=rate)
    return order


async def _must_be_agreed(tx: Transaction, order: Order) -> None:
    waiting = await SubstitutionStore(tx).open_of(order.order_id)
    if waiting:
        first = min(waiting, key=lambda one: one.answer_by)
        raise Conflict("answer-awaited", goods_id=first.goods_id, until=first.answer_by.isoformat())
    must_be_weighed(order.lines)
    await must_be_loadable(tx, order)


async def _into_another(tx: Transaction, order: Order, task: Task, compartment: int, at: datetime) -> Order:
    """Return the order planned for the box the merchant chose, if it fits and no other order has it."""
    layouts = await CompartmentStore(tx).layouts([task.vehicle_no])
    carried = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
    taken = [
        other.compartment
        for other in carried.values()
        if other.order_id != order.order_id and not other.is_terminal and other.compartment is not None
    ]
    refusal = box_refusal(layouts.get(task.vehicle_no, ()), compartment, taken, order.parcel)
    if refusal is not None:
        raise Conflict(
            "compartment-not-fitting",
            BOX_REFUSAL_NAMES[refusal][1],
            planned=order.compartment,
            given=compartment,
            reason=refusal.value,
        )
    return await OrderStore(tx).note(order, at=at, compartment=compartment)
