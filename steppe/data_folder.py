"""One supervisor a data folder: a second one is told so, instead of writing into the first one's stores."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import Conflict, Unavailable

LOCK: Final = "supervisor.lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder if need be and keep it for this process until the block ends, or the process does.

    Raises Conflict when another process has it and Unavailable when nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise Unavailable(
            "unavailable",
            f"nothing can be written to {folder} ({error.strerror}): choose another folder"
            " with --data-dir or STEPPE_DATA_DIR",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            raise Conflict(
                "conflict",
                f"Steppe runs in {folder} already (process {pid}): stop it there,"
                " or choose another folder with --data-dir or STEPPE_DATA_DIR",
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
