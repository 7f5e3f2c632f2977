"""What a vehicle holds to check codes: the recipient's, and her delegate's while that is good."""

from collections.abc import Sequence
from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import OrderId
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, OrderCodes, Reroute
from services.delegation.store import DelegateStore
from services.delivery.code_store import PickupCodeStore
from services.delivery.keypad import keypad_key
from services.delivery.pickup_code import Verifier
from services.orders.order import Order
from services.tasks.plan import wire_verifiers
from services.tasks.store import TaskStore


async def verifiers_of(
    tx: Transaction, ids: Sequence[OrderId], key: bytes, *, at: datetime
) -> dict[OrderId, tuple[Verifier, ...]]:
    """Return the verifiers of every code that is good for each order, under one vehicle's keypad key.

    Raises NotFound for an order without a code.
    """
    codes, delegates = PickupCodeStore(tx), await DelegateStore(tx).of_orders(ids)
    found: dict[OrderId, tuple[Verifier, ...]] = {}
    for order_id in ids:
        own = (await codes.get(order_id)).verifiers(key)
        named = [
            verifier
            for one in delegates.get(order_id, ())
            if one.is_good(at)
            for verifier in one.code.verifiers(key, expires_at=one.expires_at)
        ]
        found[order_id] = (*own, *named)
    return found


async def tell_vehicle(tx: Transaction, order: Order, *, keypad_root: str, at: datetime, rate: float) -> None:
    """Give the vehicle that has the order the codes that are good now, in place of those it had.

    A vehicle that is not heard learns of it when it is: until then it knows the codes from before.
    """
    if order.task_id is None or order.vehicle_no is None:
        return
    task = await TaskStore(tx).get(order.task_id, EVERYTHING)
    if not task.is_active:
        return
    key = keypad_key(keypad_root, order.vehicle_no)
    good = (await verifiers_of(tx, [order.order_id], key, at=at))[order.order_id]
    codes = OrderCodes(order_id=order.order_id, verifiers=wire_verifiers(good))
    wish = Wish(
        vehicle_no=order.vehicle_no,
        kind=CommandKind.REROUTE,
        body=Reroute(task_id=task.task_id, epoch=task.epoch, codes=(codes,)),
        reason="codes_changed",
        task_id=task.task_id,
        epoch=task.epoch,
    )
    await queue_command(tx, wish, at=at, rate=rate)
