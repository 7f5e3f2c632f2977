"""What a transaction gathers while it runs and writes in one go just before it is committed."""

from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection


class Gathered(Protocol):
    """Things of one transaction that one statement writes together."""

    async def write(self, tx: AsyncConnection) -> None:
        """Write them. Called once, last, unless the transaction is rolled back; must not gather more."""
        ...


_of: WeakKeyDictionary[AsyncConnection, dict[Callable[[], Any], Gathered]] = WeakKeyDictionary()


def gathered[T: Gathered](tx: AsyncConnection, kind: Callable[[], T]) -> T:
    """Return what a transaction has gathered of a kind, newly made when it has none.

    A savepoint that is rolled back takes nothing of it back: gather only what may be told once too often.
    A transaction that only reads writes nothing of it.
    """
    ours = _of.setdefault(tx, {})
    if kind not in ours:
        ours[kind] = kind()
    found: T = ours[kind]  # type: ignore[assignment]
    return found


async def write_gathered(tx: AsyncConnection) -> None:
    """Write everything that a transaction has gathered; only its unit of work calls this."""
    for each in _of.pop(tx, {}).values():
        await each.write(tx)
