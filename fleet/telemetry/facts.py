"""Facts that a tracker finds, on their way into SQL: crossings to our table, causes to the alarms."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
import numpy as np
import structlog
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.sql.elements import Grouping

from core.clock import Clock
from core.database import Database, Transaction, metadata
from core.database.bulk import BulkInsert
from core.database.types import EpochMs
from core.errors import SteppeError
from core.leases import leases
from fleet.alarms.alarm import AlarmSignal
from fleet.telemetry.found_events import COLUMNS, columns_of
from fleet.telemetry.found_facts import Facts
from fleet.telemetry.hole_book import add_comebacks
from fleet.telemetry.tell_crossings import tell_crossings

fence_events = Table(
    "fence_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("fence_id", String(64), nullable=False),
    Column("fence_version", Integer, nullable=False),
    Column("set_version", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("measured_at", EpochMs, nullable=False),
    Column("since_at", EpochMs, nullable=False),
    Column("received_at", EpochMs, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("accuracy_m", Float),
    Column("is_border_uncertain", Boolean, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    UniqueConstraint("measured_at", "vehicle_no", "fence_id", "kind"),
)
"""Exactly one row for a crossing, whoever judged it and however often: a vehicle has one judged position a
moment. Time comes first in the constraint, so that what comes in a second lies together: a thousand rows
cost 2.6 ms, of an index in which each has a page of its own 8 ms."""

QUARTER_MS: Final = 15_000
QUARTER: Final = Grouping(
    type_coerce(fence_events.c.measured_at, BigInteger).op("/")(literal_column(str(QUARTER_MS)))
)
"""Measured time in whole quarters of a minute since 1970, spelled as the indexes spell it."""
Index("ix_fence_events_quarter_vehicle_no", QUARTER, fence_events.c.vehicle_no)
Index("ix_fence_events_quarter_fence_id", QUARTER, fence_events.c.fence_id)

_INSERT: Final = BulkInsert(fence_events, [*COLUMNS, "epoch"])

GROUP_MOST: Final = 5_000
"""Facts of one transaction, so that a storm does not hold the write lock for long."""
PENDING_MOST: Final = 200_000
"""Facts that may wait for SQL; above it the tracker stops reading, and the stream keeps what comes."""
AGAIN_S: Final = 0.5
GATHER_S: Final = 1.0
"""Least time between two commits, so that facts of some ticks go together: a transaction costs 2 ms of CPU
whatever is in it. What comes after a pause goes at once."""

_log = structlog.get_logger("fleet.telemetry.facts")
_encoder = msgspec.msgpack.Encoder()


class AlarmSink(Protocol):
    """Where causes go: the alarms of fleet.alarms, or a list in a test."""

    async def put(self, signals: Sequence[AlarmSignal]) -> int:
        """Store raised and cleared causes in their order; taking the same twice changes nothing.

        Raises Unavailable when the database does not answer.
        """
        ...


class _Waiting(NamedTuple):
    """Facts as MessagePack: a fifth of the memory, and what a blob carries of them."""

    partition: int
    size: int
    packed: msgspec.Raw


_decoder = msgspec.msgpack.Decoder(Facts)


class FactWriter:
    """Writes facts in the order they were found. What is not committed is kept with the state blobs."""

    def __init__(self, database: Database, alarms: AlarmSink, clock: Clock) -> None:
        self._database = database
        self._alarms = alarms
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self.is_writing = False
        """Whether a transaction is under way."""
        self.written = 0
        self.refused = 0
        """Facts of a lease that another tracker holds by now: it finds them itself."""

    def put(self, facts: Facts) -> None:
        """Take facts to be written."""
        if len(facts):
            packed = msgspec.Raw(_encoder.encode(facts))
            self._waiting.append(_Waiting(facts.partition, len(facts), packed))
            self._size += len(facts)
            self._arrived.set()

    def __len__(self) -> int:
        return self._size

    @property
    def is_full(self) -> bool:
        """Whether the tracker must wait."""
        return self._size > PENDING_MOST

    def waiting(self) -> dict[int, list[msgspec.Raw]]:
        """Return what is not committed by partition, oldest first, as MessagePack of Facts.

        Packed once, when they were put: a storm that waits for SQL is written with every blob.
        """
        found: dict[int, list[msgspec.Raw]] = {}
        for one in self._waiting:
            found.setdefault(one.partition, []).append(one.packed)
        return found

    def drop(self, partition: int) -> None:
        """Forget what waits of a partition that was lost."""
        self._waiting = deque(one for one in self._waiting if one.partition != partition)
        self._size = sum(one.size for one in self._waiting)

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop, then what still waits; an outage of SQL is waited out."""
        stopping = asyncio.create_task(self._wake_at(stop))
        wrote_s = float("-inf")
        is_away = False
        try:
            while not stop.is_set() or self._waiting:
                await self._arrived.wait()
                rest_s = 0.0 if stop.is_set() else wrote_s + GATHER_S - self._clock.monotonic_s()
                if rest_s > 0:
                    await asyncio.sleep(rest_s)
                wrote_s = self._clock.monotonic_s()
                self._arrived.clear()
                try:
                    await self._write_waiting()
                    is_away = False
                except SteppeError as error:
                    if not is_away:
                        is_away = True
                        _log.warning("facts_wait", code=error.code, waiting=len(self))
                    if stop.is_set():
                        return
                    await asyncio.sleep(AGAIN_S)
                    self._arrived.set()
        finally:
            stopping.cancel()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._arrived.set()

    async def _write_waiting(self) -> None:
        while self._waiting:
            began_s = self._clock.monotonic_s()
            group = _group(self._waiting)
            self.is_writing = True
            try:
                await self._write([_decoder.decode(one.packed) for one in group])
            finally:
                self.is_writing = False
            for one in group:
                if self._waiting and self._waiting[0] is one:
                    self._size -= self._waiting.popleft().size
            if self._waiting:
                # As long a pause as the write took: a storm must not starve SQLite's other writers.
                await asyncio.sleep(self._clock.monotonic_s() - began_s)

    async def _write(self, group: list[Facts]) -> None:
        async with self._database.write() as tx:
            present = await _present_epochs(tx, {facts.partition for facts in group})
            ours = [facts for facts in group if present.get(facts.partition, facts.epoch) == facts.epoch]
            self.refused += sum(len(facts) for facts in group) - sum(len(facts) for facts in ours)
            events = [facts.events for facts in ours]
            count = sum(map(len, events))
            if count:
                epochs = np.repeat([facts.epoch for facts in ours], [len(one) for one in events])
                await _INSERT.insert(tx, [*columns_of(events), epochs.tolist()])
                await tell_crossings(tx, events)
                self.written += count
            await add_comebacks(tx, [comeback for facts in ours for comeback in facts.comebacks])
        signals = [signal for facts in ours for signal in facts.raised]
        if signals:
            await self._alarms.put(signals)


def _group(waiting: deque[_Waiting]) -> list[_Waiting]:
    """Return the oldest facts that one transaction takes: at least one."""
    group: list[_Waiting] = []
    size = 0
    for one in waiting:
        size += one.size
        group.append(one)
        if size >= GROUP_MOST:
            break
    return group


def lease_name(partition: int) -> str:
    """Return the name of a partition's lease."""
    return f"telemetry-{partition}"


async def _present_epochs(tx: Transaction, partitions: set[int]) -> Mapping[int, int]:
    names = {lease_name(partition): partition for partition in partitions}
    found = await tx.execute(select(leases.c.name, leases.c.epoch).where(leases.c.name.in_(sorted(names))))
    return {names[row.name]: int(row.epoch) for row in found}
