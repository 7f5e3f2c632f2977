"""The archiver process: stream to raw Parquet files, and the word that frames are durable."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from core import keys, metrics
from core.allocator import give_back
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, SteppeError
from core.ids import new_id
from core.leases import Lease
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.history.files import RawFile, RawFiles, last_seqs
from fleet.history.ledger import Totals, added
from fleet.history.memory import LATEST_MS, Memory, not_stored
from fleet.history.reading import History
from fleet.history.unwritten import Unwritten
from fleet.telemetry.records import Entry, Records, read_entry

READ_EVERY_S: Final = 1.0
ENTRIES_MOST: Final = 1_000
"""Entries of a partition in one read."""
ROWS_MOST: Final = 2_000_000
"""Positions in memory above which a file is closed early: 64 MB."""
REMEMBERED_FILES: Final = 36
"""Newest files whose sequences are read at the start, to know what is sent again: three minutes."""
UNREAD_MOST_S: Final = 300.0
"""What no tracker has read for this long is trimmed all the same: a dead tracker must not stop the intake."""
AGAIN_S: Final = 0.5

type Mask = NDArray[np.bool_]

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError, SteppeError)
_log = structlog.get_logger("fleet.history.archiver")


class Archiver:
    """Drains every partition. One at work a city (SQL lease "archiver"); another waits.

    ``run`` may be called again: it goes on from what the files say.
    """

    def __init__(
        self,
        database: Database,
        streams: StreamsRedis,
        clock: Clock,
        folder: Path,
        *,
        partitions: int,
        flush_s: float = 5.0,
        name: str | None = None,
    ) -> None:
        """Take the stores and the folder; ``flush_s`` is wall time."""
        self.files = RawFiles(folder)
        self._history = History(folder)
        self._streams = streams
        self._clock = clock
        self._partitions = partitions
        self._flush_s = flush_s
        self._lease = Lease(database, "archiver", name or new_id(), clock)
        self.stored = 0
        self.duplicates = 0
        self._begin()

    def _begin(self) -> None:
        self._up_to: dict[int, str] = {}
        self._written: dict[int, str] = {}
        self._unwritten = Unwritten(ROWS_MOST)
        self._memory = Memory()
        self._totals = Totals()
        self._unreadable = 0
        self._flushed_s = self._clock.monotonic_s()
        self._is_away = False
        self._has_begun = False

    def __repr__(self) -> str:
        return f"Archiver({self.stored} stored, {self.duplicates} duplicates, {self.files!r})"

    async def run(self, stop: asyncio.Event) -> None:
        """Archive until told to stop, then close the last file."""
        self._begin()
        while not stop.is_set():
            has_more = await self._turn()
            if not has_more:
                await _pause(stop, READ_EVERY_S)
        if self._has_begun and await self._lease.held() is not None:
            await self._flush()
        await self._lease.give_back()

    async def _turn(self) -> bool:
        try:
            if await self._lease.held() is None:
                self._has_begun = False
                return False
            if not self._has_begun:
                await self._recover()
            has_more = await self._read()
            due = self._clock.monotonic_s() - self._flushed_s >= self._flush_s
            if due or self._unwritten.rows > ROWS_MOST:
                await self._flush()
        except _AWAY as error:
            self._has_begun = self._has_begun and not isinstance(error, Conflict)
            if not self._is_away:
                self._is_away = True
                _log.warning("archiver_interrupted", error=type(error).__name__, detail=str(error))
            await asyncio.sleep(AGAIN_S)
            return False
        if self._is_away:
            self._is_away = False
            _log.info("archiver_back")
        return has_more

    async def _recover(self) -> None:
        self._begin()
        await asyncio.to_thread(self.files.prepare)
        self._written = await asyncio.to_thread(self.files.up_to)
        self._up_to = dict(self._written)
        newest = await asyncio.to_thread(self.files.newest, REMEMBERED_FILES)
        ledger = await asyncio.to_thread(self.files.newest_ledger)
        self._totals = Totals() if ledger is None else ledger.totals
        if _is_unbroken(newest):
            until_ms = max([self._clock.now_ms(), *(file.newest_ms for file in newest)]) if newest else 0
            self._memory.recall(*await asyncio.to_thread(last_seqs, newest), until_ms)
        else:
            # A vehicle's last may stand in an hour by now and what is left be of before: look up everything.
            self._memory.recall(*last_seqs([]), LATEST_MS)
        if self._written:
            await self._publish()
        self._has_begun = True
        _log.info("archiver_begins", partitions=len(self._written), files=len(newest))

    async def _read(self) -> bool:
        pipe = self._streams.pipeline(transaction=False)
        for partition in range(self._partitions):
            after = self._up_to.get(partition, "0-0")
            pipe.xrange(keys.telemetry(partition), min=f"({after}", max="+", count=ENTRIES_MOST)
        has_more = False
        entries: list[Entry] = []
        for partition, found in enumerate(await pipe.execute()):
            entries.extend(filter(None, (self._entry(entry_id, fields) for entry_id, fields in found)))
            if found:
                self._up_to[partition] = found[-1][0].decode()
            has_more = has_more or len(found) == ENTRIES_MOST
        self._unwritten.add(entries)
        return has_more

    def _entry(self, entry_id: bytes, fields: dict[bytes, bytes]) -> Entry | None:
        try:
            return read_entry(fields)
        except (KeyError, ValueError, TypeError) as error:
            _log.error("stream_entry_unreadable", entry=entry_id.decode(), error=repr(error))
            self._unreadable += 1
            return None

    async def _flush(self) -> None:
        """Write what was read, then say that it is durable; after an error the same is tried again."""
        began_s = self._clock.monotonic_s()
        self._flushed_s = began_s
        if self._up_to == self._written:
            # Nothing came: because the streams are full, perhaps, of what a tracker has read only now.
            if self._written:
                await self._publish()
            return
        positions, received_ms, status = self._unwritten.whole()
        fresh = await self._fresh(positions)
        shed = {reason: int(rows.sum()) for reason, rows in Memory.shed(positions).items()}
        totals = self._counted(int(fresh.sum()), len(fresh), shed, len(status))
        await asyncio.to_thread(
            self.files.write,
            *(positions, received_ms) if fresh.all() else (positions[fresh], received_ms[fresh]),
            status,
            dict(self._up_to),
            self._clock.now_ms(),
            totals,
        )
        self._memory.take()
        self._count(totals)
        self._written = dict(self._up_to)
        del positions, received_ms, status
        self._unwritten.clear()
        self._unreadable = 0
        give_back()
        metrics.HISTORY_FLUSH_SECONDS.observe(self._clock.monotonic_s() - began_s)
        await self._publish()

    async def _fresh(self, positions: Records) -> Mask:
        """Say which positions to store: what is not certainly new is looked up, late ones are stored too."""
        fresh, doubtful = self._memory.sorted_out(positions)
        if doubtful.any():
            rows = np.flatnonzero(doubtful)
            beside = positions[fresh]
            fresh[rows] = await asyncio.to_thread(not_stored, self._history, positions[rows], beside)
        return fresh

    def _counted(self, stored: int, read: int, shed: Mapping[str, int], status: int) -> Totals:
        earlier = self._totals
        return msgspec.structs.replace(
            earlier,
            read=earlier.read + read,
            stored=earlier.stored + stored,
            again=earlier.again + read - stored - sum(shed.values()),
            shed=added(earlier.shed, shed),
            unreadable_entries=earlier.unreadable_entries + self._unreadable,
            status=earlier.status + status,
        )

    def _count(self, totals: Totals) -> None:
        earlier, self._totals = self._totals, totals
        stored, again = totals.stored - earlier.stored, totals.again - earlier.again
        self.stored += stored
        self.duplicates += again
        metrics.HISTORY_POSITIONS.labels(result="stored").inc(stored)
        metrics.HISTORY_POSITIONS.labels(result="duplicate").inc(again)
        shed = sum(totals.shed.values()) - sum(earlier.shed.values())
        metrics.HISTORY_POSITIONS.labels(result="shed").inc(shed)

    async def _publish(self) -> None:
        """Tell the gateways what is durable, and let the stream go that everybody has read."""
        written = {str(partition): entry_id for partition, entry_id in self._written.items()}
        pipe = self._streams.pipeline(transaction=False)
        pipe.hset(keys.durable(), mapping=written)  # type: ignore[arg-type]
        for partition in self._written:
            pipe.hget(keys.state_header(partition), "position")
        _, *read_by_tracker = await pipe.execute()
        pipe = self._streams.pipeline(transaction=False)
        oldest_ms = round((self._clock.wall().timestamp() - UNREAD_MOST_S) * 1000)
        for (partition, entry_id), tracked in zip(self._written.items(), read_by_tracker, strict=True):
            keep_from = _earlier(entry_id, tracked.decode() if tracked else "0-0")
            if int(keep_from.partition("-")[0]) < oldest_ms:
                keep_from = _earlier(entry_id, f"{oldest_ms}-0")
            pipe.xtrim(keys.telemetry(partition), minid=keep_from, approximate=False)
        await pipe.execute()


def _is_unbroken(newest: Sequence[RawFile]) -> bool:
    """Say whether the newest files are all that were written last, none taken by its hour and removed."""
    serials = [file.serial for file in newest]
    first = serials[0] if serials else 1
    is_run = serials == list(range(first, first + len(serials)))
    return is_run and (len(serials) == REMEMBERED_FILES or first == 1)


def _earlier(one: str, other: str) -> str:
    """Return the stream id that comes first."""

    def pair(text: str) -> tuple[int, int]:
        milliseconds, _, serial = text.partition("-")
        return int(milliseconds), int(serial or 0)

    return min(one, other, key=pair)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
