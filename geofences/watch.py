"""Keeps an up-to-date index in a process: hears of a publish, builds beside the hot path, swaps at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from core import keys
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.redis import REDIS_DOWN, Redis
from geofences.fences import Fence
from geofences.index import FenceIndex, key
from geofences.store import FenceStore

POLL_S: Final = 10.0
"""How often the set is looked at without being told: a published word may be lost with its connection."""
_LISTEN_S: Final = 0.5
_RETRY_S: Final = 0.5
_AWAY: Final[tuple[type[Exception], ...]] = (Unavailable, *REDIS_DOWN)

_log = structlog.get_logger("geofences.watch")


async def load_index(database: Database, *, at: datetime, known: FenceIndex | None = None) -> FenceIndex:
    """Return the index of what is in force at a moment; ``known`` itself when nothing has changed.

    Reads only versions that ``known`` does not hold and builds in a thread. Raises ``Unavailable``.
    """
    async with database.read() as tx:
        store = FenceStore(tx)
        revision = await store.revision()
        wanted = await store.keys_in_force(at)
        held = {} if known is None else {key(fence): fence for fence in known.fences}
        if known is not None and known.set_version == revision and held.keys() == set(wanted):
            return known
        fresh = await store.published_bodies([name for name in wanted if name not in held])
    bodies = held | fresh
    fences = [bodies[name] for name in wanted]
    return await asyncio.to_thread(_built, fences, revision, known)


def _built(fences: Sequence[Fence], revision: int, known: FenceIndex | None) -> FenceIndex:
    """Build the index with all that would else be made at the first tick that judges by it."""
    index = FenceIndex.build(fences, set_version=revision, known=known)
    index.warm()
    return index


class FenceWatch:
    """The index in force, for a process that matches. Read ``index`` between two batches."""

    def __init__(
        self, database: Database, redis: Redis, clock: Clock, *, needs_clearance: bool = False
    ) -> None:
        """Start with an empty index: ``load`` or ``run`` fills it.

        ``needs_clearance``: for a process that judges moving points; an index is then swapped in only when
        its clearance is there too.
        """
        self.index = FenceIndex.build(())
        self._database = database
        self._redis = redis
        self._clock = clock
        self._next_effective: datetime | None = None
        self._outage = False
        self._needs_clearance = needs_clearance

    async def load(self) -> FenceIndex:
        """Bring ``index`` up to date and return it. Raises ``Unavailable`` when the database is away."""
        now = self._clock.now()
        index = await load_index(self._database, at=now, known=self.index)
        async with self._database.read() as tx:
            self._next_effective = await FenceStore(tx).next_effective_after(now)
        if index is not self.index:
            if self._needs_clearance:
                await asyncio.to_thread(getattr, index, "clearance")
            self.index = index
            _log.info("fences_loaded", fences=len(index), set_version=index.set_version)
        return index

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the published set until ``stop``; lives through outages of Redis and of the database."""
        while not stop.is_set():
            try:
                await self._follow(stop)
            except _AWAY as error:
                self._outage_is(True, error)
                await self._still_poll()
                await _pause(stop, _RETRY_S)

    async def _follow(self, stop: asyncio.Event) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as listener:
            await listener.subscribe(keys.fences_published())
            await self.load()  # after subscribing: what is published between the two is heard
            self._outage_is(False)
            looked_s = self._clock.monotonic_s()
            while not stop.is_set():
                told = await listener.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_S)
                due = self._clock.monotonic_s() - looked_s >= POLL_S
                if told is not None or due or self._is_effective_now():
                    await self.load()
                    looked_s = self._clock.monotonic_s()

    def _is_effective_now(self) -> bool:
        return self._next_effective is not None and self._next_effective <= self._clock.now()

    async def _still_poll(self) -> None:
        """Without Redis the database still says what is in force."""
        try:
            await self.load()
        except Unavailable:
            return

    def _outage_is(self, now: bool, error: Exception | None = None) -> None:
        if now and not self._outage:
            _log.warning("fence_watch_outage_begins", error=str(error))
        if not now and self._outage:
            _log.info("fence_watch_outage_ends")
        self._outage = now


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
