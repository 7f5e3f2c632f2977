"""The archiver process: stream to raw Parquet files, and the word that frames are durable."""

import asyncio
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog

from core import keys, metrics
from core.clock import Clock
from core.database import Database
from core.errors import SteppeError
from core.ids import new_id
from core.leases import Lease
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.history.files import RawFiles, last_seqs
from fleet.telemetry.numbering import turns
from fleet.telemetry.records import (
    STREAM_POSITION,
    STREAM_STATUS,
    Entry,
    Records,
    joined,
    read_entry,
)
from fleet.telemetry.roster import MAX_VEHICLE_NO, longer

READ_EVERY_S: Final = 1.0
ENTRIES_MOST: Final = 1_000
"""Entries of a partition in one read."""
ROWS_MOST: Final = 2_000_000
"""Positions in memory above which a file is closed early: 80 MB."""
REMEMBERED_FILES: Final = 18
"""Newest files whose sequences are read at the start, to know what is sent again: three minutes."""
UNREAD_MOST_S: Final = 300.0
"""What no tracker has read for this long is trimmed all the same: a dead tracker must not stop the intake."""
FORGET_EVERY_S: Final = 600.0
AGAIN_S: Final = 0.5

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
        flush_s: float = 10.0,
        keep_days: int = 90,
        name: str | None = None,
    ) -> None:
        """Take the stores and the folder; ``flush_s`` is wall time, ``keep_days`` city time."""
        self.files = RawFiles(folder)
        self._streams = streams
        self._clock = clock
        self._partitions = partitions
        self._flush_s = flush_s
        self._keep_ms = keep_days * 86_400_000
        self._lease = Lease(database, "archiver", name or new_id(), clock)
        self.stored = 0
        self.duplicates = 0
        self._begin()

    def _begin(self) -> None:
        self._up_to: dict[int, str] = {}
        self._written: dict[int, str] = {}
        self._entries: list[Entry] = []
        self._rows = 0
        self._memory = _Memory()
        self._flushed_s = self._clock.monotonic_s()
        self._forgot_s = float("-inf")
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
            if due or self._rows > ROWS_MOST:
                await self._flush()
                await self._forget_old()
        except _AWAY as error:
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
        self._memory.recall(*await asyncio.to_thread(last_seqs, newest))
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
        for partition, found in enumerate(await pipe.execute()):
            for entry_id, fields in found:
                self._take(entry_id, fields)
            if found:
                self._up_to[partition] = found[-1][0].decode()
            has_more = has_more or len(found) == ENTRIES_MOST
        return has_more

    def _take(self, entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        try:
            entry = read_entry(fields)
        except (KeyError, ValueError, TypeError) as error:
            _log.error("stream_entry_unreadable", entry=entry_id.decode(), error=repr(error))
            return
        self._entries.append(entry)
        self._rows += len(entry.positions)

    async def _flush(self) -> None:
        """Write what was read, then say that it is durable; after an error the same is tried again."""
        began_s = self._clock.monotonic_s()
        self._flushed_s = began_s
        if self._up_to == self._written:
            return
        entries = self._entries
        positions = joined((entry.positions for entry in entries), STREAM_POSITION)
        received_ms = np.repeat(
            np.array([entry.received_ms for entry in entries], np.int64),
            [len(entry.positions) for entry in entries],
        )
        status = joined((entry.status for entry in entries), STREAM_STATUS)
        fresh = self._memory.fresh(positions)
        await asyncio.to_thread(
            self.files.write,
            positions[fresh],
            received_ms[fresh],
            status,
            dict(self._up_to),
            self._clock.now_ms(),
        )
        self._memory.take(positions[fresh])
        self._count(int(fresh.sum()), len(fresh))
        self._written = dict(self._up_to)
        self._entries, self._rows = [], 0
        metrics.HISTORY_FLUSH_SECONDS.observe(self._clock.monotonic_s() - began_s)
        await self._publish()

    def _count(self, stored: int, read: int) -> None:
        self.stored += stored
        self.duplicates += read - stored
        metrics.HISTORY_POSITIONS.labels(result="stored").inc(stored)
        metrics.HISTORY_POSITIONS.labels(result="duplicate").inc(read - stored)

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

    async def _forget_old(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._forgot_s >= FORGET_EVERY_S:
            self._forgot_s = now_s
            gone = await asyncio.to_thread(self.files.forget_before, self._clock.now_ms() - self._keep_ms)
            if gone:
                _log.info("history_forgotten", files=gone)


class _Memory:
    """The last stored position of every vehicle: what is not after it was sent again."""

    def __init__(self) -> None:
        self._seq = np.zeros(1024, np.int64)
        self._ms = np.zeros(1024, np.int64)

    def recall(self, numbers: Records, last: Records) -> None:
        """Take (seq, measured_ms) rows of vehicles."""
        if len(numbers):
            self._reserve(int(numbers.max()))
            self._seq[numbers], self._ms[numbers] = last[:, 0], last[:, 1]

    def fresh(self, positions: Records) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Say which positions were not stored before, without taking them.

        A position counts as sent again when neither its sequence nor its time is above the last stored one
        of its vehicle; a vehicle whose sequence began anew goes on by its time.
        """
        numbers = positions["vehicle_no"]
        if not len(numbers):
            return np.zeros(0, np.bool_)
        self._reserve(min(int(numbers.max()), MAX_VEHICLE_NO))
        known = numbers <= MAX_VEHICLE_NO
        seq, ms = self._seq.copy(), self._ms.copy()
        fresh = np.zeros(len(numbers), np.bool_)
        rows = np.flatnonzero(known)
        for turn in turns(numbers[rows]):
            here = rows[turn]
            who = numbers[here]
            is_new = (positions["seq"][here] > seq[who]) | (positions["measured_ms"][here] > ms[who])
            taken = here[is_new]
            seq[numbers[taken]] = positions["seq"][taken]
            ms[numbers[taken]] = np.maximum(ms[numbers[taken]], positions["measured_ms"][taken])
            fresh[taken] = True
        return fresh

    def take(self, positions: Records) -> None:
        """Remember positions that are stored now."""
        numbers = positions["vehicle_no"]
        for turn in turns(numbers):
            who = numbers[turn]
            self._seq[who] = positions["seq"][turn]
            self._ms[who] = np.maximum(self._ms[who], positions["measured_ms"][turn])

    def _reserve(self, number: int) -> None:
        if number >= len(self._seq):
            size = max(number + 1, 2 * len(self._seq))
            self._seq, self._ms = longer(self._seq, size), longer(self._ms, size)


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
