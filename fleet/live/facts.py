"""Facts to the screens of a hub: snapshot, then what changed, read once for each reach."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from core import keys
from core.auth.principal import Reach
from core.redis import Redis
from fleet.live.client import LiveClient
from fleet.live.feeds import Change, FactFeed

_encoder = msgspec.json.Encoder()


class FactTeller:
    """Topics of facts by name, and the changes that wait to be told."""

    def __init__(self, plain: Redis, feeds: Mapping[str, FactFeed], clients: set[LiveClient]) -> None:
        """Take where changes are announced, the topics, and the hub's own set of clients."""
        self._plain = plain
        self._feeds = dict(feeds)
        self._clients = clients
        self._changes: dict[str, dict[str, None]] = {}
        self._wake = asyncio.Event()
        self._locks = {topic: asyncio.Lock() for topic in self._feeds}

    @property
    def topics(self) -> frozenset[str]:
        """Return the names of the topics."""
        return frozenset(self._feeds)

    @property
    def parts(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return what the hub runs again and again."""
        return (self._listen, self._tell_changes, *(self._periodic(topic) for topic in self._feeds))

    async def open(self, client: LiveClient, topics: frozenset[str]) -> None:
        """Send the snapshot of each topic and let its changes follow. Raises Unavailable."""
        for topic in sorted(topics & self._feeds.keys()):
            async with self._locks[topic]:
                items = await self._feeds[topic].snapshot(client.reach)
                client.tell(topic, "snapshot", [msgspec.Raw(_encoder.encode(item)) for item in items])
                earlier = client.subscription
                client.subscription = msgspec.structs.replace(earlier, topics=earlier.topics | {topic})

    async def _listen(self) -> None:
        nouns = {noun for feed in self._feeds.values() for noun in feed.nouns}
        if not nouns:
            await asyncio.Event().wait()
        async with self._plain.pubsub(ignore_subscribe_messages=True) as listener:
            await listener.subscribe(*(keys.changed(noun) for noun in sorted(nouns)))
            await self._resnapshot()
            while True:
                message = await listener.get_message(timeout=1.0)
                if message is not None:
                    change = msgspec.json.decode(message["data"], type=Change)
                    self._changes.setdefault(change.noun, {})[change.id] = None
                    self._wake.set()

    async def _resnapshot(self) -> None:
        """After a connection to Redis was lost, words may have been: everybody gets snapshots again."""
        for client in list(self._clients):
            await self.open(client, client.subscription.topics)

    async def _tell_changes(self) -> None:
        await self._wake.wait()
        self._wake.clear()
        changes, self._changes = self._changes, {}
        try:
            for topic, feed in self._feeds.items():
                ids = [id_ for noun in feed.nouns for id_ in changes.get(noun, {})]
                if ids:
                    await self._tell_topic(topic, feed, ids)
        except BaseException:
            for noun, ids_of in changes.items():
                self._changes[noun] = ids_of | self._changes.get(noun, {})
            self._wake.set()
            raise

    async def _tell_topic(self, topic: str, feed: FactFeed, ids: list[str]) -> None:
        async with self._locks[topic]:
            by_reach: dict[Reach, list[LiveClient]] = {}
            for client in self._clients:
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
            async with self._locks[topic]:
                reaches = {c.reach for c in self._clients if topic in c.subscription.topics}
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
        for client in self._clients:
            if client.reach == reach and topic in client.subscription.topics:
                client.tell(topic, "upsert", items)
