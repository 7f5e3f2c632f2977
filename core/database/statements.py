"""Statements that many stores need: rows that are new, rows that are still as somebody read them."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles


class _InsertNew(Insert):
    """An INSERT that passes over what a unique constraint refuses.

    ``on_conflict_do_nothing`` of the dialects says the same and has no cache key: it is compiled at each
    call, which takes twice as long as to execute it.
    """

    inherit_cache = True


@compiles(_InsertNew)
def _compile_insert_new(element: _InsertNew, compiler: Any, **options: Any) -> str:
    return f"{compiler.visit_insert(element, **options)} ON CONFLICT DO NOTHING"


@cache
def _insert_new(table: Table) -> Insert:
    return _InsertNew(table).inline()  # PostgreSQL is not to return the keys that it draws


async def insert_new(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row unless a unique constraint already holds it; say whether it was inserted.

    Does not raise on a duplicate and does not poison the transaction on PostgreSQL.
    """
    return bool((await tx.execute(_insert_new(table), dict(values))).rowcount)


async def insert_new_rows(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows that no unique constraint refuses, in one statement; return how many were new."""
    if len(rows) < 2:
        return sum([await insert_new(tx, table, row) for row in rows])
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    result = await tx.execute(insert(table).values(list(rows)).on_conflict_do_nothing())
    return int(result.rowcount)


async def insert_new_keys(
    tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    """Do so with rows of different primary keys; return the keys of those that were new."""
    if not rows:
        return set()
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    wanted = insert(table).on_conflict_do_nothing().returning(*table.primary_key)
    return {tuple(row) for row in await tx.execute(wanted, list(rows))}


class CompareAndSet:
    """Writes over a row whose named columns are still as they were read.

    Made once a table, not at each call: of a statement that is built anew SQLAlchemy derives its cache key
    anew, which is more than half of what it costs.
    """

    def __init__(self, table: Table, *names: str) -> None:
        """Take the columns that must not have changed, the key among them."""
        self._names = names
        self._statement = update(table).where(*(table.c[name] == bindparam(f"was_{name}") for name in names))

    async def write(self, tx: AsyncConnection, before: object, values: Mapping[str, Any]) -> bool:
        """Write ``values``; return False when the row is no longer as ``before`` says."""
        was = {f"was_{name}": getattr(before, name) for name in self._names}
        written = await tx.execute(self._statement, {**was, **values})
        return int(written.rowcount) == 1
