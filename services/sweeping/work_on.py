"""What workers do for sweeping: previews, plans of zones and repairs, measuring what a run really swept.

A job takes one piece. One that is killed held it for two minutes; then another takes it.
"""

import asyncio
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from core.auth.principal import EVERYTHING
from core.clock import Clock, ms_of_moment
from core.database import Database, Transaction
from core.errors import Conflict, Invalid
from core.outbox import OutboxMessage
from core.queue import JobQueue
from core.repeating import repeat
from services.orders.zone import want_dispatch
from services.sweeping.ledger import Ledger, ledger
from services.sweeping.preview_store import PreviewStore
from services.sweeping.run import SweepingRun, advance, measured
from services.sweeping.run_states import Rest, RunEvent, RunKind
from services.sweeping.run_store import RunStore
from services.sweeping.start_run import add_repair
from services.sweeping.work_on_previews import PreviewWorker
from services.sweeping.zone import PlanState, StoredPlan, SweepingZone, plan_id_of
from services.sweeping.zone_store import ZoneStore

QUEUE, JOB = "jobs", "services.sweeping.jobs:work_on_sweeping"
TIMEOUT_S: Final = 110
HELD: Final = timedelta(seconds=120)
"""How long a job that took a piece keeps others from it: longer than it may run."""
TRIES_MOST: Final = 5
"""Jobs in a row that did not come back with a plan; then it cannot be planned, and the log says so."""
SETTLE_MS: Final = 60_000
"""City time after a run before it is measured: frames held back by a short loss of the link come along."""
REPAIR_FROM_M2: Final = 20.0
"""Less missed ground than this sends nobody out by itself."""

_log = structlog.get_logger("services.sweeping")


class DurableUntil(Protocol):
    """Who knows whether positions are on disk (fleet.days.durable)."""

    async def has_passed(self, city_ms: int, /) -> bool:
        """Return whether what the city received before a moment is on disk."""
        ...


