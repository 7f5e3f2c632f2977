"""SQLite through aiosqlite with one trip to its thread a statement.

SQLAlchemy's adapter goes there four times a statement: cursor, execute, fetch, close. A trip costs two
thread switches and a turn of the loop, several times what SQLite itself needs for a row by its key. Here each
statement is one trip, and a plain BEGIN, which takes no lock before the first statement, goes with that one.

Between BEGIN IMMEDIATE and the commit a statement waits for no lock and for no disk: it is executed where it
is asked for, without any trip. What may wait (BEGIN IMMEDIATE, COMMIT, ROLLBACK) and statements for many rows
stay with the thread, so that they hold up nobody else of the loop.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

DEFERRED = "BEGIN"
"""Begins without a lock (sqlite.org/lang_transaction.html)."""
IMMEDIATE = "BEGIN IMMEDIATE"
"""Begins with the write lock, which in WAL mode is all that a writer ever needs (sqlite.org/wal.html)."""


class _Result(NamedTuple):
    description: Any
    rows: list[Any]
    lastrowid: Any
    rowcount: int


def _run(connection: sqlite3.Connection, begins: bool, operation: str, parameters: Any) -> _Result:
    """Execute in the driver's thread, from the cursor to its close."""
    if begins:
        connection.execute(DEFERRED)
    cursor = connection.cursor()
    try:
        cursor.execute(operation, () if parameters is None else parameters)
        if cursor.description:
            return _Result(cursor.description, cursor.fetchall(), -1, -1)
        return _Result(None, [], cursor.lastrowid, cursor.rowcount)
    finally:
        cursor.close()


def _run_many(connection: sqlite3.Connection, begins: bool, operation: str, rows: Any) -> _Result:
    if begins:
        connection.execute(DEFERRED)
    cursor = connection.cursor()
    try:
        cursor.executemany(operation, rows)
        return _Result(None, [], cursor.lastrowid, cursor.rowcount)
    finally:
        cursor.close()


async def _at_once(connection: sqlite3.Connection, begins: bool, operation: str, parameters: Any) -> _Result:
    """Execute in the loop's own thread. A coroutine, because SQLAlchemy insists on one to await."""
    return _run(connection, begins, operation, parameters)


class OneTripCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor whose rows are all here once a statement is executed."""

    __slots__ = ()

    _adapt_connection: "OneTripConnection"

    def execute(self, operation: Any, parameters: Any = None) -> None:
        """Execute one statement, or remember a plain BEGIN for the next one."""
        if operation == DEFERRED:
            self._adapt_connection.begins = True
            self.description, self.lastrowid, self.rowcount = None, -1, -1
            return
        self._trip(_run, operation, parameters)
        if operation == IMMEDIATE:
            self._adapt_connection.holds = True

    def executemany(self, operation: Any, seq_of_parameters: Sequence[Any]) -> None:
        """Execute one statement for every row of parameters."""
        self._trip(_run_many, operation, seq_of_parameters)

    def _trip(self, run: Any, operation: Any, parameters: Any) -> None:
        adapted, driver = self._adapt_connection, self._connection
        begins, adapted.begins = adapted.begins, False
        try:
            words = (driver._conn, begins, operation, parameters)  # noqa: SLF001
            is_near = adapted.holds and run is _run
            trip = _at_once(*words) if is_near else driver._execute(run, *words)  # noqa: SLF001
            done: _Result = self.await_(trip)
        except Exception as error:  # noqa: BLE001 - the adapter tells a closed connection from the rest
            adapted._handle_exception(error)  # noqa: SLF001
        self.description, rows, self.lastrowid, self.rowcount = done
        self._rows = deque(rows)


class OneTripConnection(AsyncAdapt_aiosqlite_connection):
    """A connection that gives such cursors; a transaction without a statement never reaches the driver."""

    __slots__ = ("begins", "holds")

    def __init__(self, dbapi: Any, connection: Any) -> None:
        """Take the module and the driver's connection."""
        super().__init__(dbapi, connection)
        self.begins = False
        """A plain BEGIN waits for its first statement."""
        self.holds = False
        """The write lock is held."""

    def cursor(self, server_side: bool = False) -> AsyncAdapt_aiosqlite_cursor:
        """Return a cursor; one that reads row by row is the adapter's own."""
        if server_side:
            self._begin()
            return super().cursor(server_side=True)
        return OneTripCursor(self)

    def rollback(self) -> None:
        """Take back what was done, if anything was begun."""
        self.holds = False
        if self.begins:
            self.begins = False
        elif self._connection.in_transaction:  # the pool rolls back what was committed, too
            super().rollback()

    def commit(self) -> None:
        """Keep what was done, if anything was begun."""
        self.holds = False
        if self.begins:
            self.begins = False
        else:
            super().commit()

    def _begin(self) -> None:
        if self.begins:
            self.begins = False
            self.await_(self._connection.execute(DEFERRED))


def in_one_trip(engine: AsyncEngine) -> None:
    """Let an engine of sqlite+aiosqlite make such connections."""

    def connect(dialect: Dialect, _record: object, arguments: Any, options: Any) -> OneTripConnection:
        adapted: Any = dialect.connect(*arguments, **options)
        return OneTripConnection(adapted.dbapi, adapted._connection)  # noqa: SLF001

    event.listen(engine.sync_engine, "do_connect", connect)
