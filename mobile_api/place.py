"""Placing an order from the phone page: looked up, estimated, then written once whatever is sent again."""

from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Unavailable
from core.ids import ResidentId
from core.repeatable import Repeated, answer_once, answered_before
from mobile_api.order_pages import facts_of, resident_order
from mobile_api.parts import MobileParts
from mobile_api.schemas.orders import Basket, QuoteView, ResidentOrder, draft_of, quote_view
from services.orders.draft import CheckedDraft, check_draft
from services.orders.estimate import Estimate, estimate
from services.orders.place_order import place_order

CREATED = 201


async def quote(parts: MobileParts, basket: Basket) -> QuoteView:
    """Return what a basket would cost and be promised now. Raises what ``check_draft`` raises."""
    at = parts.clock.now()
    async with parts.database.read() as tx:
        checked = await check_draft(tx, draft_of(basket), at=at)
    return quote_view(checked, await _estimated(parts, checked), at=at)


async def place(
    parts: MobileParts, principal: Principal, basket: Basket, repeated: Repeated
) -> ResidentOrder:
    """Return the placed order, or the one that the same key placed before.

    The way is asked for before the transaction, which then checks everything again. Raises what
    ``place_order`` raises, and Conflict("idempotency-key-reused") for another body under the same key.
    """
    known = await answered_before(parts.database, repeated, ResidentOrder)
    if known is not None:
        return known
    draft, at = draft_of(basket), parts.clock.now()
    async with parts.database.read() as tx:
        checked = await check_draft(tx, draft, at=at)
    promised = (await _estimated(parts, checked)).promise

    async def write(tx: Transaction) -> ResidentOrder:
        order = await place_order(
            tx, draft, ResidentId(principal.id), promised, at=at, paid_by=basket.paid_by
        )
        return resident_order((await facts_of(tx, [order]))[0], None, at=at)

    return await answer_once(
        parts.database, repeated, ResidentOrder, write, status=CREATED, wall=parts.clock.wall()
    )


async def _estimated(parts: MobileParts, checked: CheckedDraft) -> Estimate:
    """Without the vehicles' last state the promise is longer; an order never waits for Redis."""
    try:
        heard = await parts.last_heard.last_heard(checked.load.free)
    except Unavailable:
        heard = {}
    return await estimate(checked, parts.roads, heard, rate=parts.clock.rate)
