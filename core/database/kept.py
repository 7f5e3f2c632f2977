"""What a transaction that does many things keeps in memory: rows that it need not read again, and rows that
only grow, written together when it is committed.

A transaction has to ask for it (`keep_rows`). On SQLite nobody else writes meanwhile. On PostgreSQL somebody
may: a row is then as old as the transaction at most, and the compare-and-set that every store writes with
refuses what was decided on it. A savepoint that is rolled back empties the memory of what was read, and what
was to be appended since it began is forgotten.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Insert, event
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database.before_commit import gathered


class _Kept:
    """Rows by kind and key, and rows to append by statement."""

    def __init__(self) -> None:
        self.rows: dict[type, dict[Any, Any]] = {}
        self.appended: list[tuple[Insert, dict[str, Any]]] = []
        self.marks: list[int] = []
        """How many were appended when each open savepoint began."""
        self.is_over = False

    async def write(self, tx: AsyncConnection) -> None:
        self.is_over = True
        by_statement: dict[Insert, list[dict[str, Any]]] = {}
        for statement, row in self.appended:
            by_statement.setdefault(statement, []).append(row)
        for statement, rows in by_statement.items():
            await tx.execute(statement, rows)


_of: WeakKeyDictionary[Connection, _Kept] = WeakKeyDictionary()


def keep_rows(tx: AsyncConnection) -> None:
    """Let a transaction keep rows from here to its end."""
    _of[_sync(tx)] = gathered(tx, _Kept)


def kept[T](tx: AsyncConnection, kind: type[T]) -> dict[Any, T]:
    """Return the rows of a kind that a transaction keeps, by their key.

    A new empty mapping, kept by nobody, where the transaction keeps none: whoever fills it does no harm.
    """
    ours = _kept_of(tx)
    return {} if ours is None else ours.rows.setdefault(kind, {})


async def append(tx: AsyncConnection, statement: Insert, row: Mapping[str, Any]) -> None:
    """Insert a row that nobody reads before the commit; with all others of its statement where rows are kept.

    Rows of one statement are written in the order in which they were appended, and statements in the order of
    their first rows.
    """
    ours = _kept_of(tx)
    if ours is None:
        await tx.execute(statement, dict(row))
    else:
        ours.appended.append((statement, dict(row)))


def _kept_of(tx: AsyncConnection) -> _Kept | None:
    ours = _of.get(_sync(tx))
    return None if ours is None or ours.is_over else ours


def _sync(tx: AsyncConnection) -> Connection:
    return tx.sync_connection  # type: ignore[return-value]  # a transaction is open


@event.listens_for(Connection, "savepoint")
def _begin(connection: Connection, _name: str | None) -> None:
    if (ours := _of.get(connection)) is not None:
        ours.marks.append(len(ours.appended))


@event.listens_for(Connection, "release_savepoint")
def _release(connection: Connection, _name: str, _context: object) -> None:
    if (ours := _of.get(connection)) is not None:
        ours.marks.pop()


@event.listens_for(Connection, "rollback_savepoint")
def _roll_back(connection: Connection, _name: str, _context: object) -> None:
    if (ours := _of.get(connection)) is not None:
        ours.rows.clear()
        del ours.appended[ours.marks.pop() :]
