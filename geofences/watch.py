"""Keeps an up-to-date index in a process: hears of a publish, builds beside the hot path, swaps at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from core import keys
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.redis import REDIS_DOWN, Redis
from geofences.earlier import Ended, layers_of
from geofences.fences import Fence
from geofences.index import FenceIndex, key
from geofences.store import FenceStore

LOOK_S: Final = 1.0
"""How often the set's revision is read without being told: a published word may be lost with its connection,
or wait behind a storm of facts. 0.8 ms of CPU, whatever the number of fences (2026-11)."""
_LISTEN_S: Final = 0.5
_RETRY_S: Final = 0.5
_AWAY: Final[tuple[type[Exception], ...]] = (Unavailable, *REDIS_DOWN)

_log = structlog.get_logger("geofences.watch")


async def load_index(
    database: Database, *, at: datetime, known: FenceIndex | None = None, late_s: float = 0.0
) -> FenceIndex:
    """Return the index of what is in force at a moment; ``known`` itself when nothing has changed.

    ``late_s``: how long before that moment positions may have been measured that are still to come; what
    ended since then is kept as ``earlier``. Reads only versions that ``known`` does not hold and builds in a
    thread. Raises ``Unavailable``.
    """
    async with database.read() as tx:
        store = FenceStore(tx)
        revision = await store.revision()
        wanted = await store.keys_in_force(at)
        held = {} if known is None else {key(fence): fence for fence in known.fences}
        if known is not None and known.set_version == revision and held.keys() == set(wanted):
            return known
        fresh = await store.published_bodies([name for name in wanted if name not in held])
        since = at - timedelta(seconds=late_s)
        ended = await store.ended(since=since, at=at) if late_s > 0 else ()
    bodies = held | fresh
    fences = [bodies[name] for name in wanted]
    return await asyncio.to_thread(_built, fences, ended, revision, known)


def _built(
    fences: Sequence[Fence], ended: Sequence[Ended], revision: int, known: FenceIndex | None
) -> FenceIndex:
    """Build the index with all that would else be made at the first tick that judges by it."""
    index = FenceIndex.build(fences, set_version=revision, known=known)
    index.warm()
    index.earlier = layers_of(ended, known)
    return index


class FenceWatch:
    """The index in force, for a process that matches. Read ``index`` between two batches."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        clock: Clock,
        *,
        needs_clearance: bool = False,
        late_s: float = 0.0,
    ) -> None:
        """Start with an empty index: ``load`` or ``run`` fills it.

        ``needs_clearance``: for a process that judges moving points; an index is then swapped in only when
        its clearance is there too. One that is worn is made anew beside everything else: some seconds that
        no publish waits for. ``late_s``: how old positions may be, in city seconds, that such a process
        judges; what was in force since then stays with the index as ``earlier``.
        """
        self.index = FenceIndex.build(())
        self._database = database
        self._redis = redis
        self._clock = clock
        self._next_effective: datetime | None = None
        self._outage = False
        self._needs_clearance = needs_clearance
        self._late_s = late_s
        self._swapping = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def load(self) -> FenceIndex:
        """Bring ``index`` up to date and return it. Raises ``Unavailable`` when the database is away."""
        async with self._swapping:
            now = self._clock.now()
            index = await load_index(self._database, at=now, known=self.index, late_s=self._late_s)
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
        try:
            while not stop.is_set():
                try:
                    await self._follow(stop)
                except _AWAY as error:
                    self._outage_is(True, error)
                    await self._still_poll()
                    await _pause(stop, _RETRY_S)
        finally:
            if self._renewing is not None:
                self._renewing.cancel()

    async def _follow(self, stop: asyncio.Event) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as listener:
            await listener.subscribe(keys.fences_published())
            await self.load()  # after subscribing: what is published between the two is heard
            self._outage_is(False)
            looked_s = self._clock.monotonic_s()
            while not stop.is_set():
                self._see_to_clearance()
                told = await listener.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_S)
                if told is not None or self._clock.monotonic_s() - looked_s >= LOOK_S:
                    looked_s = self._clock.monotonic_s()
                    await self._look()
                elif self._is_effective_now():
                    await self.load()

    async def _look(self) -> None:
        """Load what was published or retired since, or has come into force: nothing else changes the set."""
        async with self._database.read() as tx:
            revision = await FenceStore(tx).revision()
        if revision != self.index.set_version or self._is_effective_now():
            await self.load()
        self._forget_earlier()

    def _forget_earlier(self) -> None:
        """Let go of what ended too long ago for any position to come of its time."""
        layers = self.index.earlier
        since_ms = self._clock.now_ms() - round(self._late_s * 1000)
        if layers and all((layer.until_ms <= since_ms).all() for layer in layers):
            self.index.earlier = ()

    def _see_to_clearance(self) -> None:
        if self._renewing is not None and self._renewing.done():
            self._renewing.result()
            self._renewing = None
        if self._renewing is None and self._needs_clearance and self.index.has_worn_clearance:
            self._renewing = asyncio.create_task(self._renew_clearance(), name="clearance")

    async def _renew_clearance(self) -> None:
        worn = self.index
        fresh = await asyncio.to_thread(worn.fresh_clearance)
        async with self._swapping:
            self.index = await asyncio.to_thread(self.index.with_clearance, fresh, worn)
        _log.info("clearance_renewed", fences=len(self.index), set_version=self.index.set_version)

    def _is_effective_now(self) -> bool:
        return self._next_effective is not None and self._next_effective <= self._clock.now()

    async def _still_poll(self) -> None:
        """Without Redis the database still says what is in force."""
        try:
            await self._look()
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
