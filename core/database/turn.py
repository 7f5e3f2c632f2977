"""Whose turn it is to write into a SQLite file: processes wait in the kernel, not by asking again and again.

SQLite lets a busy writer sleep and ask again, up to 100 ms later, in no order: a process that writes group
after group keeps everybody else out for seconds (ADR 29). A lock on a file beside the database is handed on
at once. It decides nothing: SQLite's own lock still does, and holds for who knows nothing of this one.
"""

import asyncio
import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path


class WriterTurn:
    """One of the processes' places in line. At most one task of a process asks at a time."""

    def __init__(self, database: Path) -> None:
        """Take the database's file; the lock is a file beside it. Raises OSError when it cannot be made."""
        path = database.with_name(f"{database.name}-turn")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._coming: asyncio.Future[None] | None = None
        self._is_wanted = False

    async def take(self, within_s: float) -> None:
        """Return when it is our turn; raise TimeoutError when it did not come in time."""
        if self._coming is None:
            if self._is_free():
                return
            self._coming = self._wait_in_line()
        coming, self._is_wanted = self._coming, True
        try:
            async with asyncio.timeout(within_s):
                await asyncio.shield(coming)
        except BaseException:
            # we stay in line and pass the turn on when it comes, unless somebody of us asks before
            self._is_wanted = False
            if coming.done():
                self._pass_on(coming)
            raise
        self._coming = None

    def give_back(self) -> None:
        """Let the next one write."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave the line. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _is_free(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_in_line(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        coming: asyncio.Future[None] = loop.create_future()
        coming.add_done_callback(lambda done: None if self._is_wanted else self._pass_on(done))
        # a description of our own: what is closed meanwhile is not what the thread waits for
        line = os.dup(self._file)

        def wait() -> None:
            try:
                fcntl.flock(line, fcntl.LOCK_EX)
            finally:
                os.close(line)
            with suppress(RuntimeError):  # the loop is closed: the process ends, and the lock with it
                loop.call_soon_threadsafe(coming.set_result, None)

        threading.Thread(target=wait, name="writer-turn", daemon=True).start()
        return coming

    def _pass_on(self, coming: asyncio.Future[None]) -> None:
        if self._coming is coming:
            self._coming = None
            if self._file >= 0:
                self.give_back()
