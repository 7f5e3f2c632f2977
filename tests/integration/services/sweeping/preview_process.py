"""A jobs worker of its own: preview_process.py REDIS_URL FOLDER CRASH_POINT SECONDS_LATER.

It works the queue empty on a clock that is so many seconds ahead; it dies at the crash point when one is
named.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core import crashpoints
from core.clock import Clock
from core.database import Database
from core.logs import configure
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import load
from services.sweeping.work_on import SweepingWorker
from tests.integration.services.sweeping.sweepers import OnDisk

if __name__ == "__main__":
    url, folder, point, seconds = sys.argv[1:5]
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_REDIS__URL": url, "STEPPE_DATA_DIR": folder})
    ahead = timedelta(seconds=int(seconds))
    now = datetime.now(UTC)
    clock = Clock(now, now, wall=lambda: datetime.now(UTC) + ahead)

    @asynccontextmanager
    async def context() -> AsyncIterator[WorkerContext]:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'facts.sqlite3'}")
        queue = JobQueue(url)
        worker = SweepingWorker(database, clock, Path(folder), OnDisk(), ZoneInfo("Asia/Shanghai"))
        yield WorkerContext(
            settings=settings, database=database, clock=clock, queue=queue, parts={SweepingWorker: worker}
        )
        queue.close()
        await database.close()

    configure("worker")
    crashpoints.arm(point or None)
    run_worker("jobs", url, context, burst=True)
