"""The day's orders in numbers."""

from datetime import datetime

import msgspec
from sqlalchemy import case, func, select

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction
from services.orders.states import OrderState
from services.orders.tables import orders


class OrdersToday(msgspec.Struct, frozen=True, kw_only=True):
    """Orders placed since the day began; `on_time_ratio` is None while none of them has arrived."""

    placed: int = 0
    delivered: int = 0
    on_time_ratio: float | None = None


async def count_orders(tx: Transaction, reach: Reach, *, since: datetime) -> OrdersToday:
    """Return the numbers of orders placed since a moment within the reach.

    On time means that the vehicle stood at the pickup point by the promise's P90.
    """
    has_arrived = orders.c.arrived_at.is_not(None)
    in_time = has_arrived & (orders.c.arrived_at <= orders.c.promised_p90_at)
    query = select(
        func.count().label("placed"),
        func.sum(case((orders.c.state == OrderState.DELIVERED.value, 1), else_=0)).label("delivered"),
        func.sum(case((has_arrived, 1), else_=0)).label("arrived"),
        func.sum(case((in_time, 1), else_=0)).label("in_time"),
    ).where(
        orders.c.placed_at >= since,
        within(orders.c.district, reach.districts),
        within(orders.c.operator, reach.operators),
    )
    row = (await tx.execute(query)).one()
    arrived = int(row.arrived or 0)
    return OrdersToday(
        placed=int(row.placed),
        delivered=int(row.delivered or 0),
        on_time_ratio=int(row.in_time or 0) / arrived if arrived else None,
    )
