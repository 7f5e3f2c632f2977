"""Many rows of one table in one statement, without what an ORM's core does for each of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import moment_of_ms
from core.database.types import UtcDateTime

_PLAIN: Final = ("BIGINT", "INTEGER", "FLOAT", "BOOLEAN", "VARCHAR", "TEXT")


class BulkInsert:
    """Inserts rows of some columns, leaving out those that a unique constraint holds already.

    ``execute`` of SQLAlchemy takes 15 of 35 µs a row to look up, to type and to copy its parameters; here the
    statement is spelled once a dialect and the driver takes the tuples as they are. For columns of plain
    types and ``UtcDateTime``; raises ValueError for others when it is made.
    """

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        """Take the columns in the order of the rows' values."""
        self._table = table
        self._columns = tuple(columns)
        types = [table.c[name].type for name in columns]
        odd = [
            name
            for name, kind in zip(columns, types, strict=True)
            if not isinstance(kind, UtcDateTime) and str(kind).partition("(")[0] not in _PLAIN
        ]
        if odd:
            raise ValueError(f"columns {odd} of {table.name} need more than a driver does for them")
        self._moments = [place for place, kind in enumerate(types) if isinstance(kind, UtcDateTime)]
        self._statements: dict[str, str] = {}

    async def insert(self, tx: AsyncConnection, columns: Sequence[Sequence[Any]]) -> None:
        """Insert rows given as one sequence a column; moments are epoch milliseconds, none missing."""
        if not columns[0]:
            return
        stored = _sqlite_texts if tx.dialect.name == "sqlite" else _moments
        values = [stored(one) if at in self._moments else one for at, one in enumerate(columns)]
        await tx.exec_driver_sql(self._statement(tx), list(zip(*values, strict=True)))

    def _statement(self, tx: AsyncConnection) -> str:
        known = self._statements.get(tx.dialect.name)
        if known is None:
            compiled = insert(self._table).compile(dialect=tx.dialect, column_keys=list(self._columns))
            if tuple(compiled.positiontup or ()) != self._columns:
                raise ValueError(f"{tx.dialect.name} orders columns as {compiled.positiontup}")
            known = self._statements[tx.dialect.name] = f"{compiled} ON CONFLICT DO NOTHING"
        return known


def _moments(epoch_ms: Sequence[int]) -> list[datetime]:
    return [moment_of_ms(ms) for ms in epoch_ms]


def _sqlite_texts(epoch_ms: Sequence[int]) -> list[str]:
    """Return the texts that ``UtcDateTime`` stores on SQLite."""
    texts = np.datetime_as_string(np.asarray(epoch_ms, "datetime64[ms]")).tolist()
    return [f"{text[:10]} {text[11:]}000" for text in texts]
