"""Says when a fence holds more vehicles than it may, and when it is free again."""

import asyncio
from collections.abc import Callable
from typing import Final

from sqlalchemy import func, select

from core.clock import Clock
from core.database import Database, insert_new
from core.leases import Lease
from core.repeating import repeat
from fleet.fences.capacity import CROWDED, FREE, NOBODY, Capacities, Crowding
from fleet.fences.near_watch import States
from fleet.telemetry.facts import fence_events
from geofences.index import FenceIndex

EVERY_S: Final = 2.0


class CapacityWatch:
    """Writes ``crowded`` and ``free`` beside the other fence events. Two may run: one lease works.

    It goes on from what was said last, so a restart says nothing twice. A vehicle that is offline still
    stands where it was last.
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
        if not self._capacities.fences:
            return 0
        if await self._lease.held() is None:
            self._crowding = None
            return 0
        if self._crowding is None:
            self._crowding = Crowding(await self._said_last())
        state = await self._states.states()
        counts = self._capacities.count(state["lat_e7"] * 1e-7, state["lng_e7"] * 1e-7).tolist()
        rows = []
        for number, fence in enumerate(self._capacities.fences):
            kind = self._crowding.step(fence.fence_id, counts[number], fence.rules.capacity or 0)
            if kind is not None:
                rows.append(self._row(number, kind))
        if not rows:
            return 0
        async with self._database.write() as tx:
            return sum([await insert_new(tx, fence_events, row) for row in rows])

    async def _said_last(self) -> dict[str, bool]:
        newest = (
            select(func.max(fence_events.c.id))
            .where(fence_events.c.vehicle_no == NOBODY, fence_events.c.kind.in_((CROWDED, FREE)))
            .group_by(fence_events.c.fence_id)
        )
        query = select(fence_events.c.fence_id, fence_events.c.kind).where(fence_events.c.id.in_(newest))
        async with self._database.read() as tx:
            return {row.fence_id: row.kind == CROWDED for row in await tx.execute(query)}

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
