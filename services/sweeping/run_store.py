"""SQL of sweeping runs and of what each swept by cell."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import DistrictCode, OccurrenceId, OperatorId, SweepingRunId, SweepingZoneId, TaskId
from core.outbox import emit
from services.sweeping.ledger import CellSwept
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import OPEN, RunKind, RunState
from services.sweeping.tables import sweeping_cells as cells
from services.sweeping.tables import sweeping_runs as runs
from services.sweeping.zone_store import KEY, TOPIC


class MonthSum(msgspec.Struct, frozen=True, kw_only=True):
    """What was swept of one zone in one city month; m² verified, runs measured."""

    zone_id: SweepingZoneId
    month: str
    runs: int
    repairs: int
    planned_m2: float
    verified_m2: float
    missed_m2: float


class RunStore:
    """Reads and moves runs; compare-and-set on the version."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, run: SweepingRun) -> None:
        """Store a new run; raise Conflict when its zone has one that is not over, or its gaps are repaired
        already."""
        if not await insert_new(self._tx, runs, msgspec.structs.asdict(run)):
            raise Conflict(
                "sweeping-zone-busy", zone_id=run.zone_id, **({"repairs": run.repairs} if run.repairs else {})
            )
        tell_changed(self._tx, "sweeping_run", run.run_id, at=run.created_at)

    async def get(self, run_id: SweepingRunId, reach: Reach) -> SweepingRun:
        """Return a run within the reach; raise NotFound when there is none."""
        found = await self.find(run_id, reach)
        if found is None:
            raise NotFound("not-found", "there is no such sweeping run", run_id=run_id)
        return found

    async def find(self, run_id: SweepingRunId, reach: Reach) -> SweepingRun | None:
        """Return a run within the reach, or None."""
        found = await self._runs(runs.c.run_id == run_id, *_reached(reach))
        return found[0] if found else None

    async def newest(
        self,
        reach: Reach,
        *,
        zone_id: SweepingZoneId | None = None,
        states: Collection[RunState] = (),
        limit: int = 100,
    ) -> list[SweepingRun]:
        """Return runs within the reach, the newest first."""
        clauses = [*_reached(reach)]
        if zone_id is not None:
            clauses.append(runs.c.zone_id == zone_id)
        if states:
            clauses.append(runs.c.state.in_(sorted(states)))
        return await self._runs(*clauses, newest=limit)

    async def waiting(self, district: DistrictCode, operator: OperatorId) -> list[SweepingRun]:
        """Return the runs of a district that wait for a vehicle of an operator, the oldest first."""
        return await self._runs(
            runs.c.state == RunState.WAITING, runs.c.district == district, runs.c.operator == operator
        )

    async def to_hold_back(self) -> list[SweepingRun]:
        """Return the runs that wait for a vehicle or are under way, the oldest first."""
        return await self._runs(runs.c.state.in_([RunState.WAITING, RunState.UNDER_WAY]))

    async def open_of(self, zone_id: SweepingZoneId) -> SweepingRun | None:
        """Return the run of a whole zone that is not over, or None."""
        found = await self._runs(
            runs.c.zone_id == zone_id, runs.c.kind == RunKind.WHOLE, runs.c.state.in_(sorted(OPEN))
        )
        return found[0] if found else None

    async def of_task(self, task_id: TaskId) -> SweepingRun | None:
        """Return the run that a task sweeps, or None."""
        found = await self._runs(runs.c.task_id == task_id)
        return found[0] if found else None

    async def of_occurrence(self, occurrence_id: OccurrenceId) -> SweepingRun | None:
        """Return the run that an occurrence of a schedule made, or None."""
        found = await self._runs(runs.c.occurrence_id == occurrence_id)
        return found[0] if found else None

    async def planned_for(self, plan_id: str) -> SweepingRun | None:
        """Return the repair that waits for a plan, or None."""
        found = await self._runs(runs.c.plan_id == plan_id, runs.c.state == RunState.PLANNING)
        return found[0] if found else None

    async def move(self, before: SweepingRun, after: SweepingRun, *, at: datetime) -> SweepingRun:
        """Write the run after a step; raise Conflict when somebody else moved it."""
        written = await self._tx.execute(
            update(runs)
            .where(runs.c.run_id == before.run_id, runs.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the run was changed in between", run_id=before.run_id)
        tell_changed(self._tx, "sweeping_run", after.run_id, at=at)
        if after.state is RunState.SWEPT:
            await emit(self._tx, TOPIC, {"run_id": after.run_id}, key=KEY, at=at)
        return after

    async def waits(self, wall: datetime) -> bool:
        """Return whether a run waits to be measured that no worker holds."""
        return (
            await self._tx.execute(select(runs.c.run_id).where(_is_due(wall)).limit(1))
        ).first() is not None

    async def next_to_measure(self, wall: datetime) -> SweepingRun | None:
        """Return the run that ended first of those that no worker measures, None when there is none.

        One that a worker could not measure comes after all that nobody has tried.
        """
        in_turn = (runs.c.held_until.is_not(None), runs.c.ended_at, runs.c.run_id)
        query = select(runs).where(_is_due(wall)).order_by(*in_turn).limit(1)
        row = (await self._tx.execute(query)).mappings().first()
        return None if row is None else read_row(row, SweepingRun)

    async def hold(self, run: SweepingRun, wall: datetime, until: datetime) -> bool:
        """Keep a run from other workers for a while; False when one has it already."""
        written = await self._tx.execute(
            update(runs).where(runs.c.run_id == run.run_id, _is_due(wall)).values(held_until=until)
        )
        return bool(written.rowcount == 1)

    async def keep_cells(self, run_id: SweepingRunId, found: Sequence[CellSwept]) -> None:
        """Store what was swept of each cell, in place of what was stored before."""
        await self._tx.execute(delete(cells).where(cells.c.run_id == run_id))
        if found:
            rows = [
                {
                    "run_id": run_id,
                    "cell": each.cell,
                    "planned_m2": round(each.planned_m2, 2),
                    "swept_m2": round(each.swept_m2, 2),
                }
                for each in found
            ]
            await self._tx.execute(insert(cells), rows)

    async def cells(self, run_id: SweepingRunId) -> list[CellSwept]:
        """Return what was swept of each cell, by number."""
        query = select(cells).where(cells.c.run_id == run_id).order_by(cells.c.cell)
        return [CellSwept(r.cell, r.planned_m2, r.swept_m2) for r in await self._tx.execute(query)]

    async def months(self, reach: Reach, *, begin: str, end: str) -> list[MonthSum]:
        """Return sums of measured runs by month and zone, the newest month first; both months included."""
        query = (
            select(
                runs.c.zone_id,
                runs.c.month,
                func.count().label("runs"),
                func.count(runs.c.repairs).label("repairs"),
                func.sum(runs.c.planned_m2).label("planned_m2"),
                func.sum(runs.c.verified_m2).label("verified_m2"),
                func.sum(runs.c.missed_m2).label("missed_m2"),
            )
            .where(runs.c.state == RunState.MEASURED, runs.c.month >= begin, runs.c.month <= end)
            .where(*_reached(reach))
            .group_by(runs.c.month, runs.c.zone_id)
            .order_by(runs.c.month.desc(), runs.c.zone_id)
        )
        return [read_row(row, MonthSum) for row in (await self._tx.execute(query)).mappings()]

    async def _runs(self, *clauses: ColumnElement[bool], newest: int | None = None) -> list[SweepingRun]:
        query = select(runs).where(*clauses)
        if newest is None:
            query = query.order_by(runs.c.created_at, runs.c.run_id)
        else:
            query = query.order_by(runs.c.created_at.desc(), runs.c.run_id.desc()).limit(newest)
        return [read_row(row, SweepingRun) for row in (await self._tx.execute(query)).mappings()]


def _is_due(wall: datetime) -> ColumnElement[bool]:
    is_free = or_(runs.c.held_until.is_(None), runs.c.held_until <= wall)
    return and_(runs.c.state == RunState.SWEPT, is_free)


def _reached(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (within(runs.c.district, reach.districts), within(runs.c.operator, reach.operators))
