"""Statements that are spelled differently on the two dialects."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_new(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row unless a unique constraint already holds it; say whether it was inserted.

    Does not raise on a duplicate and does not poison the transaction on PostgreSQL.
    """
    return await insert_new_rows(tx, table, [values]) == 1


async def insert_new_rows(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows that no unique constraint refuses, in one statement; return how many were new."""
    if not rows:
        return 0
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    result = await tx.execute(insert(table).values(list(rows)).on_conflict_do_nothing())
    return int(result.rowcount)
