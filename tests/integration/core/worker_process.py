"""A worker as a process of its own: python worker_process.py QUEUE REDIS_URL FOLDER [burst]."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.clock import Clock
from core.database import Database
from core.logs import configure
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import load

if __name__ == "__main__":
    queue_name, url, folder = sys.argv[1:4]
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_REDIS__URL": url, "STEPPE_DATA_DIR": folder})

    @asynccontextmanager
    async def context() -> AsyncIterator[WorkerContext]:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'facts.sqlite3'}")
        queue = JobQueue(url)
        yield WorkerContext(settings=settings, database=database, clock=Clock.real(), queue=queue)
        queue.close()
        await database.close()

    configure("worker")
    run_worker(queue_name, url, context, burst="burst" in sys.argv)
