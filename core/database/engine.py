"""The database and its unit of work: the only place that begins, commits and rolls back."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self, cast

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.crashpoints import reach
from core.database.before_commit import write_gathered
from core.database.failures import translate, unreachable
from core.database.one_trip import DEFERRED, IMMEDIATE, in_one_trip
from core.database.tables import metadata
from core.errors import Unavailable

Transaction = AsyncConnection
"""An open transaction. Stores take one; they never commit it."""

Dialect = Literal["sqlite", "postgresql"]


class Database:
    """An open database. Safe for any number of tasks of one event loop; another loop comes after close().

    SQLite: WAL, synchronous FULL, one writer connection a process behind a lock, BEGIN IMMEDIATE.
    PostgreSQL: one pool; reads are REPEATABLE READ and read-only, as they are on SQLite.
    """

    dialect: Dialect

    def __init__(self, dialect: Dialect, reader: AsyncEngine, writer: AsyncEngine, busy_s: float) -> None:
        """Use Database.open instead."""
        self.dialect = dialect
        self._reader = reader
        self._writer = writer
        self._busy_s = busy_s
        self._one_writer = asyncio.Lock() if dialect == "sqlite" else None

    @classmethod
    async def open(cls, url: str, *, pool_size: int = 5, busy_timeout_s: float = 5.0) -> Self:
        """Open and prove that it answers. Raises Unavailable when it does not, ValueError for another kind.

        url: sqlite+aiosqlite:///path or postgresql+asyncpg://…; `busy_timeout_s` bounds the wait for the
        write lock (SQLite) or for a connection of the pool.
        """
        backend = make_url(url).get_backend_name()
        if backend == "sqlite":
            _require_folder(make_url(url).database)
            reader = _sqlite_engine(url, DEFERRED, pool_size, busy_timeout_s)
            writer = _sqlite_engine(url, IMMEDIATE, 1, busy_timeout_s)
            database = cls("sqlite", reader, writer, busy_timeout_s)
        elif backend == "postgresql":
            engine = create_async_engine(
                url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_timeout=busy_timeout_s,
                pool_pre_ping=True,
                connect_args={"timeout": busy_timeout_s},
            )
            database = cls("postgresql", engine, engine, busy_timeout_s)
        else:
            raise ValueError(
                f"{backend} is not a store of Steppe: use sqlite+aiosqlite or postgresql+asyncpg"
            )
        try:
            await database.ping()
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Give every connection back. Idempotent; whoever uses it afterwards opens it again."""
        await self._reader.dispose()
        await self._writer.dispose()
        if self._one_writer is not None:
            self._one_writer = asyncio.Lock()  # the old one may be bound to the loop that used it

    async def ping(self) -> None:
        """Return when the database answers; raise Unavailable otherwise."""
        async with self.read() as tx:
            await tx.execute(text("SELECT 1"))

    async def create_tables(self) -> None:
        """Create what is missing of core.database.metadata, for tests; a city runs the migrations."""
        async with self.write() as tx:
            await tx.run_sync(metadata.create_all)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """Give a consistent snapshot that cannot be committed.

        Raises Unavailable when the store does not answer.
        """
        try:
            connection = await _unbroken(self._connect(self._reader))
            try:
                if self.dialect == "postgresql":
                    await connection.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                await _unbroken(connection.begin().start())
                yield connection
            finally:
                await _unbroken(connection.close())
        except Exception as error:
            _raise_translated(error)
            raise

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Be the unit of work: commit at the end of the block, roll back when it raises or is cancelled.

        A return without an error means the commit is durable. Raises Unavailable when the store is down or
        busy past the time-out and Conflict when a constraint refuses. A cancellation during the commit waits
        for its end, so the connection is never handed on half-way.
        """
        try:
            turn = self._one_writer
            if turn is None:
                async with self._transaction() as tx:
                    yield tx
                return
            await self._take_turn(turn)
            try:
                async with self._transaction() as tx:
                    yield tx
            finally:
                turn.release()
        except Exception as error:
            _raise_translated(error)
            raise

    async def _take_turn(self, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(self._busy_s):
                await lock.acquire()
        except TimeoutError:
            raise Unavailable("database-busy", retry_after_s=2) from None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        connection = await _unbroken(self._connect(self._writer))
        try:
            await _unbroken(connection.begin().start())
            yield connection
            await write_gathered(connection)
            reach("before_commit")
            await _unbroken(connection.commit())
            reach("after_commit")
        finally:
            # close() rolls back whatever is still open
            await _unbroken(connection.close())

    @staticmethod
    async def _connect(engine: AsyncEngine) -> AsyncConnection:
        try:
            return await engine.connect()
        except OSError as error:
            raise unreachable(error) from error


async def _unbroken[T](step: Coroutine[Any, Any, T]) -> T:
    """Finish `step` even when the caller is cancelled meanwhile, then let the cancellation go on.

    A driver call that is dropped half-way leaves a connection in a state that nobody knows.
    """
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled() and task.exception() is None:
            result = task.result()
            if isinstance(result, AsyncConnection) and not result.closed:
                await result.close()
        raise cancelled
    return task.result()


def _raise_translated(error: Exception) -> None:
    translated = translate(error)
    if translated is not None:
        raise translated from error


def _sqlite_engine(url: str, begin: str, pool_size: int, busy_timeout_s: float) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0 if pool_size == 1 else pool_size,
        pool_timeout=busy_timeout_s,
        connect_args={"check_same_thread": False},  # who holds the write lock executes in the loop's thread
    )

    in_one_trip(engine)

    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin on its own, and late
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: an acknowledged commit survives power loss (NORMAL would only survive a crash of ours)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    rollbacks: set[asyncio.Task[None]] = set()

    def roll_back(connection: Any, _record: object, _error: object) -> None:
        # A statement that a cancellation left unfinished outlives its connection's close for as long as
        # somebody holds the traceback, and its locks with it. The driver takes this before the close.
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # collected after its loop: nothing can wait for the driver any more
        rollback = loop.create_task(_rolled_back(connection.driver_connection))
        rollbacks.add(rollback)
        rollback.add_done_callback(rollbacks.discard)

    event.listen(engine.sync_engine, "invalidate", roll_back)
    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", start)
    return engine


async def _rolled_back(connection: Any) -> None:
    with suppress(sqlite3.Error, ValueError):  # ValueError: the driver's connection is closed already
        await connection.rollback()


def _require_folder(path: str | None) -> None:
    folder = Path(path or ".").parent
    if not folder.is_dir():
        raise Unavailable("database-unavailable", f"There is no folder {folder} for the database")


def dialect_of(tx: Transaction) -> Dialect:
    """Return which of the two dialects a transaction speaks."""
    return cast(Dialect, tx.dialect.name)
