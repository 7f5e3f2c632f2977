"""Finishing previews: jobs go through the week that there was no time for while a person waited.

A job works for some seconds, lays down where the judge stands, and the next one goes on from there, so that
notices get through between two. One that is killed held its week for two minutes: then another goes on from
where it was last laid down. The week of a version that was published, dropped or drawn anew is forgotten.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from msgspec.structs import replace

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import OutboxMessage
from core.queue import JobQueue
from core.repeating import repeat
from fleet.fences.week_store import WeekStore
from fleet.fences.whole_week import PreviewWeek, go_on, rest_of
from geofences.fences import FenceState, versioned
from geofences.preview import FencePreview, PastCrossings
from geofences.store import FenceRecord, FenceStore

QUEUE, JOB = "jobs", "fleet.fences.jobs:finish_previews"
WORK_S: Final = 5.0
"""How long a job works: notices wait behind it."""
TIMEOUT_S: Final = 110
HELD: Final = timedelta(seconds=120)
"""How long a job that took a week keeps others from it: longer than it may run."""
TRIES_MOST: Final = 10
"""Jobs in a row that did not come back; then the preview stays as it was at once, and the log says so."""

_log = structlog.get_logger("fleet.fences")


class PreviewFinisher:
    """Goes on with weeks; two jobs at once take different ones."""

    def __init__(self, database: Database, clock: Clock, history: Path, *, work_s: float = WORK_S) -> None:
        """Take the stores, the folder of the history and for how many wall seconds a job works."""
        self._database = database
        self._clock = clock
        self._history = history
        self._work_s = work_s

    async def go_on(self) -> dict[str, int]:
        """Go on with the week that waits longest; return how many hours of it were judged."""
        wall = self._clock.wall()
        async with self._database.write() as tx:
            week = await WeekStore(tx).take(wall, wall + HELD)
            record = None if week is None else await _wanted(tx, week)
        if week is None or record is None:
            return {"hours": 0}
        fence = versioned(record.draft, week.version, self._clock.now())
        until_s = self._clock.monotonic_s() + self._work_s
        came, past = await asyncio.to_thread(
            go_on, self._history, fence, week, left_s=lambda: until_s - self._clock.monotonic_s()
        )
        await self._keep(week, came, past)
        return {"hours": (came.reached_ms - week.reached_ms) // 3_600_000}

    async def _keep(self, week: PreviewWeek, came: PreviewWeek, past: PastCrossings) -> None:
        """Keep how far it came and show it, unless somebody else was faster or it is wanted no more."""
        async with self._database.write() as tx:
            if not await WeekStore(tx).go_on(week, came, self._clock.wall()):
                return
            record = await _wanted(tx, week)
            if record is None or record.preview is None:
                return
            if came.is_done:
                await _show(tx, record, replace(record.preview, past=past, rest=None))
            else:
                await _show(tx, record, replace(record.preview, rest=rest_of(came)))


class PreviewWaker:
    """Route of ``week_store.TOPIC``, and what offers again whatever a lost job left."""

    def __init__(self, database: Database, queue: JobQueue, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the stores, the queue, and the pause between two looks in wall seconds."""
        self._database = database
        self._queue = queue
        self._clock = clock
        self._every_s = every_s

    async def __call__(self, _message: OutboxMessage) -> None:
        """Have a job go on. Raises what Redis raises."""
        await self.wake()

    async def wake(self) -> bool:
        """Put a job into the queue unless this wall second and the next have one."""
        moment_s = self._clock.wall().timestamp()
        return await self._queue.wake(QUEUE, JOB, name="previews", moment_s=moment_s, timeout_s=TIMEOUT_S)

    async def reconcile_once(self) -> bool:
        """Wake a job when a week waits and no job does: those that run wake the next. True when one was."""
        async with self._database.read() as tx:
            due = await WeekStore(tx).due(self._clock.wall())
        return bool(due) and not await self._queue.waiting(QUEUE) and await self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, through outages."""
        await repeat("previews", self.reconcile_once, self._every_s, stop)


async def _wanted(tx: Transaction, week: PreviewWeek) -> FenceRecord | None:
    """Return the version while somebody may still publish it; forget its week otherwise."""
    store = FenceStore(tx)
    record = await store.get(week.fence_id, week.version, reach=EVERYTHING)
    newest = await store.newest_of(week.fence_id)
    is_newest = newest is not None and newest.version == week.version
    if record.state is FenceState.PREVIEWED and is_newest and week.tries < TRIES_MOST:
        return record
    if week.tries >= TRIES_MOST:
        _log.error("preview_given_up", fence_id=week.fence_id, version=week.version, tries=week.tries)
    await WeekStore(tx).drop(week.fence_id, week.version)
    if record.state is FenceState.PREVIEWED and record.preview is not None:
        await _show(tx, record, replace(record.preview, rest=None))
    return None


async def _show(tx: Transaction, record: FenceRecord, preview: FencePreview) -> None:
    """Keep with a version what its preview shows by now; who asked for it, and when, stays."""
    if record.previewed_at is None or record.previewed_by is None:
        raise ValueError(f"{record.draft.fence_id} was never previewed")
    key = (record.draft.fence_id, record.version)
    at, by = record.previewed_at, record.previewed_by
    await FenceStore(tx).keep_preview(key, record.state, preview, at=at, by=by)
