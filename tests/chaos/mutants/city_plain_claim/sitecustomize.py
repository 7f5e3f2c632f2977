"""Mutant: an order is moved by a plain update, whatever became of it since it was read.

The run takes the partial unique index of tasks out of the database as well: claim and index are two guards.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from services.orders.order import Order, advance
from services.orders.states import OrderEvent
from services.orders.store import OrderStore, _line, _values
from services.orders.tables import orders


async def _move(
    self: OrderStore,
    order: Order,
    event: OrderEvent,
    *,
    at: datetime,
    actor: str,
    vehicle_no: int | None = None,
) -> Order:
    query = select(orders.c.version, orders.c.epoch).where(orders.c.order_id == order.order_id)
    now: Any = (await self._tx.execute(query)).one()
    moved = advance(order, event, at=at)
    moved = msgspec.structs.replace(moved, version=now.version + 1, epoch=max(now.epoch, moved.epoch))
    await self._tx.execute(update(orders).where(orders.c.order_id == order.order_id).values(_values(moved)))
    said = msgspec.to_builtins(event)
    line = _line(order, moved, type(event).__name__, actor, said, at=at, vehicle_no=vehicle_no)
    await self._tell([(moved, [line])], at)
    return moved


OrderStore.move = _move  # type: ignore[method-assign]
