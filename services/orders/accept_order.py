"""The merchant takes an order, and says when the goods are ready."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Invalid
from core.ids import GoodsId, OrderId
from services.delivery.store import CatalogueStore
from services.merchants.desk import must_be_licensed
from services.merchants.store import DeskStore
from services.orders.lines import must_be_weighed, weigh
from services.orders.order import Order
from services.orders.states import LinesChanged, MerchantAccepted, OrderState, ReadyTimeSet
from services.orders.store import OrderStore
from services.orders.zone import want_dispatch

LONGEST_PREPARE = timedelta(hours=4)
"""A merchant that needs longer takes tomorrow's order tomorrow."""


async def accept_order(
    tx: Transaction, order_id: OrderId, reach: Reach, *, ready_at: datetime, actor: str, at: datetime
) -> Order:
    """Return the accepted order and ask for a dispatch round; one that was accepted before and is not over
    is given back as it is.

    A ready time in the past means now. Raises NotFound, Invalid for a ready time more than four hours
    away, Conflict ``licence-expired``, and IllegalTransition once it was cancelled.
    """
    if ready_at > at + LONGEST_PREPARE:
        raise Invalid("time-out-of-range", field="ready_at", limit=LONGEST_PREPARE.total_seconds())
    orders = OrderStore(tx)
    order = await orders.get(order_id, reach)
    if order.accepted_at is not None and not order.is_terminal:
        return order
    merchants = await CatalogueStore(tx).merchants_by_id([order.merchant_id], EVERYTHING)
    must_be_licensed(merchants[order.merchant_id], await DeskStore(tx).one(order.merchant_id), at)
    event = MerchantAccepted(ready_at=max(ready_at, at))
    accepted = await orders.move(order, event, at=at, actor=actor)
    await want_dispatch(tx, accepted.district, at=at)
    return accepted


async def goods_ready(
    tx: Transaction,
    order_id: OrderId,
    reach: Reach,
    *,
    weights: Mapping[GoodsId, int],
    actor: str,
    at: datetime,
) -> Order:
    """Return the order whose goods are ready now; one that was ready before keeps its earlier time.

    ``weights`` are grams of goods sold by weight: the order then costs what they really weigh, and what it
    costs less is given back. Raises NotFound, Invalid ``weight-over-cap`` naming the cap, Conflict
    ``weight-missing``, and IllegalTransition before it was accepted or after it was loaded.
    """
    orders = OrderStore(tx)
    order = await orders.get(order_id, reach)
    lines = weigh(order.lines, weights)
    must_be_weighed(lines)
    if lines != order.lines:
        changed = LinesChanged(lines=lines, parcel=order.parcel)
        order = await orders.move(order, changed, at=at, actor=actor)
    if order.ready_at is not None and order.ready_at <= at and order.state is not OrderState.CREATED:
        return order
    return await orders.move(order, ReadyTimeSet(ready_at=at), at=at, actor=actor)
