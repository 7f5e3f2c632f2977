"""The tracker process: owns partitions of the stream, ticks, and hands on what follows."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
import structlog

from core import metrics
from core.allocator import give_back
from core.clock import Clock
from core.database import Database
from core.errors import SteppeError, Unavailable
from core.ids import new_id
from core.redis import REDIS_DOWN, Redis, StreamsRedis
from fleet.telemetry.blobs import START, Blobs, BlobTurns, Header, PartitionBlob
from fleet.telemetry.facts import AlarmSink, FactWriter
from fleet.telemetry.found_facts import facts_of
from fleet.telemetry.guard import GuardLimits
from fleet.telemetry.hole_book import HoleBook
from fleet.telemetry.memory import PackedMemory
from fleet.telemetry.ownership import Ownership
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.reading import Read, StreamReader
from fleet.telemetry.rejects import Reject
from fleet.telemetry.roster import Roster, RosterSource
from fleet.telemetry.slow_ticks import SlowTicks, TickPhase
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.tick import TelemetryStep, Tick
from geofences.index import FenceIndex

STORM_FACTS: Final = 10_000
ROSTER_EVERY_S: Final = 1.0
HOUSE_EVERY_S: Final = 0.1
HOLES_EVERY_S: Final = 30.0
MEMORY_EVERY_S: Final = 10.0
COUNT_EVERY_S: Final = 1.0
IDLE_MS: Final = 200
"""Longest wait for something to arrive: silence, leases and blobs want their turn also when nothing does."""
AGAIN_S: Final = 0.2

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)
_PUBLISH: Final = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end"
"""One call for all rooms of a tick: 20 PUBLISHes cost the client 20 µs each."""

_log = structlog.get_logger("fleet.telemetry.tracker")


class FenceSource(Protocol):
    """Where the index in force is read between two ticks; geofences.watch.FenceWatch is one."""

    @property
    def index(self) -> FenceIndex:
        """Return the index in force."""
        ...

    async def load(self) -> FenceIndex:
        """Bring it up to date and return it. Raises Unavailable."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Keep it up to date."""
        ...


class TrackerSettingsOf(msgspec.Struct, frozen=True, kw_only=True):
    """What a tracker may be told; wall times unless said."""

    partitions: int = 32
    tick_ms: int = 80
    """Least time between two ticks: a tick begins when something arrives. Below a gateway's batch_wall_ms,
    so that the ticks fall in step with its batches and no batch waits for a tick."""
    lease_s: float = 6.0
    guard: GuardLimits = GuardLimits()
    alarms: AlarmLimits = AlarmLimits()


