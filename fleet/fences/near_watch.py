"""Roaming fences: vehicles near each other and near places, looked at once a second as one array."""

import asyncio
from collections.abc import Callable
from itertools import batched
from typing import Final, Protocol

import numpy as np
import shapely

from core.clock import Clock, moment_of_ms
from core.database import Database
from core.database.statements import insert_new_rows
from core.leases import Lease
from core.repeating import repeat
from fleet.telemetry.facts import fence_events
from fleet.telemetry.records import Records
from fleet.telemetry.steps.liveness import ONLINE
from geofences.index import FenceIndex
from geofences.nearness import LEAVE_RATIO, Nearness, near_join, near_pairs

EVERY_S: Final = 1.0
MOVING_CM_S: Final = 30
"""Two that stand beside each other, as in a depot, have not come near each other."""
GROUP_MOST: Final = 1_000
"""Rows of one statement: at 100,000 vehicles a look finds as many."""
_SHIFT: Final = 2**32
_UNKNOWN_ACCURACY: Final = 255


class States(Protocol):
    """Where the last state of every vehicle is read; fleet.telemetry.last_heard.BlobReader is one."""

    async def states(self) -> Records:
        """Return STATE[n]. Raises Unavailable."""
        ...


class NearWatch:
    """Writes ``near`` and ``far`` beside the other fence events. Two may run: one lease works.

    Who was near at the first look of a process is not said to have come: nobody saw it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        states: States,
        index: Callable[[], FenceIndex],
        *,
        vehicles_m: float,
        holder: str,
    ) -> None:
        """Take the stores, the index in force, the radius around vehicles (0: none) and who this is."""
        self._database = database
        self._clock = clock
        self._states = states
        self._index = index
        self._vehicles_m = vehicles_m
        self._lease = Lease(database, "near-watch", holder, clock)
        self._forget()

    def _forget(self) -> None:
        self._vehicles, self._places = Nearness(), Nearness()
        self._serials: dict[str, int] = {}
        self._epoch: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look once a second until `stop`; an outage of a store is waited out."""
        await repeat("near-watch", self.look, EVERY_S, stop)
        await self._lease.give_back()

    async def look(self) -> int:
        """Look once and return how many events were written. Raises Unavailable, and what Redis raises."""
        index = self._index()
        places = [n for n, fence in enumerate(index.fences) if fence.timing.near_m is not None]
        if not self._vehicles_m and not places:
            return 0
        epoch = await self._lease.held()
        if epoch is None or epoch != self._epoch:
            self._forget()
        if epoch is None:
            return 0
        is_first, self._epoch = self._epoch is None, epoch
        state = await self._states.states()
        state = state[state["connection"] == ONLINE]
        state = state[np.argsort(state["vehicle_no"])]
        rows = [*self._among_vehicles(state), *self._at_places(state, index, places)]
        if is_first or not rows:
            return 0
        async with self._database.write() as tx:
            return sum(
                [
                    await insert_new_rows(tx, fence_events, [{**row, "epoch": epoch} for row in group])
                    for group in batched(rows, GROUP_MOST)
                ]
            )

    def _among_vehicles(self, state: Records) -> list[dict[str, object]]:
        if not self._vehicles_m:
            return []
        lat, lng = state["lat_e7"] * 1e-7, state["lng_e7"] * 1e-7
        i, j, metres = near_pairs(lat, lng, self._vehicles_m * LEAVE_RATIO)
        one, other = np.minimum(i, j), np.maximum(i, j)
        numbers = state["vehicle_no"].astype(np.int64)
        codes = numbers[one] * _SHIFT + numbers[other]
        moves = state["speed_cm_s"] >= MOVING_CM_S
        came, went = self._vehicles.step(
            codes[(metres <= self._vehicles_m) & (moves[one] | moves[other])], codes
        )
        return [
            row
            for kind, pairs in (("near", came), ("far", went))
            for pair in pairs.tolist()
            for row in self._row(state, pair // _SHIFT, f"vehicle-{pair % _SHIFT}", 1, kind)
        ]

    def _at_places(self, state: Records, index: FenceIndex, places: list[int]) -> list[dict[str, object]]:
        if not places:
            return []
        fences = [index.fences[number] for number in places]
        middles = [shapely.centroid(index.shape(number)) for number in places]
        radius = np.array([fence.timing.near_m or 0.0 for fence in fences])
        serial = np.array(
            [self._serials.setdefault(f.fence_id, len(self._serials)) for f in fences], np.int64
        )
        row, place, metres = near_join(
            (state["lat_e7"] * 1e-7, state["lng_e7"] * 1e-7),
            (np.array([middle.y for middle in middles]), np.array([middle.x for middle in middles])),
            float(radius.max()) * LEAVE_RATIO,
        )
        codes = state["vehicle_no"][row].astype(np.int64) * _SHIFT + serial[place]
        still = metres <= radius[place] * LEAVE_RATIO
        came, went = self._places.step(codes[metres <= radius[place]], codes[still])
        names = dict(zip(serial.tolist(), fences, strict=True))
        return [
            event
            for kind, pairs in (("near", came), ("far", went))
            for pair in pairs.tolist()
            if (fence := names.get(pair % _SHIFT)) is not None
            for event in self._row(state, pair // _SHIFT, fence.fence_id, fence.version, kind)
        ]

    def _row(
        self, state: Records, number: int, fence_id: str, version: int, kind: str
    ) -> list[dict[str, object]]:
        """Return the event as a row, none of a vehicle that is not heard any more: it went nowhere."""
        at = int(np.searchsorted(state["vehicle_no"], number))
        if at == len(state) or int(state["vehicle_no"][at]) != number:
            return []
        record = state[at]
        accuracy = int(record["accuracy_dm"])
        measured_at = moment_of_ms(int(record["measured_ms"]))
        row: dict[str, object] = {
            "vehicle_no": number,
            "fence_id": fence_id,
            "fence_version": version,
            "set_version": self._index().set_version,
            "kind": kind,
            "seq": int(record["seq"]),
            "measured_at": measured_at,
            "since_at": measured_at,
            "received_at": moment_of_ms(int(record["received_ms"])),
            "lat": round(float(record["lat_e7"]) * 1e-7, 7),
            "lng": round(float(record["lng_e7"]) * 1e-7, 7),
            "accuracy_m": None if accuracy == _UNKNOWN_ACCURACY else accuracy / 10,
            "is_border_uncertain": False,
        }
        return [row]
