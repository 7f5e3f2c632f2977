"""The customer answers what may take the place of missing goods, or her silence does."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.ids import GoodsId, OrderId
from services.delivery.store import CatalogueStore
from services.notices.kinds import Occasion
from services.orders.cancel_order import cancel_order
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.states import LinesChanged
from services.orders.store import OrderStore
from services.substitutions.offer_substitute import parcel_of_lines
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import (
    OfferDeclined,
    OfferTaken,
    Substitution,
    SubstitutionState,
    TimeRanOut,
    lines_after,
)


async def answer_substitute(
    tx: Transaction,
    order_id: OrderId,
    goods_id: GoodsId,
    reach: Reach,
    *,
    is_taken: bool,
    actor: str,
    at: datetime,
    rate: float,
    by: str | None = None,
) -> Order:
    """Return the order after the answer: with the substitute, without the goods, or cancelled when nothing
    is left. What it costs less is given back in the same transaction, what it costs more is held.

    ``by`` is who answers for her by telephone, None she herself. The same answer again changes nothing.
    Raises NotFound, IllegalTransition for another answer than the first or one after the deadline, Conflict
    ``balance-too-low`` when a dearer substitute is not covered.
    """
    order = await OrderStore(tx).get(order_id, reach)
    one = await SubstitutionStore(tx).get(order_id, goods_id)
    if one.state is (SubstitutionState.TAKEN if is_taken else SubstitutionState.DECLINED):
        return order
    event = OfferTaken(by=by) if is_taken else OfferDeclined(by=by)
    await SubstitutionStore(tx).move(one, event, at=at)
    return await _changed(tx, order, one, is_taken=is_taken, actor=actor, at=at, rate=rate)


async def lapse(tx: Transaction, one: Substitution, *, actor: str, at: datetime, rate: float) -> Order:
    """Return the order without what is missing: nobody answered in time. Raises Conflict on a lost race."""
    order = await OrderStore(tx).get(one.order_id, EVERYTHING)
    await SubstitutionStore(tx).move(one, TimeRanOut(), at=at)
    return await _changed(tx, order, one, is_taken=False, actor=actor, at=at, rate=rate)


async def _changed(
    tx: Transaction,
    order: Order,
    one: Substitution,
    *,
    is_taken: bool,
    actor: str,
    at: datetime,
    rate: float,
) -> Order:
    if not is_taken and one.offer is not None:
        await CatalogueStore(tx).put_back({one.offer.goods_id: one.offer.quantity})
    lines = lines_after(order.lines, one, is_taken=is_taken)
    if lines:
        changed = LinesChanged(lines=lines, parcel=await parcel_of_lines(tx, lines))
        return await OrderStore(tx).move(order, changed, at=at, actor=actor)
    reason = "nothing_left"
    order = await cancel_order(
        tx, order.order_id, EVERYTHING, by="system", reason=reason, actor=actor, at=at, rate=rate
    )
    await want_notice(tx, order, Occasion.CANCELLED, at=at)
    return order
