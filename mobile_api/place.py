"""Placing an order from the phone page: looked up, estimated, then written once whatever is sent again."""

from core.auth.principal import Principal
from core.database import Transaction
from core.ids import ResidentId
from core.repeatable import Repeated, answer_once, answered_in
from mobile_api.order_pages import OrderFacts, resident_order
from mobile_api.parts import MobileParts
from mobile_api.schemas.orders import Basket, QuoteView, ResidentOrder, draft_of, quote_view
from services.orders.draft import CheckedDraft, check_draft
from services.orders.estimate import Estimate, estimate
from services.orders.place_order import PlacedOrder, place_order

CREATED = 201


async def quote(parts: MobileParts, basket: Basket) -> QuoteView:
    """Return what a basket would cost and be promised now. Raises what ``check_draft`` raises."""
    at = parts.clock.now()
    async with parts.database.read() as tx:
        checked = await check_draft(tx, draft_of(basket), at=at, load_of=parts.load_of)
    return quote_view(checked, await _estimated(parts, checked), at=at)


async def place(
    parts: MobileParts, principal: Principal, basket: Basket, repeated: Repeated
) -> ResidentOrder:
    """Return the placed order, or the one that the same key placed before.

    The way is asked for before the transaction, which then reads again what a moment can change. Raises what
    ``check_draft`` and ``place_order`` raise, and Conflict("idempotency-key-reused") for another body under
    the same key.
    """
    at = parts.clock.now()
    async with parts.database.read() as tx:
        known = await answered_in(tx, repeated, ResidentOrder)
        if known is not None:
            return known
        checked = await check_draft(tx, draft_of(basket), at=at, load_of=parts.load_of)
    promised = (await _estimated(parts, checked)).promise

    async def write(tx: Transaction) -> ResidentOrder:
        placed = await place_order(
            tx, checked, ResidentId(principal.id), promised, at=at, paid_by=basket.paid_by
        )
        return resident_order(_facts(placed), None, at=at)

    return await answer_once(
        parts.database, repeated, ResidentOrder, write, status=CREATED, wall=parts.clock.wall()
    )


def _facts(placed: PlacedOrder) -> OrderFacts:
    """Return the facts of a page of an order that has just been written."""
    return OrderFacts(
        order=placed.order,
        merchant=placed.checked.merchant,
        point=placed.checked.pickup_point,
        code=placed.code,
        history=placed.history,
        task=None,
        vehicle=None,
        labels={},
        paid_by=placed.paid_by,
        steps=placed.flow.steps,
    )


async def _estimated(parts: MobileParts, checked: CheckedDraft) -> Estimate:
    """Without the vehicles' last state the promise is longer; an order never waits for Redis."""
    heard = await parts.heard_of(checked.load.free)
    return await estimate(checked, parts.travel, heard, rate=parts.clock.rate)