class Tracker:
    """Reads its partitions, thinks in a Pipeline, publishes rooms, keeps blobs, writes facts.

    ``run`` may be called again after it ended: it begins with nothing and recovers.
    """

    def __init__(
        self,
        database: Database,
        streams: StreamsRedis,
        plain: Redis,
        clock: Clock,
        *,
        roster: RosterSource,
        fences: FenceSource,
        alarms: AlarmSink,
        settings: TrackerSettingsOf | None = None,
        more_steps: Sequence[TelemetryStep] = (),
        name: str | None = None,
    ) -> None:
        """Take the stores and sources. ``name`` must be this process's own; None makes one up."""
        self._database = database
        self._streams = streams
        self._publish_all = plain.register_script(_PUBLISH)
        self._clock = clock
        self._roster_source = roster
        self._fences = fences
        self._alarms = alarms
        self._holes = HoleBook(database, clock)
        self._settings = settings or TrackerSettingsOf()
        self._more_steps = more_steps
        self._name = name or new_id()
        self.lag_s = 0.0
        self._begin()

    def _begin(self) -> None:
        settings = self._settings
        self.pipeline = Pipeline(
            Roster(),
            rate=self._clock.rate,
            limits=settings.guard,
            alarm_limits=settings.alarms,
            more_steps=self._more_steps,
        )
        self.ownership = Ownership(
            self._database,
            self._clock,
            self._name,
            partitions=settings.partitions,
            ttl_s=settings.lease_s,
        )
        self.facts = FactWriter(self._database, self._alarms, self._clock)
        self._blobs = Blobs(self._streams)
        self._slow = SlowTicks(self._clock, settings.tick_ms / 1000)
        self._reader = StreamReader(self._streams)
        self._gained: dict[int, int] = {}
        self._lost: set[int] = set()
        self._due: dict[str, float] = {}
        self._blob_turns = BlobTurns()
        self._counted = dict.fromkeys(Reject, 0)
        self._is_deaf = True
        self._is_half_deaf = False
        """A node of the cluster is away: the silence of its vehicles is not theirs."""

    def __repr__(self) -> str:
        return f"Tracker({len(self.ownership.owned)} partitions, {self.pipeline!r})"

    async def ready(self) -> None:
        """Return when it hears and keeps up; raise Unavailable otherwise."""
        if self._is_deaf or self.lag_s > 5.0:
            raise Unavailable("unavailable", f"The tracker is {self.lag_s:.0f} s behind or cannot read")

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop; then write the last blobs and give the partitions back."""
        self._begin()
        await self._load_fences(stop)
        inner = asyncio.Event()
        helpers = {
            asyncio.create_task(self._fences.run(inner), name="fences"),
            asyncio.create_task(self.facts.run(inner), name="facts"),
            asyncio.create_task(self._keep_house(stop), name="house"),
        }
        try:
            with self._slow:
                while not stop.is_set():
                    _must_run(helpers)
                    await self._turn(stop)
            await asyncio.wait({task for task in helpers if task.get_name() == "house"})
            await self._end()
        finally:
            inner.set()
            await self._reader.aclose()
            _, late = await asyncio.wait(helpers, timeout=5.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _load_fences(self, stop: asyncio.Event) -> None:
        """Wait for the index: membership of an empty one would be said anew for everybody."""
        while not stop.is_set():
            try:
                self.pipeline.swap(await self._fences.load())
                await self.pipeline.roster.refresh(self._roster_source)
            except SteppeError as error:
                _log.warning("fences_unread", code=error.code)
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _turn(self, stop: asyncio.Event) -> None:
        began_s = self._clock.monotonic_s()
        read = Read()
        try:
            await self._move_partitions()
            if not self.facts.is_full:
                read = await self._reader.read(max(IDLE_MS, self._settings.tick_ms))
                if read.entries:
                    began_s = self._clock.monotonic_s()
                await self._tick(read)
        except _AWAY as error:
            if not self._is_deaf:
                _log.warning("stream_unreadable", error=type(error).__name__)
            self._is_deaf = True
            await asyncio.sleep(AGAIN_S)
        took_s = self._clock.monotonic_s() - began_s
        if read.entries:
            metrics.TRACKER_TICK_SECONDS.observe(took_s)
            self._slow.end(took_s, has_more=read.has_more)
        rest_s = self._settings.tick_ms / 1000 - took_s
        if read.has_more or rest_s <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(rest_s):
                await stop.wait()
        except TimeoutError:
            return

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s < self._due.get(what, float("-inf")):
            return False
        self._due[what] = now_s + every_s
        return True

    # --- partitions ----------------------------------------------------------------------------

    async def _keep_house(self, stop: asyncio.Event) -> None:
        """Renew leases and follow the roster beside the ticks: a slow commit must not delay a position."""
        while not stop.is_set():
            if self._is_due("roster", ROSTER_EVERY_S):
                try:
                    await self.pipeline.roster.refresh(self._roster_source)
                except SteppeError as error:
                    _log.warning("roster_unread", code=error.code)
            if self._is_due("holes", HOLES_EVERY_S):
                await self._read_holes()
            if self._is_due("memory", MEMORY_EVERY_S):
                give_back()
            if self.ownership.is_due():
                await self._look_at_leases()
            await asyncio.sleep(HOUSE_EVERY_S)

    async def _read_holes(self) -> None:
        try:
            self.pipeline.alarms.silence.holes = await self._holes.holes()
        except SteppeError as error:
            _log.warning("radio_holes_unread", code=error.code)

    async def _look_at_leases(self) -> None:
        try:
            gained, lost = await self.ownership.look()
        except SteppeError as error:
            if not self.ownership.may_have_lapsed():
                return
            _log.warning("leases_lapsed", code=error.code, partitions=len(self.ownership.owned))
            gained, lost = {}, set(self.ownership.owned)
            self.ownership.owned = {}
        self._lost |= lost
        self._gained = {p: epoch for p, epoch in self._gained.items() if p not in lost} | gained

    async def _move_partitions(self) -> None:
        """Between two ticks: let go of what was lost, take over what was gained."""
        if not self._lost and not self._gained:
            return
        lost, self._lost = self._lost, set()
        for partition in lost:
            self._lose(partition)
        gained = dict(self._gained)
        for partition, epoch in gained.items():
            await self._recover(partition, epoch)
            self._gained.pop(partition, None)
        _log.info("partitions", owned=len(self.ownership.owned), gained=len(gained), lost=len(lost))
        metrics.TRACKER_PARTITIONS.set(len(self.ownership.owned))

    def _lose(self, partition: int) -> None:
        self._reader.up_to.pop(partition, None)
        self.facts.drop(partition)
        self.pipeline.forget(np.arange(partition, self.pipeline.roster.size, self._settings.partitions))

    async def _recover(self, partition: int, epoch: int) -> None:
        """Take a partition over: its blob, facts that were not written, and the stream after it."""
        left = await self._blobs.recover(partition)
        self.pipeline.swap(self._fences.index)
        self.pipeline.recall(left.state, left.memory.membership, left.memory.unsettled)
        for facts in left.memory.facts:
            self.facts.put(msgspec.structs.replace(facts, epoch=epoch))
        self._reader.up_to[partition] = left.header.position if left.header else START
        self._hears_again()

    def _hears_again(self) -> None:
        self.pipeline.liveness.listening_since_ms = self._clock.now_ms()

    # --- tick ----------------------------------------------------------------------------------

    async def _tick(self, read: Read) -> None:
        """Think about what was read, and hand on what follows."""
        now_ms = self._clock.now_ms()
        self.lag_s = self._clock.wall_s((now_ms - read.newest_ms) / 1000) if read.has_more else 0.0
        if read.is_whole and (self._is_deaf or self._is_half_deaf):
            self._hears_again()
        self._is_deaf, self._is_half_deaf = False, not read.is_whole
        self._slow.begin()
        self.pipeline.swap(self._fences.index)
        tick = self.pipeline.process(
            read.entries,
            at=self._clock.now(),
            is_silence_due=self._is_due("silence", 1.0) and not read.has_more and read.is_whole,
        )
        self._slow.done(TickPhase.JUDGE)
        metrics.FENCE_SET_VERSION.set(self.pipeline.index.set_version)
        self._hand_facts_on(tick)
        self._slow.judged(positions=len(tick.positions), facts=len(tick.events) + len(tick.signals))
        self._slow.done(TickPhase.FACTS)
        await self._publish(tick)
        self._slow.done(TickPhase.PUBLISH, is_writing=self.facts.is_writing)
        due = self._blob_turns.due(
            self._reader.up_to,
            self._clock.monotonic_s(),
            vehicles=self.pipeline.roster.size,
            is_storm=len(self.facts) > STORM_FACTS,
        )
        if due:
            await self._write_blobs(due)
            self._slow.done(TickPhase.BLOBS, is_writing=self.facts.is_writing)
        if self._is_due("count", COUNT_EVERY_S):
            self._count()

    def _hand_facts_on(self, tick: Tick) -> None:
        for facts in facts_of(tick, self._settings.partitions, self.ownership.owned):
            self.facts.put(facts)

    async def _publish(self, tick: Tick) -> None:
        if tick.rooms:
            await self._publish_all(args=[part for room in tick.rooms for part in room])

    # --- blobs ---------------------------------------------------------------------------------

    async def _write_blobs(self, partitions: Sequence[int]) -> None:
        superseded = await self._blobs.write(self._partition_blobs(partitions))
        for partition in superseded:
            _log.warning("partition_superseded", partition=partition)
            self.ownership.owned.pop(partition, None)
            self._lose(partition)

    def _partition_blobs(self, partitions: Sequence[int]) -> list[PartitionBlob]:
        at_ms = self._clock.now_ms()
        waiting = self.facts.waiting()
        states = [
            self.pipeline.live.state[partition :: self._settings.partitions] for partition in partitions
        ]
        heard = [state["vehicle_no"][state["vehicle_no"] != 0] for state in states]
        memberships = self.pipeline.fences.export_each(heard)
        return [
            PartitionBlob(
                partition=partition,
                header=Header(
                    epoch=self.ownership.owned.get(partition, 0),
                    position=self._reader.up_to[partition],
                    tick=self.pipeline.ticks,
                    at_ms=at_ms,
                ),
                state=state,
                memory=PackedMemory(
                    membership=membership,
                    facts=waiting.get(partition, ()),
                    unsettled=self.pipeline.unsettled(partition, self._settings.partitions),
                ),
            )
            for partition, state, membership in zip(partitions, states, memberships, strict=True)
        ]

    async def _end(self) -> None:
        try:
            await self._write_blobs(list(self._reader.up_to))
            await self.ownership.give_back()
        except (*_AWAY, SteppeError) as error:  # type: ignore[misc]
            _log.warning("tracker_left_without_blobs", error=type(error).__name__)

    def _count(self) -> None:
        metrics.TRACKER_LAG_SECONDS.set(self.lag_s)
        metrics.FACTS_WAITING.set(len(self.facts))
        metrics.TRACKER_POSITIONS.inc(self.pipeline.believed)
        self.pipeline.believed = 0
        for reason in Reject:
            total = self.pipeline.counts.total(reason)
            if total > self._counted[reason]:
                metrics.POSITIONS_REFUSED.labels(reason=reason.name.lower()).inc(
                    total - self._counted[reason]
                )
                self._counted[reason] = total


def _must_run(helpers: set[asyncio.Task[None]]) -> None:
    """Raise what ended a helper: the tracker does not go on without it."""
    for task in helpers:
        if task.done():
            task.result()
            raise RuntimeError(f"{task.get_name()} ended before the stop")
