"""Previewing a version: who is inside now, what it would have said last week, which orders it touches."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Principal, reach_of
from core.clock import Clock, ms_of_moment
from core.database import Database, Transaction
from core.ids import FenceId, FenceVersion
from core.outbox import emit
from core.transitions import advance
from fleet.fences.past_crossings import past_crossings
from fleet.fences.week_store import KEY, TOPIC, WeekStore
from fleet.telemetry.records import Records
from fleet.vehicles.store import VehicleFilter, VehicleStore
from geofences import geo, shapes
from geofences.fences import Fence, FenceDraft, versioned
from geofences.impact import FenceImpact
from geofences.preview import NAMED_MOST, FencePreview, PastCrossings, RestOfWeek
from geofences.publishing import TRANSITIONS, FenceStep, preview_fence
from geofences.store import FenceRecord, FenceStore

WEEK: Final = timedelta(days=7)
HISTORY_WALL_S: Final = 10.0
"""How long a preview reads history; a person waits for it."""


class States(Protocol):
    """Where the last state of every vehicle is read; fleet.telemetry.last_heard.BlobReader is one."""

    async def states(self) -> Records:
        """Return STATE[n]. Raises Unavailable."""
        ...


class FencePreviewer:
    """Previews versions for one process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        states: States,
        history: Path,
        impact: FenceImpact,
        *,
        wall_s: float = HISTORY_WALL_S,
    ) -> None:
        """Take the stores, the folder of the history, who knows the orders, and how long a person waits."""
        self._database = database
        self._clock = clock
        self._states = states
        self._history = history
        self._impact = impact
        self._wall_s = wall_s

    async def preview(self, fence_id: FenceId, version: FenceVersion, principal: Principal) -> FenceRecord:
        """Look at a version, keep what was seen with it, and return it.

        What of the last week there was no time for at once is left to a job (``finish_previews``).
        Raises NotFound outside the principal's reach, IllegalTransition when it is published or retired,
        Unavailable when a store does not answer.
        """
        reach = reach_of(principal)
        async with self._database.read() as tx:
            record = await FenceStore(tx).get(fence_id, version, reach=reach)
            advance(TRANSITIONS, record.state, FenceStep.PREVIEW)
            numbers = np.array(await VehicleStore(tx).numbers(reach, _concerned(record.draft)), np.int64)
            touched = await self._impact.touched(tx, record.draft, reach)
        inside = await asyncio.to_thread(_within, await self._states.states(), record.draft, numbers)
        now = self._clock.now()
        past = await asyncio.to_thread(self._past, versioned(record.draft, version, now), numbers)
        seen = FencePreview(
            vehicles_inside=len(inside),
            inside=tuple(inside[:NAMED_MOST]),
            past=past,
            rest=_rest(past),
            orders_touched=len({order.order_id for order in touched}),
            orders=tuple(touched[:NAMED_MOST]),
        )
        async with self._database.write() as tx:
            await self._leave_rest(tx, fence_id, version, numbers, seen.rest)
            return await preview_fence(
                tx, fence_id, version, seen, at=self._clock.now(), by=principal.id, reach=reach
            )

    async def _leave_rest(
        self,
        tx: Transaction,
        fence_id: FenceId,
        version: FenceVersion,
        numbers: NDArray[np.int64],
        rest: RestOfWeek | None,
    ) -> None:
        """Have a job go through the week, or none where there is nothing left of it."""
        if rest is None:
            await WeekStore(tx).drop(fence_id, version)
            return
        from_ms, to_ms = ms_of_moment(rest.from_at), ms_of_moment(rest.to_at)
        wall = self._clock.wall()
        await WeekStore(tx).begin(fence_id, version, numbers, from_ms=from_ms, to_ms=to_ms, due_at=wall)
        await emit(tx, TOPIC, {"fence_id": fence_id}, key=KEY, at=self._clock.now())

    def _past(self, fence: Fence, numbers: NDArray[np.int64]) -> PastCrossings:
        now_ms = self._clock.now_ms()
        until_s = self._clock.monotonic_s() + self._wall_s
        return past_crossings(
            self._history,
            fence,
            numbers,
            from_ms=now_ms - round(WEEK.total_seconds() * 1000),
            to_ms=now_ms,
            left_s=lambda: until_s - self._clock.monotonic_s(),
        )


def _rest(past: PastCrossings) -> RestOfWeek | None:
    if past.is_whole:
        return None
    from_at = past.to_at - WEEK
    return RestOfWeek(from_at=from_at, to_at=past.to_at, reached_at=from_at)


def _concerned(draft: FenceDraft) -> VehicleFilter:
    """Ask for the vehicles that a fence concerns: of its services and operator."""
    operators = frozenset() if draft.operator is None else frozenset({draft.operator})
    return VehicleFilter(services=draft.services, operators=operators)


def _within(state: Records, draft: FenceDraft, numbers: NDArray[np.int64]) -> list[int]:
    """Return the numbers, ascending, of those vehicles that are inside."""
    state = state[np.isin(state["vehicle_no"], numbers)]
    held = geo.covers(shapes.to_geos(draft.area), state["lat_e7"] * 1e-7, state["lng_e7"] * 1e-7)
    return sorted(int(number) for number in state["vehicle_no"][held])
