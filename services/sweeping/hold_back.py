"""What the weather keeps from being swept: waiting runs are excused, sweepers under way come home.

Any number may look: compare-and-set on run and task lets one win, and each run is a transaction of its own.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition, VersionMismatch
from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from core.repeating import repeat
from fleet.weather.recall import RecallState
from fleet.weather.recall_store import RecallStore
from fleet.weather.store import WeatherStore
from services.schedules.settle_occurrence import occurrence_excused
from services.sweeping.call_home import WayHome, WaysHome, call_home
from services.sweeping.effects import SweepingEffects
from services.sweeping.run import SweepingRun, advance
from services.sweeping.run_states import WEATHER_RECALL, RunEvent, RunState
from services.sweeping.run_store import RunStore
from services.sweeping.wetness import held_back
from services.tasks.lose_task import lose_task
from services.tasks.store import TaskStore

LOST_RACE = (Conflict, IllegalTransition, VersionMismatch)
_log = structlog.get_logger("services.sweeping")


async def excuse_waiting(tx: Transaction, run: SweepingRun, reason: str, *, at: datetime) -> None:
    """Excuse a run that no vehicle has begun, and its occurrence. Raises Conflict when it moved meanwhile."""
    await RunStore(tx).move(run, advance(run, RunEvent.EXCUSED, at=at, reason=reason), at=at)
    if run.occurrence_id is not None:
        await occurrence_excused(tx, run.occurrence_id, reason, at=at)


class HoldBack:
    """Looks at the weather of every 旗区 in which something is to be swept."""

    def __init__(self, database: Database, clock: Clock, ways: WaysHome, *, every_s: float = 5.0) -> None:
        """Take the stores, who knows the way home, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._ways = ways
        self._every_s = every_s

    async def look_once(self) -> int:
        """Excuse and call home what the weather forbids; return how many runs. Raises Unavailable."""
        async with self._database.read() as tx:
            runs = await RunStore(tx).to_hold_back()
            hindered = await _hindrances(tx, runs, at=self._clock.now())
        held = 0
        for run in runs:
            reason = hindered.get((run.district, run.operator))
            # a recall calls the vehicles in itself, each in its turn
            if reason is not None and not (reason == WEATHER_RECALL and run.state is RunState.UNDER_WAY):
                held += await self._hold(run, reason)
        return held

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, through outages."""
        await repeat("sweeping-weather", self.look_once, self._every_s, stop)

    async def _hold(self, run: SweepingRun, reason: str) -> int:
        is_begun = run.state is RunState.UNDER_WAY and run.vehicle_no is not None
        way = await self._ways.of(run.vehicle_no) if is_begun and run.vehicle_no is not None else None
        try:
            async with self._database.write() as tx:
                at = self._clock.now()
                if is_begun:
                    await self._end(tx, run, reason, way, at=at)
                else:
                    await excuse_waiting(tx, run, reason, at=at)
        except LOST_RACE:
            return 0
        _log.info("sweeping_held_back", run_id=run.run_id, was=run.state.value, reason=reason)
        return 1

    async def _end(
        self, tx: Transaction, run: SweepingRun, reason: str, way: WayHome | None, *, at: datetime
    ) -> None:
        if run.task_id is None or run.vehicle_no is None:
            raise ValueError(f"run {run.run_id} is under way without a task")
        task = await TaskStore(tx).get(run.task_id, EVERYTHING)
        await lose_task(tx, task, reason, SweepingEffects(), at=at)
        await call_home(tx, run.vehicle_no, way, reason, at=at, clock=self._clock)


async def _hindrances(
    tx: Transaction, runs: Sequence[SweepingRun], *, at: datetime
) -> dict[tuple[DistrictCode, OperatorId], str]:
    """Return why a company sweeps nothing in a 旗区 where the weather says so, as a stable word."""
    wanted = {(run.district, run.operator) for run in runs}
    if not wanted:
        return {}
    districts = {district for district, _ in wanted}
    recalls = [
        recall
        for recall in await RecallStore(tx).running(districts)
        if recall.service is ServiceKind.SWEEPING and recall.state is RecallState.ACTIVE
    ]
    found = {
        (district, operator): WEATHER_RECALL
        for district, operator in wanted
        if any(recall.district == district and recall.is_for(operator) for recall in recalls)
    }
    weather = await WeatherStore(tx).now(at, districts)
    for district, operator in wanted:
        reason = held_back(weather[district]) if district in weather else None
        if reason is not None:
            found[district, operator] = reason.value
    return found
