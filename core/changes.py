"""Which facts a transaction changed, told to whoever shows them: one outbox row a transaction."""

from datetime import datetime
from typing import Final

from core.database import Transaction
from core.database.before_commit import gathered
from core.outbox import emit

TOPIC: Final = "changed"
"""Payload: ``{"things": [[noun, id], …]}``; readers read each again with their own reach."""


def tell_changed(tx: Transaction, noun: str, id: str, *, at: datetime) -> None:  # noqa: A002
    """Let the live screens read a fact again once this transaction is committed. ``at`` is city time.

    A fact that changes several times in a transaction is told once. A savepoint that is rolled back leaves
    what was told in it: reading a fact again that did not change harms nobody.
    """
    gathered(tx, _Changes).add(noun, id, at)


class _Changes:
    """The facts of one transaction in the order in which they changed first."""

    def __init__(self) -> None:
        self._things: dict[tuple[str, str], datetime] = {}

    def add(self, noun: str, id: str, at: datetime) -> None:  # noqa: A002
        self._things[noun, id] = at

    async def write(self, tx: Transaction) -> None:
        things = [list(thing) for thing in self._things]
        await emit(tx, TOPIC, {"things": things}, key=TOPIC, at=max(self._things.values()))
