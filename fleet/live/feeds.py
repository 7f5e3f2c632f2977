"""What a topic of facts must be able to do, so that one path serves GET and the live feed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from core import keys
from core.auth.principal import Reach
from core.outbox import OutboxMessage
from core.redis import Redis


class FactFeed(Protocol):
    """Facts of one topic. Items are what the topic's GET gives: Structs that become camelCase JSON."""

    @property
    def nouns(self) -> Collection[str]:
        """Return the nouns of ``core.changes`` that concern the topic."""
        ...

    @property
    def every_s(self) -> float | None:
        """Return how often, in wall seconds, the snapshot is read again; None: only when a noun changes."""
        ...

    async def snapshot(self, reach: Reach) -> Sequence[Any]:
        """Return every item of the topic within the reach. Raises Unavailable."""
        ...

    async def read(self, ids: Collection[str], reach: Reach) -> Mapping[str, Any]:
        """Return the named items that are within the reach and still in the topic, by id. Raises Unavailable.

        Ids are those of ``changed``; one that is absent from the answer is removed from screens.
        """
        ...

    def removed(self, id: str) -> Any:  # noqa: A002
        """Return what stands for an item that is gone, holding at least its id: ``{"alarmId": id}``."""
        ...


class Change(msgspec.Struct, frozen=True):
    """What the channel of a noun carries: ids only; readers read again with their client's reach."""

    noun: str
    id: str


class ChangeAnnouncer:
    """Route of ``core.changes``: tells the live hubs which facts to read again."""

    def __init__(self, plain: Redis) -> None:
        self._plain = plain

    async def __call__(self, message: OutboxMessage) -> None:
        """Publish noun and id of each in one trip. Raises what Redis raises; the relay tries again."""
        async with self._plain.pipeline(transaction=False) as pipeline:
            for noun, id_ in message.payload["things"]:
                pipeline.publish(keys.changed(noun), msgspec.json.encode(Change(noun=noun, id=id_)))
            await pipeline.execute()
