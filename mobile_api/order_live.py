"""One order's page kept up to date: snapshot, then the page again whenever it changed."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from core.auth.principal import Principal, reach_of
from core.errors import NotFound, Unavailable
from core.ids import OrderId
from mobile_api.order_pages import OrderFacts, read_facts, resident_order
from mobile_api.parts import MobileParts
from mobile_api.schemas.orders import ResidentOrder

TICK_S = 1.0
"""Wall seconds between two looks at the vehicle."""
LOOK_AGAIN_S = 5.0
"""Wall seconds after which the order itself is read again although nobody rang."""
MAX_AGE_S = 3600.0
"""Wall seconds after which the page has to connect again and show its session again."""
AFTER_END_S = 30.0
"""Wall seconds that the socket of a closed order stays open."""

Send = Callable[[str], Awaitable[None]]


class OrderPageFeed:
    """Feeds one open page. Positions are coalesced by nature: each tick sends the newest page or nothing."""

    def __init__(self, parts: MobileParts, principal: Principal, order_id: OrderId) -> None:
        """Take whose page it is; the reach is applied at every reading."""
        self._parts = parts
        self._reach = reach_of(principal)
        self._order_id = order_id
        self._seq = -1
        self._sent: ResidentOrder | None = None

    async def first(self) -> OrderFacts:
        """Return the order; raise NotFound when it is not the principal's."""
        async with self._parts.database.read() as tx:
            return await read_facts(tx, self._order_id, self._reach)

    async def run(self, facts: OrderFacts, send: Send) -> str:
        """Send the page until it must be opened again; return the problem code of the close, empty for a
        normal one."""
        clock = self._parts.clock
        began_s = read_s = clock.monotonic_s()
        ended_s: float | None = None
        with self._parts.bell.hear(self._order_id) as rung:
            while clock.monotonic_s() - began_s < MAX_AGE_S:
                await self._tell(facts, send)
                if facts.order.is_terminal:
                    ended_s = ended_s or clock.monotonic_s()
                    if clock.monotonic_s() - ended_s > AFTER_END_S:
                        return ""
                was_rung = await _wait(rung, TICK_S)
                if was_rung or clock.monotonic_s() - read_s > LOOK_AGAIN_S:
                    try:
                        facts = await self.first()
                    except NotFound:
                        return "gone"
                    except Unavailable:
                        continue
                    read_s = clock.monotonic_s()
        return "max-age"

    async def _tell(self, facts: OrderFacts, send: Send) -> None:
        watched = facts.watched
        heard = await self._parts.heard_of([] if watched is None else [watched])
        page = resident_order(
            facts, heard.get(watched) if watched is not None else None, at=self._parts.clock.now()
        )
        if page == self._sent:
            return
        kind = "snapshot" if self._sent is None else "upsert"
        self._sent = page
        self._seq += 1
        message = {"topic": "order", "type": kind, "seq": self._seq, "items": [page]}
        await send(msgspec.json.encode(message).decode())


async def _wait(rung: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(rung.wait(), seconds)
    except TimeoutError:
        return False
    rung.clear()
    return True
