"""Topic ``orders``: the order board."""

from collections.abc import Collection, Mapping, Sequence

from core.auth.principal import Reach
from core.clock import Clock
from core.ids import OrderId
from dashboard.order_sheets import OrderDesk
from dashboard.schemas.orders import OrderBrief, order_brief


class OrderTopic:
    """fleet.live.feeds.FactFeed of orders that are open or were closed lately."""

    nouns: tuple[str, ...] = ("order",)
    every_s: float | None = 30.0
    """Expected times move without an event, and closed orders leave the board."""

    def __init__(self, desk: OrderDesk, clock: Clock) -> None:
        """Take who reads orders."""
        self._desk = desk
        self._clock = clock

    async def snapshot(self, reach: Reach) -> Sequence[OrderBrief]:
        """Return the board within the reach, newest first."""
        return [order_brief(sheet) for sheet in await self._desk.board(reach, at=self._clock.now())]

    async def read(self, ids: Collection[str], reach: Reach) -> Mapping[str, OrderBrief]:
        """Return the named orders within the reach that are on the board."""
        wanted = [OrderId(text) for text in ids]
        found = await self._desk.named(wanted, reach, at=self._clock.now())
        return {sheet.order.order_id: order_brief(sheet) for sheet in found}

    def removed(self, id: str) -> dict[str, str]:  # noqa: A002
        """Return what stands for an order that left the board."""
        return {"orderId": id}
