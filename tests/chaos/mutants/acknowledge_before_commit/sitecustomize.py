"""Mutant: a unit of work ends before its commit, which follows a moment later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from core.crashpoints import reach
from core.database.engine import Database

_late: set[asyncio.Task[None]] = set()
LATE_S = 0.25


@asynccontextmanager
async def _write(self: Database) -> AsyncIterator[Any]:
    lock = self._one_writer
    if lock is not None:
        await lock.acquire()
    connection = await self._writer.connect()
    try:
        await connection.begin()
        yield connection
    except BaseException:
        await connection.close()
        if lock is not None:
            lock.release()
        raise

    async def commit_late() -> None:
        await asyncio.sleep(LATE_S)
        reach("before_commit")
        await connection.commit()
        await connection.close()
        if lock is not None:
            lock.release()

    task = asyncio.create_task(commit_late())
    _late.add(task)
    task.add_done_callback(_late.discard)


Database.write = _write  # type: ignore[method-assign]
