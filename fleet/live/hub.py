"""The live hub of an api process: rooms and changes in, snapshot-then-delta out to every screen."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from core import keys, metrics
from core.auth.principal import Reach
from core.clock import Clock
from core.errors import NotFound, SteppeError
from core.ids import VehicleNo
from core.redis import REDIS_DOWN, Redis, StreamsRedis
from fleet.alarms.kinds import SEVERITY_RANK, Severity
from fleet.live.client import QUIET_S, LiveClient
from fleet.live.counted import CountedCells, count_cells
from fleet.live.facts import FactTeller
from fleet.live.fanout import Fanout
from fleet.live.feeds import FactFeed
from fleet.live.mirror import Box, Mirror
from fleet.live.outlet import Outlet
from fleet.live.reach import Choices, ReachMask, choices_of, mask_of, must_know
from fleet.live.subscription import ALL, VEHICLES, Chosen, Subscription
from fleet.live.tally import FleetTally, tally
from fleet.telemetry.blobs import round_s
from fleet.telemetry.last_heard import BlobReader
from fleet.telemetry.records import LiveKind, live_message, read_live_message
from fleet.telemetry.roster import Roster, RosterSource
from fleet.telemetry.shown import shown_records

GATHER_S: Final = 0.015
"""Messages of one tracker tick arrive within this; they leave together."""
LEAST_BETWEEN_S: Final = 0.05
"""Deltas to a screen are no denser than this, however many trackers tick."""
REST_SHARE: Final = 3.0
"""After telling the screens the hub rests so many times as long as that took: fewer deltas say as much."""
LONGEST_REST_S: Final = 0.25
RECONCILE_S: Final = 5.0
"""How often blobs are compared with the mirror: what pub/sub lost is made good."""
AFTER_SUBSCRIBE_S: Final = 0.2
"""Beside the age of a blob: one written after the subscription misses nothing that the deltas do not tell."""
ROSTER_EVERY_S: Final = 1.0
ALARMS_EVERY_S: Final = 2.0
"""How often cells are told of the alarms that only facts know."""
RECHECK_EVERY_S: Final = 30.0
AGAIN_S: Final = 0.5

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError, SteppeError)
type StandingAlarms = Callable[[], Awaitable[Mapping[VehicleNo, Severity]]]
"""Return the worst standing alarm of each vehicle that has one. Raises Unavailable."""

_log = structlog.get_logger("fleet.live.hub")


class LiveHub:
    """Every screen of this process. Listens to the rooms only while somebody looks at vehicles."""

    def __init__(
        self,
        streams: StreamsRedis,
        plain: Redis,
        clock: Clock,
        *,
        roster: RosterSource,
        partitions: int,
        feeds: Mapping[str, FactFeed] | None = None,
        districts: Collection[str] = (),
        standing: StandingAlarms | None = None,
    ) -> None:
        """Take the stores, who belongs to whom, topics of facts, the city's districts, standing alarms."""
        self._plain = plain
        self._clock = clock
        self._roster_source = roster
        self._reader = BlobReader(streams, clock, partitions=partitions)
        self._districts = frozenset(districts)
        self._standing = standing
        self.roster = Roster()
        self.mirror = Mirror()
        self.clients: set[LiveClient] = set()
        self.fanout = Fanout(self.mirror)
        self._facts = FactTeller(plain, feeds or {}, self.clients)
        self._masks: dict[tuple[Reach, Chosen], ReachMask] = {}
        self._watched = asyncio.Event()
        """Set while a client looks at vehicles."""
        self._marked = asyncio.Event()
        self._is_mirror_current = asyncio.Event()

    def __repr__(self) -> str:
        return f"LiveHub({len(self.clients)} screens, {len(self.mirror)} vehicles)"

    @property
    def topics(self) -> frozenset[str]:
        """Return what a client may subscribe to."""
        return self._facts.topics | {VEHICLES}

    def wall(self) -> datetime:
        """Return wall time, for the age of connections."""
        return self._clock.wall()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; then every screen is closed with 1012's meaning: connect again."""
        parts: Sequence[Callable[[], Awaitable[None]]] = (
            self._refresh_roster,
            self._rooms,
            self._flush,
            self._reconcile,
            self._follow_alarms,
            *self._facts.parts,
        )
        tasks = [asyncio.create_task(self._lasting(part, stop)) for part in parts]
        try:
            await stop.wait()
        finally:
            for client in list(self.clients):
                client.close("shutting-down")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _lasting(self, part: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        is_away = False
        while not stop.is_set():
            try:
                await part()
                is_away = False
            except _AWAY as error:
                if not is_away:
                    is_away = True
                    _log.warning("live_interrupted", part=part.__name__, error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    async def join(self, outlet: Outlet, reach: Reach) -> LiveClient:
        """Return a new client; ``follow`` what it asks for, run its ``run`` and ``leave`` at the end."""
        await self._once_known()
        client = LiveClient(outlet, reach, self._mask(reach, ALL), self._clock.monotonic_s)
        self.clients.add(client)
        metrics.LIVE_CLIENTS.set(len(self.clients))
        return client

    async def _once_known(self) -> None:
        if not self.roster.revision:
            await self.roster.refresh(self._roster_source)

    def leave(self, client: LiveClient) -> None:
        """Forget a client that is gone."""
        self.clients.discard(client)
        metrics.LIVE_CLIENTS.set(len(self.clients))
        metrics.LIVE_COALESCED.inc(client.coalesced)
        if client.close_reason:
            metrics.LIVE_CLOSED.labels(code=client.close_reason).inc()
        self._look()

    def _mask(self, reach: Reach, chosen: Chosen) -> ReachMask:
        used = {other.mask for other in self.clients}
        self._masks = {key: mask for key, mask in self._masks.items() if mask in used}
        return self._masks.setdefault((reach, chosen), ReachMask(self.roster, reach, chosen))

    def _look(self) -> None:
        if any(client.wants_vehicles for client in self.clients):
            self._watched.set()
        else:
            self._watched.clear()

    async def follow(self, client: LiveClient, subscription: Subscription) -> None:
        """Give a client its snapshots and let the deltas follow; vehicles wait for no facts.

        Raises Invalid for a choice that means nothing, which leaves everything as it was, and Unavailable
        without a store.
        """
        if subscription.chosen != ALL:
            must_know(subscription.chosen, self.roster, client.reach, self._districts)
        if subscription.wants_vehicles and not self._is_mirror_current.is_set():
            await self._read_blobs()
        client.mask = self._mask(client.reach, subscription.chosen)
        client.subscribe(msgspec.structs.replace(subscription, topics=subscription.topics & {VEHICLES}))
        self.fanout.place(client)
        self._look()
        await self._facts.open(client, subscription.topics)

    def city_ms(self) -> int:
        """Return city time in milliseconds."""
        return self._clock.now_ms()

    async def must_reach(self, vehicle_no: int, reach: Reach) -> None:
        """Raise NotFound unless the vehicle exists or existed and lies within the reach (all look the same).

        What is asked for is its past, which stays readable when it is out of the fleet.
        """
        await self._once_known()
        mask = mask_of(self.roster, reach, with_past=True)
        if not vehicle_no < len(mask) or not mask[vehicle_no]:
            raise NotFound("not-found", f"there is no vehicle {vehicle_no}", vehicle_no=vehicle_no)

    async def vehicles_within(self, reach: Reach) -> NDArray[np.intp] | None:
        """Return the vehicles of a reach, also those out of the fleet, ascending; None leaves none out."""
        if all(axis is None for axis in (reach.districts, reach.operators, reach.makers, reach.vehicles)):
            return None
        await self._once_known()
        return np.flatnonzero(mask_of(self.roster, reach, with_past=True))

    async def snapshot(self, reach: Reach, box: Box | None) -> bytes:
        """Return a live snapshot message of the vehicles within reach and box. Raises Unavailable."""
        await self._once_known()
        records = shown_records(await self._reader.states())
        records = records[ReachMask(self.roster, reach).over(records["vehicle_no"].astype(np.intp))]
        if box is not None:
            records = records[box.holds(records)]
        return live_message(LiveKind.SNAPSHOT, 0, self._clock.now_ms(), records)

    async def cells(self, reach: Reach, chosen: Chosen, box: Box | None, zoom: float) -> CountedCells:
        """Return the chosen vehicles within reach and box by cell. Raises Invalid, Unavailable.

        The vehicles of the box are counted and nobody beside it.
        """
        await self._once_known()
        if chosen != ALL:
            must_know(chosen, self.roster, reach, self._districts, naming="{}")
        standing = {} if self._standing is None else await self._standing()
        records = shown_records(await self._reader.states())
        records = records[ReachMask(self.roster, reach, chosen).over(records["vehicle_no"].astype(np.intp))]
        if box is not None:
            records = records[box.holds(records)]
        ranks = {int(number): SEVERITY_RANK[severity] for number, severity in standing.items()}
        return await asyncio.to_thread(count_cells, records, ranks, zoom, self._clock.now_ms())

    async def tally(self, reach: Reach) -> FleetTally:
        """Return how the vehicles within reach stand. Raises Unavailable."""
        await self.roster.refresh(self._roster_source)
        return tally(self.roster, reach, await self._reader.states())

    async def choices(self, reach: Reach) -> Choices:
        """Return the services, districts and operators of the vehicles within reach, with how many."""
        await self._once_known()
        return choices_of(self.roster, reach)

    async def _refresh_roster(self) -> None:
        await self.roster.refresh(self._roster_source)
        await asyncio.sleep(ROSTER_EVERY_S)

    async def _read_blobs(self) -> None:
        state = await self._reader.states()
        if self.mirror.reconcile(shown_records(state), self._clock.now_ms()):
            self._marked.set()

    async def _rooms(self) -> None:
        """Listen while somebody looks; a lost connection is followed by a look at the blobs."""
        await self._watched.wait()
        async with self._plain.pubsub(
            ignore_subscribe_messages=True, push_handler_func=_as_it_came
        ) as listener:
            await listener.psubscribe(keys.room("*"))
            self._is_mirror_current.clear()
            settle = asyncio.create_task(self._settle_mirror())
            try:
                while self._watched.is_set():
                    # No time-out, which costs as much as a message: that nobody looks is noticed at the next.
                    message = await listener.get_message(timeout=None)
                    if message is not None:
                        _, _, city_ms, records = read_live_message(message["data"])
                        self.mirror.take(records, city_ms)
                        self._marked.set()
            finally:
                settle.cancel()
                self._is_mirror_current.clear()

    async def _settle_mirror(self) -> None:
        await asyncio.sleep(round_s(self.roster.size) + AFTER_SUBSCRIBE_S)
        await self._read_blobs()
        self._is_mirror_current.set()

    async def _reconcile(self) -> None:
        await asyncio.sleep(RECONCILE_S)
        if self._watched.is_set():
            await self._read_blobs()
            self._marked.set()

    async def _follow_alarms(self) -> None:
        """While cells are counted, let them know of the alarms that are facts."""
        await asyncio.sleep(ALARMS_EVERY_S)
        if self._standing is not None and self.fanout.counts_cells:
            worst = await self._standing()
            self.fanout.book.stand({number: SEVERITY_RANK[severity] for number, severity in worst.items()})
            self._marked.set()

    async def _flush(self) -> None:
        """Tell the screens what changed, now and then that nothing did: they know that they still hear."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                await self._marked.wait()
        await asyncio.sleep(GATHER_S)
        self._marked.clear()
        began_s = self._clock.monotonic_s()
        numbers = self.mirror.turn()
        self.fanout.flush(self.clients, numbers, began_s)
        self.mirror.settle(numbers)
        await asyncio.sleep(0)  # what was written leaves now, and belongs to what this took
        took_s = self._clock.monotonic_s() - began_s
        await asyncio.sleep(max(LEAST_BETWEEN_S - GATHER_S, min(LONGEST_REST_S, REST_SHARE * took_s)))


async def _as_it_came(push: Any) -> Any:
    """Take a message of pub/sub; the library's own handler spells all its bytes out for a log."""
    return push
