"""The recipient at the vehicle: seeing the code, asking for a fresh one, opening the door."""

from datetime import datetime

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId
from fleet.commands.command import Command
from services.delivery.code_store import PickupCodeStore
from services.delivery.open_compartment import open_compartment
from services.delivery.pickup_code import PickupCode
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore


async def code_of_order(tx: Transaction, order_id: OrderId, reach: Reach) -> PickupCode:
    """Return the state of the code of an order within the reach; raise NotFound when there is none."""
    await OrderStore(tx).get(order_id, reach)
    return await PickupCodeStore(tx).get(order_id)


async def refresh_code(tx: Transaction, order_id: OrderId, reach: Reach) -> PickupCode:
    """Return the state with a fresh code; the vehicle knows it already.

    Raises NotFound, Conflict ``gone`` when the order is over, ``pickup-code-locked`` after the third code.
    """
    await OrderStore(tx).get(order_id, reach)
    codes = PickupCodeStore(tx)
    before = await codes.get(order_id)
    after = before.refresh()
    await codes.save(before, after)
    return after


class WrongCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code was typed that is not the order's; the try is spent."""

    generation: int
    tries_left: int


async def open_for_recipient(
    tx: Transaction,
    order_id: OrderId,
    reach: Reach,
    *,
    typed: str | None,
    actor: str,
    at: datetime,
    rate: float,
) -> Command | WrongCode:
    """Queue the opening of the order's compartment and return the command.

    ``typed`` is a code when the opener is asked for one. A wrong code costs a try: it is an answer and no
    error, so that the caller commits it. Raises NotFound, Conflict ``vehicle-not-at-stop`` unless the
    vehicle stands at the pickup point, ``pickup-code-locked``.
    """
    order = await _arrived(tx, order_id, reach)
    after = None if typed is None else await _check(tx, order_id, typed)
    if after is not None:
        return WrongCode(generation=after.generation, tries_left=after.tries_left)
    return await open_compartment(tx, order, requester=actor, reason="collect", at=at, rate=rate)


async def _arrived(tx: Transaction, order_id: OrderId, reach: Reach) -> Order:
    order = await OrderStore(tx).get(order_id, reach)
    if order.state is not OrderState.ARRIVED:
        raise Conflict("vehicle-not-at-stop", order_id=order_id, state=order.state.value)
    return order


async def _check(tx: Transaction, order_id: OrderId, typed: str) -> PickupCode | None:
    """Return None when the code is right, else the state after the lost try."""
    codes = PickupCodeStore(tx)
    before = await codes.get(order_id)
    after, is_right = before.check(typed)
    await codes.save(before, after)
    return None if is_right else after
