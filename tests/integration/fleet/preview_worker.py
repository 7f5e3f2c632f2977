"""A jobs worker of its own: preview_worker.py REDIS_URL FOLDER CRASH_POINT AFTER MINUTES_LATER.

It works the queue empty, a window a job, on a clock that is so many minutes ahead; it dies at the crash point
when one is named.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core import crashpoints
from core.clock import Clock
from core.database import Database
from core.logs import configure
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import load
from fleet.fences.finish_previews import PreviewFinisher

if __name__ == "__main__":
    url, folder, point, after, minutes = sys.argv[1:6]
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_REDIS__URL": url, "STEPPE_DATA_DIR": folder})
    ahead = timedelta(minutes=int(minutes))
    now = datetime.now(UTC)
    clock = Clock(now, now, wall=lambda: datetime.now(UTC) + ahead)

    @asynccontextmanager
    async def context() -> AsyncIterator[WorkerContext]:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'facts.sqlite3'}")
        queue = JobQueue(url)
        finisher = PreviewFinisher(database, clock, Path(folder), work_s=0.0)
        yield WorkerContext(
            settings=settings, database=database, clock=clock, queue=queue, parts={PreviewFinisher: finisher}
        )
        queue.close()
        await database.close()

    configure("worker")
    crashpoints.arm(point or None, int(after))
    run_worker("jobs", url, context, burst=True)
