"""Keeps the running day: once a minute what the new status files tell, from the files alone after a loss."""

import asyncio
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow.parquet as pq

from core import keys
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.leases import Lease
from core.redis import Redis
from core.repeating import repeat
from fleet.days.running import DaySoFar, known_since, read_day_so_far
from fleet.days.vehicle_day import DaySpan, span_of
from fleet.history.files import RawFile, RawFiles
from fleet.history.layout import STATUS
from fleet.history.reading import History
from fleet.history.sweep import Selection
from fleet.telemetry.records import Records

EVERY_S: Final = 60.0
FIRST_EVERY_S: Final = 5.0
"""Until the first vehicle of the day has told its odometer twice."""
LEASE: Final = "running-day"
KEPT_S: Final = 2 * 86_400


class RunningDayKeeper:
    """A component beside the archiver, where the files are; of several the one with the lease works."""

    def __init__(
        self,
        database: Database,
        plain: Redis,
        clock: Clock,
        folder: Path,
        zone: tzinfo,
        *,
        holder: str,
        every_s: float = EVERY_S,
    ) -> None:
        """Take the stores, the history folder and the zone in which the city's days end; pauses are wall."""
        self._redis = plain
        self._clock = clock
        self._raw = folder / STATUS.name
        self._history = History(folder, STATUS)
        self._zone = zone
        self._every_s = every_s
        self._lease = Lease(database, LEASE, holder, clock, ttl_s=3 * FIRST_EVERY_S)
        self._kept: DaySoFar | None = None
        self._due_s = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until told to stop."""
        await repeat("running-day", self.look_when_due, FIRST_EVERY_S, stop)
        await self._lease.give_back()

    async def look_when_due(self) -> None:
        """Look when a minute is over, or nothing is known yet; hold the lease in between."""
        if await self._lease.held() is None:
            self._kept = None
            return
        now_s = self._clock.monotonic_s()
        if now_s >= self._due_s or self._kept is None or known_since(self._kept.driven()) is None:
            self._due_s = now_s + self._every_s
            await self.look_once()

    async def look_once(self) -> DaySoFar:
        """Take what came since the last look and tell it; return the day so far."""
        span = span_of(self._clock.now().astimezone(self._zone).date(), self._zone)
        kept = self._kept or await self._told()
        found = await asyncio.to_thread(self._further, kept, span, ms_of_moment(self._clock.now()))
        if kept is None or found.day != kept.day or found.up_to_serial != kept.up_to_serial:
            await self._redis.set(keys.running_day(), msgspec.msgpack.encode(found), ex=KEPT_S)
        self._kept = found
        return found

    async def _told(self) -> DaySoFar | None:
        data: Any = await self._redis.get(keys.running_day())
        return read_day_so_far(data)

    def _further(self, kept: DaySoFar | None, span: DaySpan, now_ms: int) -> DaySoFar:
        files = sorted(RawFiles.all(self._raw), key=lambda file: file.serial)
        newest = max((file.serial for file in files), default=0 if kept is None else kept.up_to_serial)
        if kept is None or kept.day != span.day or kept.up_to_serial > newest:
            so_far = DaySoFar(day=span.day, up_to_serial=newest, counted_ms=now_ms, driven_rows=b"")
            pieces = self._whole_day(span)
        else:
            so_far = kept
            pieces = _of_files([file for file in files if file.serial > kept.up_to_serial], span)
        for statuses in pieces:
            so_far = so_far.with_readings(statuses, up_to_serial=newest, counted_ms=now_ms)
        return msgspec.structs.replace(so_far, up_to_serial=newest, counted_ms=now_ms)

    def _whole_day(self, span: DaySpan) -> Iterator[Records]:
        """Yield the day's statuses out of all files: after midnight few, after a loss of Redis all."""
        return self._history.read(Selection(from_ms=span.from_ms, to_ms=span.to_ms - 1))


def _of_files(files: list[RawFile], span: DaySpan) -> Iterator[Records]:
    for file in files:
        if file.oldest_ms >= span.to_ms or file.newest_ms < span.from_ms:
            continue
        try:
            table = pq.ParquetFile(file.path).read()
        except FileNotFoundError:
            continue  # an hour has taken it meanwhile: the next reading of each vehicle tells the rise
        records = STATUS.to_records(table)
        ms = records["measured_ms"]
        yield records[(ms >= span.from_ms) & (ms < span.to_ms)]
