"""Telling a vehicle to open the compartment of an order."""

from datetime import datetime

from core.database import Transaction
from core.errors import Conflict
from fleet.commands.command import Command
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, OpenCompartment
from services.orders.order import Order


async def open_compartment(
    tx: Transaction,
    order: Order,
    *,
    requester: str,
    reason: str,
    at: datetime,
    rate: float,
) -> Command:
    """Queue ``open_compartment`` for the order's box and return the command.

    Raises Conflict ``vehicle-not-at-stop`` when the order has no vehicle.
    """
    if order.vehicle_no is None or order.compartment is None:
        raise Conflict("vehicle-not-at-stop", order_id=order.order_id, state=order.state.value)
    wish = Wish(
        vehicle_no=order.vehicle_no,
        kind=CommandKind.OPEN_COMPARTMENT,
        body=OpenCompartment(compartment=order.compartment, order_id=order.order_id),
        requester=requester,
        reason=reason,
        task_id=order.task_id,
    )
    return await queue_command(tx, wish, at=at, rate=rate)