class SweepingWorker:
    """Makes previews and plans and measures runs; two jobs at once take different pieces."""

    def __init__(
        self, database: Database, clock: Clock, history: Path, mark: DurableUntil, zone: tzinfo
    ) -> None:
        """Take the stores, the history's folder, who knows what is in it, and the city's time zone."""
        self._database = database
        self._clock = clock
        self._history = history
        self._mark = mark
        self._zone = zone
        self._previews = PreviewWorker(database, clock)

    async def go_on(self) -> dict[str, int]:
        """Do the preview that waits longest, for a person looks on; else the plan that does, else measure the
        run that ended first; return how many of each."""
        if await self._previews.plan_once():
            return {"previewed": 1}
        if await self._plan_one():
            return {"planned": 1}
        return {"measured": int(await self._measure_one())}

    async def _plan_one(self) -> bool:
        wall = self._clock.wall()
        async with self._database.write() as tx:
            zones = ZoneStore(tx)
            wanted = await zones.take(wall, wall + HELD)
            if wanted is None:
                return False
            drawing = await zones.drawing(wanted.zone_id, wanted.zone_version)
            whole = await zones.plan(plan_id_of(wanted.zone_id, wanted.zone_version))
        from services.sweeping.work_out import work_out, work_out_repair

        try:
            if wanted.tries > TRIES_MOST:
                raise Invalid("unavailable", "the planner never came back")
            if whole.plan_id == wanted.plan_id or whole.plan is None:
                plan, ground = await asyncio.to_thread(work_out, drawing)
            else:
                plan = await asyncio.to_thread(work_out_repair, drawing, whole.plan, wanted.ground)
                ground = wanted.ground
            done = msgspec.structs.replace(wanted, state=PlanState.READY, plan=plan, ground=ground)
        except Invalid as error:
            _log.warning("sweeping_not_planned", plan_id=wanted.plan_id, reason=error.code)
            done = msgspec.structs.replace(wanted, state=PlanState.FAILED, problem=error.code)
        async with self._database.write() as tx:
            await self._keep(tx, done)
        return True

    async def _keep(self, tx: Transaction, done: StoredPlan) -> None:
        at = self._clock.now()
        if not await ZoneStore(tx).keep(done, at=at):
            return
        runs = RunStore(tx)
        repair = await runs.planned_for(done.plan_id)
        if repair is None:
            return
        if done.state is PlanState.READY:
            await runs.move(repair, advance(repair, RunEvent.PLANNED, at=at), at=at)
            await want_dispatch(tx, repair.district, at=at)
        else:
            failed = advance(repair, RunEvent.UNPLANNABLE, at=at, reason=done.problem)
            await runs.move(repair, failed, at=at)

    async def _measure_one(self) -> bool:
        wall = self._clock.wall()
        async with self._database.read() as tx:
            run = await RunStore(tx).next_to_measure(wall)
        if run is None or not await self._mark.has_passed(ms_of_moment(_end(run)) + SETTLE_MS):
            return False
        async with self._database.write() as tx:
            if not await RunStore(tx).hold(run, wall, wall + HELD):
                return False
            plan = await ZoneStore(tx).plan(run.plan_id)
        found = await asyncio.to_thread(self._look, run, plan)
        try:
            async with self._database.write() as tx:
                await self._store(tx, run, found)
        except Conflict as race:
            _log.warning("sweeping_not_measured", run_id=run.run_id, code=race.code)
            return False
        return True

    def _look(self, run: SweepingRun, plan: StoredPlan) -> Ledger:
        """Return what the history says; imports pyarrow, takes a second or two."""
        from services.sweeping.read_track import read_track

        if run.vehicle_no is None or run.started_at is None or plan.plan is None:
            raise ValueError(f"run {run.run_id} was never given to a vehicle")
        begin_ms, end_ms = ms_of_moment(run.started_at), ms_of_moment(_end(run))
        track = read_track(self._history, run.vehicle_no, begin_ms, end_ms)
        return ledger(plan.ground, plan.plan.width_m, [track])

    async def _store(self, tx: Transaction, run: SweepingRun, found: Ledger) -> None:
        at = self._clock.now()
        runs, zones = RunStore(tx), ZoneStore(tx)
        missed_m2 = sum(cell.planned_m2 for cell in found.missed)
        after = measured(
            run,
            planned_m2=found.planned_m2,
            verified_m2=found.verified_m2,
            missed_m2=missed_m2,
            month=f"{_end(run).astimezone(self._zone):%Y-%m}",
            at=at,
        )
        done = await runs.move(run, after, at=at)
        await runs.keep_cells(run.run_id, found.cells)
        zone = await zones.get(run.zone_id, EVERYTHING)
        if not zone.is_retired and _is_repaired(run, zone) and missed_m2 >= REPAIR_FROM_M2:
            await add_repair(tx, done, list(found.cells), by_name="", at=at)


class SweepingWaker:
    """Route of ``zone_store.TOPIC``, and what offers again whatever a lost job left."""

    def __init__(self, database: Database, queue: JobQueue, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the stores, the queue, and the pause between two looks in wall seconds."""
        self._database = database
        self._queue = queue
        self._clock = clock
        self._every_s = every_s

    async def __call__(self, _message: OutboxMessage) -> None:
        """Have a job look. Raises what Redis raises."""
        await self.wake()

    async def wake(self) -> bool:
        """Put a job into the queue unless this wall second and the next have one."""
        moment_s = self._clock.wall().timestamp()
        return await self._queue.wake(QUEUE, JOB, name="sweeping", moment_s=moment_s, timeout_s=TIMEOUT_S)

    async def reconcile_once(self) -> bool:
        """Wake a job when something waits and no job does; True when one was."""
        wall = self._clock.wall()
        async with self._database.read() as tx:
            waits = await PreviewStore(tx).waits(wall) or await ZoneStore(tx).waits(wall)
            waits = waits or await RunStore(tx).next_to_measure(wall) is not None
        return waits and not await self._queue.waiting(QUEUE) and await self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, through outages."""
        await repeat("sweeping", self.reconcile_once, self._every_s, stop)


def _is_repaired(run: SweepingRun, zone: SweepingZone) -> bool:
    """Return whether what was missed is swept again by itself: as a person said, else as the zone says."""
    if run.rest is Rest.AS_ZONE:
        return zone.drawing.repairs_itself and run.kind is RunKind.WHOLE
    return run.rest is Rest.REPAIR


def _end(run: SweepingRun) -> datetime:
    if run.ended_at is None:
        raise ValueError(f"run {run.run_id} has not ended")
    return run.ended_at
