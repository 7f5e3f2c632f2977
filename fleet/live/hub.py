"""The live hub of an api process: rooms and changes in, snapshot-then-delta out to every screen."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import structlog

from core import keys, metrics
from core.auth.principal import Reach
from core.clock import Clock
from core.errors import NotFound, SteppeError
from core.redis import REDIS_DOWN, Redis, StreamsRedis
from fleet.live.client import Delta, LiveClient, Send, Subscription, View
from fleet.live.feeds import Change, FactFeed
from fleet.live.mirror import Box, Mirror
from fleet.live.reach import ReachMask
from fleet.telemetry.last_heard import BlobReader
from fleet.telemetry.records import LiveKind, live_message, live_records, read_live_message
from fleet.telemetry.roster import Roster, RosterSource

GATHER_S: Final = 0.015
"""Messages of one tracker tick arrive within this; they leave together."""
LEAST_BETWEEN_S: Final = 0.05
"""Deltas to a screen are no denser than this, however many trackers tick."""
RECONCILE_S: Final = 5.0
"""How often blobs are compared with the mirror: what pub/sub lost is made good."""
AFTER_SUBSCRIBE_S: Final = 1.2
"""A blob written after the subscription: nothing can be missing from it and the deltas together."""
ROSTER_EVERY_S: Final = 1.0
RECHECK_EVERY_S: Final = 30.0
AGAIN_S: Final = 0.5

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError, SteppeError)
_log = structlog.get_logger("fleet.live.hub")
_encoder = msgspec.json.Encoder()

type StillAllowed = Callable[[], Awaitable[bool]]


class LiveHub:
    """Every screen of this process. Listens to the rooms only while somebody looks at vehicles."""

    def __init__(
        self,
        streams: StreamsRedis,
        plain: Redis,
        clock: Clock,
        *,
        roster: RosterSource,
        partitions: int,
        feeds: Mapping[str, FactFeed] | None = None,
    ) -> None:
        """Take the stores, who belongs to whom, and the topics of facts by name."""
        self._plain = plain
        self._clock = clock
        self._roster_source = roster
        self._reader = BlobReader(streams, clock, partitions=partitions)
        self._feeds = dict(feeds or {})
        self.roster = Roster()
        self.mirror = Mirror()
        self.clients: set[LiveClient] = set()
        self._masks: dict[Reach, ReachMask] = {}
        self._watched = asyncio.Event()
        """Set while a client looks at vehicles."""
        self._marked = asyncio.Event()
        self._is_mirror_current = asyncio.Event()
        self._changes: dict[str, dict[str, None]] = {}
        self._fact_wake = asyncio.Event()
        self._facts_locks = {topic: asyncio.Lock() for topic in self._feeds}

    def __repr__(self) -> str:
        return f"LiveHub({len(self.clients)} screens, {len(self.mirror)} vehicles)"

    @property
    def topics(self) -> frozenset[str]:
        """Return what a client may subscribe to."""
        return frozenset({"vehicles", *self._feeds})

    def wall(self) -> datetime:
        """Return wall time, for the age of connections."""
        return self._clock.wall()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; then every screen is closed with 1012's meaning: connect again."""
        parts: Sequence[Callable[[], Awaitable[None]]] = (
            self._refresh_roster,
            self._rooms,
            self._flush,
            self._reconcile,
            self._listen_changes,
            self._tell_changes,
            *(self._periodic(topic) for topic in self._feeds),
        )
        tasks = [asyncio.create_task(self._lasting(part, stop)) for part in parts]
        try:
            await stop.wait()
        finally:
            for client in list(self.clients):
                client.close("shutting-down")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _lasting(self, part: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        is_away = False
        while not stop.is_set():
            try:
                await part()
                is_away = False
            except _AWAY as error:
                if not is_away:
                    is_away = True
                    _log.warning("live_interrupted", part=part.__name__, error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    # --- clients -------------------------------------------------------------------------------

    async def join(self, send: Send, reach: Reach) -> LiveClient:
        """Return a new client; ``follow`` what it asks for, run its ``run`` and ``leave`` at the end."""
        await self._once_known()
        mask = self._masks.setdefault(reach, ReachMask(self.roster, reach))
        client = LiveClient(send, reach, mask, self._clock.monotonic_s)
        self.clients.add(client)
        metrics.LIVE_CLIENTS.set(len(self.clients))
        return client

    async def _once_known(self) -> None:
        if not self.roster.revision:
            await self.roster.refresh(self._roster_source)

    def leave(self, client: LiveClient) -> None:
        """Forget a client that is gone."""
        self.clients.discard(client)
        metrics.LIVE_CLIENTS.set(len(self.clients))
        metrics.LIVE_COALESCED.inc(client.coalesced)
        if client.close_reason:
            metrics.LIVE_CLOSED.labels(code=client.close_reason).inc()
        self._look()
        reaches = {other.reach for other in self.clients}
        self._masks = {reach: mask for reach, mask in self._masks.items() if reach in reaches}

    def _look(self) -> None:
        if any(client.wants_vehicles for client in self.clients):
            self._watched.set()
        else:
            self._watched.clear()

    async def follow(self, client: LiveClient, subscription: Subscription) -> None:
        """Give a client its snapshots and let the deltas follow. Raises Unavailable without a store."""
        client.subscription = msgspec.structs.replace(subscription, topics=frozenset())
        if "vehicles" in subscription.topics and not self._is_mirror_current.is_set():
            await self._read_blobs()
        for topic in sorted(subscription.topics & self._feeds.keys()):
            async with self._facts_locks[topic]:
                items = await self._feeds[topic].snapshot(client.reach)
                client.tell(topic, "snapshot", [msgspec.Raw(_encoder.encode(item)) for item in items])
                earlier = client.subscription
                client.subscription = msgspec.structs.replace(earlier, topics=earlier.topics | {topic})
        client.subscribe(subscription)
        self._look()

    def city_ms(self) -> int:
        """Return city time in milliseconds."""
        return self._clock.now_ms()

    async def must_reach(self, vehicle_no: int, reach: Reach) -> None:
        """Raise NotFound unless the vehicle exists and lies within the reach (the two look the same)."""
        await self._once_known()
        if not ReachMask(self.roster, reach).over(np.array([vehicle_no], np.intp))[0]:
            raise NotFound("not-found", f"there is no vehicle {vehicle_no}", vehicle_no=vehicle_no)

    async def snapshot(self, reach: Reach, box: Box | None) -> bytes:
        """Return a live snapshot message of the vehicles within reach and box. Raises Unavailable."""
        await self._once_known()
        records = live_records(await self._reader.states())
        records = records[ReachMask(self.roster, reach).over(records["vehicle_no"].astype(np.intp))]
        if box is not None:
            records = records[box.holds(records)]
        return live_message(LiveKind.SNAPSHOT, 0, self._clock.now_ms(), records)

    # --- vehicles ------------------------------------------------------------------------------

    async def _refresh_roster(self) -> None:
        await self.roster.refresh(self._roster_source)
        await asyncio.sleep(ROSTER_EVERY_S)

    async def _read_blobs(self) -> None:
        state = await self._reader.states()
        if self.mirror.reconcile(live_records(state), self._clock.now_ms()):
            self._marked.set()

    async def _rooms(self) -> None:
        """Listen while somebody looks; a lost connection is followed by a look at the blobs."""
        await self._watched.wait()
        async with self._plain.pubsub(
            ignore_subscribe_messages=True, push_handler_func=_as_it_came
        ) as listener:
            await listener.psubscribe(keys.room("*"))
            self._is_mirror_current.clear()
            settle = asyncio.create_task(self._settle_mirror())
            try:
                while self._watched.is_set():
                    # No time-out, which costs as much as a message: that nobody looks is noticed at the next.
                    message = await listener.get_message(timeout=None)
                    if message is not None:
                        _, _, city_ms, records = read_live_message(message["data"])
                        self.mirror.take(records, city_ms)
                        self._marked.set()
            finally:
                settle.cancel()
                self._is_mirror_current.clear()

    async def _settle_mirror(self) -> None:
        await asyncio.sleep(AFTER_SUBSCRIBE_S)
        await self._read_blobs()
        self._is_mirror_current.set()

    async def _reconcile(self) -> None:
        await asyncio.sleep(RECONCILE_S)
        if self._watched.is_set():
            await self._read_blobs()
            self._marked.set()

    async def _flush(self) -> None:
        await self._marked.wait()
        await asyncio.sleep(GATHER_S)
        self._marked.clear()
        numbers = self.mirror.turn()
        deltas: dict[View, Delta] = {}
        for client in self.clients:
            if client.wants_vehicles:
                view = client.view
                if view not in deltas:
                    deltas[view] = Delta(client.seen_of(numbers, self.mirror))
                client.mark(deltas[view], self.mirror)
        self.mirror.settle(numbers)
        await asyncio.sleep(LEAST_BETWEEN_S - GATHER_S)

    # --- facts ---------------------------------------------------------------------------------

    async def _listen_changes(self) -> None:
        nouns = {noun for feed in self._feeds.values() for noun in feed.nouns}
        if not nouns:
            await asyncio.Event().wait()
        async with self._plain.pubsub(ignore_subscribe_messages=True) as listener:
            await listener.subscribe(*(keys.changed(noun) for noun in sorted(nouns)))
            await self._resnapshot_facts()
            while True:
                message = await listener.get_message(timeout=1.0)
                if message is not None:
                    change = msgspec.json.decode(message["data"], type=Change)
                    self._changes.setdefault(change.noun, {})[change.id] = None
                    self._fact_wake.set()

    async def _resnapshot_facts(self) -> None:
        """After a connection to Redis was lost, words may have been: everybody gets snapshots again."""
        for client in list(self.clients):
            await self.follow(client, client.subscription)

    async def _tell_changes(self) -> None:
        await self._fact_wake.wait()
        self._fact_wake.clear()
        changes, self._changes = self._changes, {}
        try:
            for topic, feed in self._feeds.items():
                ids = [id_ for noun in feed.nouns for id_ in changes.get(noun, {})]
                if ids:
                    await self._tell_topic(topic, feed, ids)
        except BaseException:
            for noun, ids_of in changes.items():
                self._changes[noun] = ids_of | self._changes.get(noun, {})
            self._fact_wake.set()
            raise

    async def _tell_topic(self, topic: str, feed: FactFeed, ids: list[str]) -> None:
        async with self._facts_locks[topic]:
            by_reach: dict[Reach, list[LiveClient]] = {}
            for client in self.clients:
                if topic in client.subscription.topics:
                    by_reach.setdefault(client.reach, []).append(client)
            for reach, clients in by_reach.items():
                found = await feed.read(ids, reach)
                here = [msgspec.Raw(_encoder.encode(item)) for item in found.values()]
                gone = [msgspec.Raw(_encoder.encode(feed.removed(id_))) for id_ in ids if id_ not in found]
                for client in clients:
                    if here:
                        client.tell(topic, "upsert", here)
                    if gone:
                        client.tell(topic, "remove", gone)

    def _periodic(self, topic: str) -> Callable[[], Awaitable[None]]:
        feed = self._feeds[topic]
        last: dict[Reach, bytes] = {}

        async def again() -> None:
            if feed.every_s is None:
                await asyncio.Event().wait()
                return
            await asyncio.sleep(feed.every_s)
            async with self._facts_locks[topic]:
                reaches = {c.reach for c in self.clients if topic in c.subscription.topics}
                for gone in set(last) - reaches:
                    del last[gone]
                for reach in reaches:
                    items = [msgspec.Raw(_encoder.encode(item)) for item in await feed.snapshot(reach)]
                    whole = b",".join(items)
                    if items and last.get(reach) != whole:
                        last[reach] = whole
                        self._tell_reach(topic, reach, items)

        return again

    def _tell_reach(self, topic: str, reach: Reach, items: list[Any]) -> None:
        for client in self.clients:
            if client.reach == reach and topic in client.subscription.topics:
                client.tell(topic, "upsert", items)


async def _as_it_came(push: Any) -> Any:
    """Take a message of pub/sub; the library's own handler spells all its bytes out for a log."""
    return push
