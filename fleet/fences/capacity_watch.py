"""Says when a fence holds more vehicles than it may, and when it is free again: an event and an alarm."""

import asyncio
from collections.abc import Callable
from typing import Final

from core.clock import Clock
from core.database import Database, Transaction, insert_new
from core.leases import Lease
from core.repeating import repeat
from fleet.alarms.fence_alarms import clear_fence_alarms, raise_fence_alarm
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.fences.capacity import CROWDED, NOBODY, Capacities, Crowding
from fleet.fences.near_watch import States
from fleet.telemetry.facts import fence_events
from geofences.index import FenceIndex

EVERY_S: Final = 2.0


class CapacityWatch:
    """Writes ``crowded`` and ``free`` beside the other fence events. Two may run: one lease works.

    With ``crowded`` the fence's alarm is raised, with ``free`` it is cleared, in one transaction; a fence
    that has no capacity any more, or is retired, has no alarm either. It goes on from what was said last, so
    a restart says nothing twice. A vehicle that is offline still stands where it was last.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        states: States,
        index: Callable[[], FenceIndex],
        *,
        holder: str,
    ) -> None:
        """Take the stores, the index in force and who this is."""
        self._database = database
        self._clock = clock
        self._states = states
        self._index = index
        self._lease = Lease(database, "capacity-watch", holder, clock)
        self._known: FenceIndex | None = None
        self._capacities = Capacities(FenceIndex.build(()))
        self._crowding: Crowding | None = None
        self._settled: FenceIndex | None = None
        """The index by which alarms of fences without a capacity were cleared."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`; an outage of a store is waited out."""
        await repeat("capacity-watch", self.look, EVERY_S, stop)
        await self._lease.give_back()

    async def look(self) -> int:
        """Look once and return how many events were written. Raises Unavailable, and what Redis raises."""
        index = self._index()
        if index is not self._known:
            self._capacities = await asyncio.to_thread(Capacities, index)
            self._known = index
        if not self._capacities.fences and self._settled is index:
            return 0
        if await self._lease.held() is None:
            self._crowding = None
            return 0
        if self._crowding is None:
            self._crowding = Crowding(await self._said_last())
        if self._settled is not index:
            await self._clear_of_others(self._crowding)
            self._settled = index
        return await self._count(self._crowding)

    async def _count(self, crowding: Crowding) -> int:
        fences = self._capacities.fences
        state = await self._states.states()
        counts = self._capacities.count(state["lat_e7"] * 1e-7, state["lng_e7"] * 1e-7).tolist()
        said: list[tuple[int, str]] = []
        for number, fence in enumerate(fences):
            kind = crowding.step(fence.fence_id, counts[number], fence.rules.capacity or 0)
            if kind is not None:
                said.append((number, kind))
        if not said:
            return 0
        async with self._database.write() as tx:
            return sum([await self._say(tx, number, kind, counts[number]) for number, kind in said])

    async def _say(self, tx: Transaction, number: int, kind: str, vehicles: int) -> bool:
        fence, now = self._capacities.fences[number], self._clock.now()
        if kind == CROWDED:
            await raise_fence_alarm(
                tx,
                AlarmKind.FENCE_CROWDED,
                fence,
                set_version=self._capacities.set_version,
                said={"vehicles": vehicles, "capacity": fence.rules.capacity},
                place=self._capacities.middle(number),
                at=now,
            )
        else:
            await clear_fence_alarms(tx, AlarmKind.FENCE_CROWDED, [fence.fence_id], at=now)
        return await insert_new(tx, fence_events, self._row(number, kind))

    async def _clear_of_others(self, crowding: Crowding) -> None:
        """Clear the alarms of fences that the index in force gives no capacity."""
        limited = {fence.fence_id for fence in self._capacities.fences}
        async with self._database.write() as tx:
            standing = await AlarmStore(tx).standing_of_kinds([AlarmKind.FENCE_CROWDED])
            gone = {str(alarm.details["fence_id"]) for alarm in standing} - limited
            await clear_fence_alarms(tx, AlarmKind.FENCE_CROWDED, gone, at=self._clock.now())
        crowding.forget(gone)

    async def _said_last(self) -> dict[str, bool]:
        """Return the fences whose alarm stands."""
        async with self._database.read() as tx:
            standing = await AlarmStore(tx).standing_of_kinds([AlarmKind.FENCE_CROWDED])
        return {str(alarm.details["fence_id"]): True for alarm in standing}

    def _row(self, number: int, kind: str) -> dict[str, object]:
        fence, now = self._capacities.fences[number], self._clock.now()
        lat, lng = self._capacities.middle(number)
        return {
            "vehicle_no": NOBODY,
            "fence_id": fence.fence_id,
            "fence_version": fence.version,
            "set_version": self._capacities.set_version,
            "kind": kind,
            "seq": self._clock.now_ms(),
            "measured_at": now,
            "since_at": now,
            "received_at": now,
            "lat": lat,
            "lng": lng,
            "accuracy_m": None,
            "is_border_uncertain": False,
            "epoch": self._lease.epoch or 0,
        }
