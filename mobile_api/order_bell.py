"""One subscriber of a process hears which orders changed and wakes the pages that show them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import structlog

from core import keys
from core.redis import REDIS_DOWN, Redis

PATIENCE_S = 1.0
"""Wall seconds the subscriber waits for a message before it looks whether it should stop."""

_log = structlog.get_logger("mobile_api.live")


class _Changed(msgspec.Struct, frozen=True):
    id: str


class OrderBell:
    """Rings by order id. A lost ring costs a page a few seconds: it also looks by itself."""

    def __init__(self, redis: Redis | None) -> None:
        """Take the plain Redis; None never rings."""
        self._redis = redis
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def hear(self, order_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the order changes, for as long as the block lasts."""
        event = asyncio.Event()
        listeners = self._waiting.setdefault(order_id, set())
        listeners.add(event)
        try:
            yield event
        finally:
            listeners.discard(event)
            if not listeners:
                self._waiting.pop(order_id, None)

    def ring(self, order_id: str) -> None:
        """Wake every page that shows the order."""
        for event in self._waiting.get(order_id, ()):
            event.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop`; subscribe again after an outage of Redis and wake everybody then."""
        while not stop.is_set():
            try:
                await self._listen(stop)
            except REDIS_DOWN as error:
                _log.warning("order_bell_interrupted", reason=type(error).__name__)
                await _pause(stop, PATIENCE_S)

    async def _listen(self, stop: asyncio.Event) -> None:
        if self._redis is None:
            await stop.wait()
            return
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(keys.changed("order"))
            for order_id in list(self._waiting):
                self.ring(order_id)
            while not stop.is_set():
                message = await subscription.get_message(timeout=PATIENCE_S)
                if message is not None:
                    self.ring(msgspec.json.decode(message["data"], type=_Changed).id)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
