"""Placing an order from the phone page: looked up, estimated, then written once whatever is sent again."""

from core.auth.principal import Principal
from core.ids import ResidentId
from core.repeatable import Repeated
from mobile_api.parts import MobileParts
from mobile_api.placing import Asked, Ready
from mobile_api.schemas.orders import Basket, QuoteView, ResidentOrder, draft_of, quote_view
from services.orders.draft import CheckedDraft, check_draft
from services.orders.estimate import Estimate, estimate
from services.orders.place_order import Wanted


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
    found = await parts.placing.look(Asked(repeated=repeated, draft=draft_of(basket)))
    if isinstance(found, ResidentOrder):
        return found
    wanted = Wanted(
        checked=found,
        resident_id=ResidentId(principal.id),
        promised=(await _estimated(parts, found)).promise,
        paid_by=basket.paid_by,
    )
    return await parts.placing.write(Ready(repeated=repeated, wanted=wanted))


async def _estimated(parts: MobileParts, checked: CheckedDraft) -> Estimate:
    """Without the vehicles' last state the promise is longer; an order never waits for Redis."""
    heard = await parts.heard_of(checked.load.free)
    return await estimate(checked, parts.travel, heard, rate=parts.clock.rate)
