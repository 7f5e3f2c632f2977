"""The recipient at the vehicle: seeing the code, asking for a fresh one, opening the door."""

from datetime import datetime

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId
from fleet.commands.command import Command
from services.delegation.collected import OpenedHow
from services.delegation.collected_by import CUSTOMER, DELEGATE, note_opener
from services.delegation.store import DelegateStore
from services.delivery.code_store import PickupCodeStore
from services.delivery.open_compartment import open_compartment
from services.delivery.pickup_code import PickupCode
from services.flows.do_step import must_open
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
    photo: str | None = None,
    actor: str,
    at: datetime,
    rate: float,
) -> Command | WrongCode:
    """Queue the opening of the order's compartment and return the command.

    ``typed`` is a code when the opener is asked for one. A wrong code costs a try: it is an answer and no
    error, so that the caller commits it. Raises NotFound, Conflict ``vehicle-not-at-stop`` unless the
    vehicle stands at the pickup point, ``pickup-code-locked``, ``step-missing`` for a code or a ``photo``
    that the operator's flow asks for.
    """
    order = await _arrived(tx, order_id, reach)
    opener = CUSTOMER if typed is None else await _opener(tx, order_id, typed, at)
    if isinstance(opener, WrongCode):
        return opener
    await must_open(tx, order, has_code=typed is not None, photo=photo, actor=actor, at=at)
    how = OpenedHow.LINK if actor.startswith("link:") else OpenedHow.PAGE
    order = await note_opener(tx, order, opener, how, at=at)
    return await open_compartment(tx, order, requester=actor, reason="collect", at=at, rate=rate)


async def _arrived(tx: Transaction, order_id: OrderId, reach: Reach) -> Order:
    order = await OrderStore(tx).get(order_id, reach)
    if order.state is not OrderState.ARRIVED:
        raise Conflict("vehicle-not-at-stop", order_id=order_id, state=order.state.value)
    return order


async def _opener(tx: Transaction, order_id: OrderId, typed: str, at: datetime) -> str | WrongCode:
    """Return whose code was typed, or that it is nobody's: then a try of the recipient's is gone."""
    codes = PickupCodeStore(tx)
    before = await codes.get(order_id)
    after, is_right = before.check(typed)
    if is_right:
        return CUSTOMER
    named = await DelegateStore(tx).good_one(order_id, at)
    if named is not None and not named.code.is_locked and named.code.check(typed)[1]:
        return f"{DELEGATE}:{named.number}"
    await codes.save(before, after)
    return WrongCode(generation=after.generation, tries_left=after.tries_left)
