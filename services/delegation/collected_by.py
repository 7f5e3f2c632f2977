"""Who opened the door for an order's goods: the recipient or the delegate she named, on record."""

from datetime import datetime

import msgspec

from core import audit
from core.database import Transaction
from core.ids import OrderId
from services.delegation.collected import Collector, OpenedHow
from services.delegation.delegate import number_of
from services.delegation.store import DelegateStore
from services.delivery.code_store import PickupCodeStore
from services.delivery.pickup_code import HOLDER_STEP
from services.flows.do_step import steps_of
from services.flows.flow import ProofKind, Step
from services.flows.store import FlowStore
from services.orders.order import Order
from services.orders.store import OrderStore

CUSTOMER, DELEGATE, SOMEBODY = Collector.CUSTOMER.value, Collector.DELEGATE.value, Collector.SOMEBODY.value
_AT_THE_DOOR = {
    "crew": (Collector.CREW, OpenedHow.HAND),
    "merchant": (Collector.MERCHANT, OpenedHow.HAND),
    "command": (Collector.STAFF, OpenedHow.REMOTE),
}
"""Who it was by what the vehicle says, where no code was typed and nobody asked on a page."""


async def opened_at_vehicle(
    tx: Transaction, order: Order, by: str, generation: int | None, *, at: datetime
) -> Order:
    """Return the order with whose code opened its door, or who did without one, as the vehicle says.

    What was asked for on a page stays: the vehicle only says that a command opened it.
    """
    if by == "keypad":
        number = 0 if generation is None else number_of(generation)
        opener = CUSTOMER if number == 0 else f"{DELEGATE}:{number}"
        return await note_opener(tx, order, opener, OpenedHow.KEYPAD, at=at)
    if by not in _AT_THE_DOOR or (by == "command" and order.opened_by):
        return order
    who, how = _AT_THE_DOOR[by]
    return await note_opener(tx, order, who.value, how, at=at)


async def note_opener(tx: Transaction, order: Order, opener: str, how: OpenedHow, *, at: datetime) -> Order:
    """Return the order with who opened its door, or asked to, and how; of a delegate with her number.

    A delegate that the order never named is ``somebody``: what a vehicle says is no reason to fail.
    """
    if opener.startswith(DELEGATE):
        number = int(opener.rpartition(":")[2])
        one = next((x for x in await DelegateStore(tx).of_order(order.order_id) if x.number == number), None)
        if one is None:
            opener = SOMEBODY
        elif one.opened_at is None:
            opened = msgspec.structs.replace(one, opened_at=at, version=one.version + 1)
            await DelegateStore(tx).save(one, opened)
    return await OrderStore(tx).note(order, at=at, opened_by=opener, opened_how=how.value)


async def record_collected(tx: Transaction, order: Order, *, at: datetime) -> None:
    """Put on record who collected an order, which delegate, and how; and whether there is the photo
    that the operator's flow asks for (a keypad takes none)."""
    who, _, number = (order.opened_by or SOMEBODY).partition(":")
    fields: dict[str, object] = {"by": who, "how": order.opened_how}
    if number:
        one = await DelegateStore(tx).get(order.order_id, int(number))
        fields |= {"delegate": one.number, "resident": one.resident_id}
    if Step.PHOTO_AT_COLLECTION in await steps_of(tx, order):
        proofs = (await FlowStore(tx).proofs_of([order.order_id])).get(order.order_id, ())
        fields["photo"] = any(proof.kind is ProofKind.PHOTO_AT_COLLECTION for proof in proofs)
    await audit.record(tx, None, "order.collected", f"order:{order.order_id}", fields, at=at)


async def merge_tries(tx: Transaction, order_id: OrderId, generation: int, tries: int) -> bool:
    """Merge a vehicle's count of wrong codes into the code that the generation belongs to.

    Returns whether it said anything new. An unknown delegate or generation says nothing.
    """
    number = number_of(generation)
    if number == 0:
        codes = PickupCodeStore(tx)
        before = await codes.get(order_id)
        after = before.merge_tries(generation, tries)
        await codes.save(before, after)
        return after is not before
    store = DelegateStore(tx)
    one = next((each for each in await store.of_order(order_id) if each.number == number), None)
    if one is None:
        return False
    merged = one.with_code(one.code.merge_tries(generation - HOLDER_STEP * number, tries))
    await store.save(one, merged)
    return merged.version != one.version
