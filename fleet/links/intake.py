"""Positions on their way into the stream: wait some milliseconds for others, judge, append, tell."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
import structlog

from core.clock import Clock
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.links.judge import Judge, Judged, Outcome, Pending
from fleet.links.wire.positions import POSITION
from fleet.links.wire.status import STATUS
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, received_bytes
from fleet.telemetry.streams import Appended, streams_of

MAX_PENDING: Final = 20_000
"""Frames that may wait; beyond it a link is not read further until the batch is gone."""
FULL_BYTES: Final = 12_000 * POSITION.itemsize
"""Of positions after which a batch waits for no others: what waiting saves is a batch's own cost, 2 ms of all
servers, and 12,000 positions outweigh it."""
MAX_FLUSHES: Final = 20_000
"""Flushes whose durability is watched; above it the archiver is minutes behind and ``overloaded`` rules."""
STREAM_ROOM: Final = 40_000
"""Entries in the fullest partition above which nothing is accepted: 10 s flushes keep it under 1,000."""
LATELY: Final = 0.1
"""Weight of one batch in the mean size of an entry."""
ROOM_AGAIN: Final = 0.8
"""Of the bytes that may wait: overload ends below it, so that it does not come and go every second."""

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)
_log = structlog.get_logger("fleet.links.intake")


class Intake:
    """Collects frames of all links of this process. One event loop; ``offer`` never waits."""

    def __init__(
        self,
        redis: StreamsRedis,
        judge: Judge,
        clock: Clock,
        *,
        batch_wall_ms: int,
        partitions: int,
        most_bytes: int,
    ) -> None:
        self._streams = streams_of(redis)
        self._judge = judge
        self._clock = clock
        self._batch_s = batch_wall_ms / 1000
        self._partitions = partitions
        self._pending: list[Pending] = []
        self._pending_bytes = 0
        self._wake = asyncio.Event()
        self._full = asyncio.Event()
        self._waiting: list[Callable[[], None]] = []
        self._flush = 0
        self._flushes: deque[tuple[int, dict[int, bytes]]] = deque()
        self._most_bytes = most_bytes
        self._entry_bytes = 0.0
        """Of an entry of late: with the longest partition it says how much waits."""
        self.durable_flush = 0
        """Every flush up to this one is on disk."""
        self.is_overloaded = False
        self.is_up = True
        self.accepted = 0
        self.frames = 0
        self.on_refused: Callable[[Pending, Outcome, int], None] | None = None
        """Told of every frame of which records were refused, and the city time."""

    def offer(self, pending: Pending) -> None:
        """Take a frame into the next batch."""
        self._pending.append(pending)
        self._pending_bytes += len(pending.positions)
        self._wake.set()
        if self._pending_bytes >= FULL_BYTES:
            self._full.set()

    @property
    def is_full(self) -> bool:
        """Whether so many frames wait that a link must not be read further."""
        return len(self._pending) > MAX_PENDING

    def when_drained(self, resume: Callable[[], None]) -> None:
        """Call once when frames may be offered again."""
        self._waiting.append(resume)

    async def run(self, stop: asyncio.Event) -> None:
        """Flush batches until told to stop, the last one included.

        A frame that comes after a pause goes at once; when frames keep coming a batch goes every
        ``batch_wall_ms``, or when it is full.
        """
        flushed_s = float("-inf")
        watch = asyncio.create_task(self._watch(stop))
        stopping = asyncio.create_task(self._wake_at(stop))
        try:
            while not stop.is_set() or self._pending:
                await self._wake.wait()
                rest_s = flushed_s + self._batch_s - self._clock.monotonic_s()
                if rest_s > 0:
                    await self._filled_within(rest_s)
                self._wake.clear()
                if self._pending:
                    flushed_s = self._clock.monotonic_s()
                    await self._flush_batch()
        finally:
            watch.cancel()
            stopping.cancel()

    async def _filled_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._full.wait()
        except TimeoutError:
            return

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _flush_batch(self) -> None:
        batch, self._pending, self._pending_bytes = self._pending, [], 0
        self._full.clear()
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            resume()
        self.frames += len(batch)
        now_ms = self._clock.now_ms()
        judged = self._judge.judge(batch, now_ms)
        try:
            ids = await self._append(judged, now_ms)
        except _AWAY as error:
            self._note_outage(type(error).__name__)
            for pending in batch:
                _settle(pending, None, 0)
            return
        if ids:
            self._note_back()
            self._flush += 1
            self._flushes.append((self._flush, ids))
        unsure = frozenset(judged.partitions) - ids.keys() if len(ids) < len(judged.partitions) else None
        for pending, outcome in zip(batch, judged.outcomes, strict=True):
            if unsure and unsure & _partitions_of(pending, self._partitions):
                _settle(pending, None, 0)
                continue
            self.accepted += outcome.accepted
            if outcome.refused and self.on_refused is not None:
                self.on_refused(pending, outcome, now_ms)
            _settle(pending, outcome, self._flush)

    async def _append(self, judged: Judged, now_ms: int) -> dict[int, bytes]:
        """Append the batch and return the ids of the entries that are sure, by partition."""
        if not judged.partitions:
            return {}
        positions, status = judged.positions, judged.status
        sizes: list[int] = []
        for of_positions, of_status in zip(positions.counts, status.counts, strict=True):
            sizes += (of_positions * STREAM_POSITION.itemsize, of_status * STREAM_STATUS.itemsize)
        self._entry_bytes += LATELY * (sum(sizes) / len(judged.partitions) - self._entry_bytes)
        return await self._streams.append(
            Appended(
                partitions=judged.partitions,
                sizes=sizes,
                received=received_bytes(now_ms),
                positions=positions.records.tobytes(),
                status=status.records.tobytes(),
            )
        )

    def _note_outage(self, error: str) -> None:
        if self.is_up:
            self.is_up = False
            _log.warning("stream_unavailable", error=error)

    def _note_back(self) -> None:
        if not self.is_up:
            self.is_up = True
            _log.info("stream_back")

    async def _watch(self, stop: asyncio.Event) -> None:
        """Once a second: how far the archiver is, and whether the stream has room."""
        while not stop.is_set():
            try:
                await self._look()
                # links offer nothing while it is down: no batch would find out
                self._note_back()
            except _AWAY as error:
                self._note_outage(type(error).__name__)
            await asyncio.sleep(1.0)

    async def _look(self) -> None:
        look = await self._streams.look(self._partitions)
        self._note_load(look.longest)
        self.note_durable(look.durable)

    def _note_load(self, longest: int) -> None:
        """Say whether the streams have room, by entries, unwritten flushes and bytes."""
        room = self._most_bytes * (ROOM_AGAIN if self.is_overloaded else 1.0)
        waiting = longest * self._partitions * self._entry_bytes
        is_full = longest > STREAM_ROOM or len(self._flushes) > MAX_FLUSHES or waiting > room
        if is_full is not self.is_overloaded:
            _log.warning(
                "stream_overloaded" if is_full else "stream_has_room", waiting_mb=round(waiting / 1e6)
            )
        self.is_overloaded = is_full

    def note_durable(self, durable: dict[int, bytes]) -> None:
        """Take the archiver's last id on disk by partition, and let go of the flushes that it covers."""
        reached = {partition: stream_id(id_) for partition, id_ in durable.items()}
        while self._flushes:
            number, ids = self._flushes[0]
            if any(reached.get(partition, (0, 0)) < stream_id(id_) for partition, id_ in ids.items()):
                return
            self.durable_flush = number
            self._flushes.popleft()


def _partitions_of(pending: Pending, partitions: int) -> set[int]:
    """Return the partitions of a frame's vehicles, known or not."""
    numbers = [
        np.frombuffer(pending.positions, POSITION)["vehicle_no"],
        np.frombuffer(pending.status, STATUS)["vehicle_no"],
    ]
    return set((np.concatenate(numbers) % partitions).tolist())


def stream_id(text: bytes) -> tuple[int, int]:
    """Return a stream entry's id as a pair that compares like the stream."""
    milliseconds, _, serial = text.partition(b"-")
    return int(milliseconds), int(serial or 0)


def _settle(pending: Pending, outcome: Outcome | None, flush: int) -> None:
    if outcome is None:
        pending.sender.forget(pending.frame_seq)
    else:
        pending.sender.took(pending.frame_seq, outcome.accepted, flush)
    if pending.settle is not None:
        pending.settle(pending, outcome)
