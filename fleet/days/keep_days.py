"""Notices that a day can be closed, and has it done by a process of its own.

Closing reads a day of everybody's positions: it must take neither memory nor time from a process that people
or vehicles wait for. Two schedulers may notice at once: a lease lets one of the two children work, and rows
are unique.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta, tzinfo
from typing import Final

import structlog

from core.clock import Clock, ms_of_moment
from core.database import Database
from core.repeating import repeat
from fleet.days.durable import DurableMark
from fleet.days.store import DayStore
from fleet.days.vehicle_day import span_of

SETTLE_MS: Final = 300_000
"""City time after midnight before a day is closed: frames held back by a short loss of the link come along;
later ones make a correction."""
EVERY_S: Final = 10.0
LATE_EVERY_S: Final = 600.0
"""Wall time between two looks for late positions: the history keeps raw files for 15 minutes at least."""

type StartClosing = Callable[[asyncio.Event], Awaitable[int]]
"""Run ``steppe days close --pending`` to its end or until the event; return its exit code."""

_log = structlog.get_logger("fleet.days.keep_days")


class DayKeeper:
    """The reconciler of vehicle-days: looks cheaply, closes in a child process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        mark: DurableMark,
        zone: tzinfo,
        start: StartClosing,
        *,
        every_s: float = EVERY_S,
        late_every_s: float = LATE_EVERY_S,
    ) -> None:
        """Take the stores, the city's zone, and how a closing process is started; pauses are wall time."""
        self._database = database
        self._clock = clock
        self._mark = mark
        self._zone = zone
        self._start = start
        self._every_s = every_s
        self._late_every_s = late_every_s
        self._looked_s = float("-inf")
        self._stop = asyncio.Event()

    async def look_once(self) -> bool:
        """Close what is due; return whether a closing process ran. Raises what the stores raise."""
        since_s = self._clock.monotonic_s() - self._looked_s
        if not await self._is_due() and since_s < self._late_every_s:
            return False
        self._looked_s = self._clock.monotonic_s()
        code = await self._start(self._stop)
        if code != 0 and not self._stop.is_set():
            _log.warning("closing_days_failed", exit_code=code)
        return True

    async def _is_due(self) -> bool:
        """Return whether yesterday is not closed and all of its positions are on disk."""
        yesterday = self._clock.now().astimezone(self._zone).date() - timedelta(days=1)
        async with self._database.read() as tx:
            if await DayStore(tx).has_closed(yesterday):
                return False
        return await self._mark.has_passed(span_of(yesterday, self._zone).to_ms + SETTLE_MS)

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until ``stop``, through outages."""
        self._stop = stop
        await repeat("days", self.look_once, self._every_s, stop)


def settled_ms(clock: Clock) -> int:
    """Return the city time before which a day that ended is settled."""
    return ms_of_moment(clock.now()) - SETTLE_MS
