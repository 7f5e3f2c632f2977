"""Steps of an order's flow: asked for at the step itself, done and on record."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import OrderId
from services.flows.flow import (
    Proof,
    ProofKind,
    Step,
    missing_at_door,
    missing_at_loading,
    must_be_done,
)
from services.flows.store import FlowStore
from services.orders.order import Order
from services.orders.states import BEFORE_LOADING
from services.orders.store import OrderStore

MOST_NAME_CHARS = 40
MOST_REFERENCE_CHARS = 200


async def steps_of(tx: Transaction, order: Order) -> tuple[Step, ...]:
    """Return the steps that an order takes: those of the version that it was placed under."""
    key = (order.operator, order.flow_version)
    return (await FlowStore(tx).steps_of([key])).get(key, ())


async def must_be_loadable(tx: Transaction, order: Order) -> None:
    """Raise Conflict ``step-missing`` until what the flow asks for before loading is done."""
    steps = await steps_of(tx, order)
    if steps:
        proofs = (await FlowStore(tx).proofs_of([order.order_id])).get(order.order_id, ())
        must_be_done(missing_at_loading(steps, proofs))


async def must_open(
    tx: Transaction, order: Order, *, has_code: bool, photo: str | None, actor: str, at: datetime
) -> None:
    """Keep the photo of a collection; raise Conflict ``step-missing`` for what the flow asks for and is not
    there."""
    steps = await steps_of(tx, order)
    must_be_done(missing_at_door(steps, has_code=has_code, has_photo=photo is not None))
    if photo is not None:
        kind = ProofKind.PHOTO_AT_COLLECTION
        await FlowStore(tx).prove(Proof(order_id=order.order_id, kind=kind, said=photo, at=at, actor=actor))


async def prove_load(
    tx: Transaction, principal: Principal, order_id: OrderId, kind: ProofKind, said: str, *, at: datetime
) -> Order:
    """Return the order of whose load somebody confirmed what is in it, by name, or took a photo.

    The same said again changes nothing. Raises NotFound, Invalid for an empty or long text, Conflict once
    the goods are on board.
    """
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    if order.state not in BEFORE_LOADING:
        raise Conflict("conflict", "the goods are on board or the order is over", state=order.state.value)
    limit = MOST_NAME_CHARS if kind is ProofKind.CONFIRMED else MOST_REFERENCE_CHARS
    text = said.strip()
    if not 1 <= len(text) <= limit:
        raise Invalid("invalid-input", f"1 to {limit} characters", field="said", limit=limit)
    actor = f"{principal.kind}:{principal.id}"
    proof = Proof(order_id=order_id, kind=kind, said=text, at=at, actor=actor)
    if await FlowStore(tx).prove(proof):
        await audit.record(tx, principal, f"order.{kind.value}", f"order:{order_id}", {"said": text}, at=at)
        OrderStore(tx).announce(order, at)
    return order
