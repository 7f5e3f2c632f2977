"""SQL of runs, their checkpoints and evidence: every step compare-and-set on the version."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import DistrictCode, OccurrenceId, OperatorId, TaskId, VehicleNo
from services.patrol.beat import BeatId
from services.patrol.kinds import FindingKind, PointState, RunState, TrackCheck
from services.patrol.run import Evidence, Run, RunId, RunPoint
from services.patrol.tables import patrol_evidence, patrol_points, patrol_runs

MOST_TRIED = 3
"""Waiting runs for which one vehicle asks the roads: the oldest may have no checkpoint that it reaches."""
MOST_READ = 30
"""Waiting runs that one vehicle looks at: its permits may not cover the oldest."""


class RunStore:
    """Reads and moves runs."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, run: Run, points: Iterable[RunPoint]) -> bool:
        """Store a run with its checkpoints; False when its occurrence has one already."""
        if not await insert_new(self._tx, patrol_runs, _values(run)):
            return False
        await self._tx.execute(insert(patrol_points), [_values(point) for point in points])
        return True

    async def move(self, before: Run, after: Run) -> Run:
        """Write the run after a step; raise Conflict when somebody else moved it."""
        written = await self._tx.execute(
            update(patrol_runs)
            .where(patrol_runs.c.run_id == before.run_id, patrol_runs.c.version == before.version)
            .values(_values(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the run was changed in between", run_id=before.run_id)
        return after

    async def get(self, run_id: RunId, reach: Reach) -> Run:
        """Return a run within the reach; raise NotFound when there is none."""
        found = await self._runs(patrol_runs.c.run_id == run_id, *_reached(reach))
        if not found:
            raise NotFound("not-found", "there is no such run", run_id=run_id)
        return found[0]

    async def of_task(self, task_id: TaskId) -> Run | None:
        """Return the run that a task does, None when it is no task of a run (any more)."""
        return await self._one(patrol_runs.c.task_id == task_id)

    async def of_occurrence(self, occurrence_id: OccurrenceId) -> Run | None:
        """Return the run of an occurrence, or None."""
        return await self._one(patrol_runs.c.occurrence_id == occurrence_id)

    async def suspended_of(self, vehicle_no: VehicleNo) -> Run | None:
        """Return the run that a vehicle was called away from, or None."""
        return await self._one(
            patrol_runs.c.vehicle_no == vehicle_no, patrol_runs.c.state == RunState.SUSPENDED
        )

    async def suspended(self) -> list[Run]:
        """Return every run whose vehicle was called away."""
        return await self._runs(patrol_runs.c.state == RunState.SUSPENDED)

    async def waiting_for(
        self, vehicle_no: VehicleNo, operator: OperatorId, district: DistrictCode, *, at: datetime
    ) -> list[Run]:
        """Return the oldest runs that a vehicle may begin at ``at``, at most ``MOST_READ``."""
        clauses = (
            patrol_runs.c.state == RunState.WAITING,
            patrol_runs.c.district == district,
            patrol_runs.c.operator == operator,
            patrol_runs.c.begin_by > at,
            or_(patrol_runs.c.wanted_vehicle.is_(None), patrol_runs.c.wanted_vehicle == vehicle_no),
        )
        query = select(patrol_runs).where(*clauses).order_by(patrol_runs.c.created_at)
        rows = (await self._tx.execute(query.limit(MOST_READ))).mappings()
        return [read_row(row, Run) for row in rows]

    async def overdue(self, at: datetime) -> list[Run]:
        """Return what waits and no vehicle has begun in time."""
        return await self._runs(patrol_runs.c.state == RunState.WAITING, patrol_runs.c.begin_by <= at)

    async def newest(
        self,
        reach: Reach,
        *,
        beat_id: BeatId | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[Run]:
        """Return runs within the reach, the newest first, from the one after ``before`` on."""
        clauses = [*_reached(reach)]
        if beat_id is not None:
            clauses.append(patrol_runs.c.beat_id == beat_id)
        if before is not None:
            moment, run_id = before
            earlier = patrol_runs.c.created_at < moment
            clauses.append(earlier | ((patrol_runs.c.created_at == moment) & (patrol_runs.c.run_id < run_id)))
        query = select(patrol_runs).where(*clauses)
        query = query.order_by(patrol_runs.c.created_at.desc(), patrol_runs.c.run_id.desc()).limit(limit)
        return [read_row(row, Run) for row in (await self._tx.execute(query)).mappings()]

    async def points(self, run_id: RunId) -> list[RunPoint]:
        """Return the checkpoints of a run in the order of its beat."""
        return (await self.points_of([run_id])).get(run_id, [])

    async def points_of(self, ids: Sequence[RunId]) -> dict[RunId, list[RunPoint]]:
        """Return the checkpoints of runs in the order of their beats."""
        found: dict[RunId, list[RunPoint]] = {}
        if not ids:
            return found
        query = select(patrol_points).where(patrol_points.c.run_id.in_(sorted(set(ids))))
        for row in (await self._tx.execute(query.order_by(patrol_points.c.seq))).mappings():
            point = read_row(row, RunPoint)
            found.setdefault(point.run_id, []).append(point)
        return found

    async def put_point(self, point: RunPoint) -> None:
        """Write a checkpoint of a run after a step."""
        await self._tx.execute(
            update(patrol_points)
            .where(patrol_points.c.run_id == point.run_id, patrol_points.c.seq == point.seq)
            .values(_values(point))
        )

    async def move_point(self, before: RunPoint, after: RunPoint) -> bool:
        """Write a checkpoint after a step; False when somebody else moved it meanwhile."""
        written = await self._tx.execute(
            update(patrol_points)
            .where(
                patrol_points.c.run_id == before.run_id,
                patrol_points.c.seq == before.seq,
                patrol_points.c.state == before.state,
                patrol_points.c.evidence_id == before.evidence_id,
            )
            .values(_values(after))
        )
        return written.rowcount == 1

    async def done_in_doubt(self, *, limit: int) -> list[Run]:
        """Return runs that count as done although a checkpoint of theirs is doubtful, the earliest first."""
        doubtful = select(patrol_points.c.run_id).where(patrol_points.c.state == PointState.DOUBTFUL)
        clauses = (patrol_runs.c.state == RunState.DONE, patrol_runs.c.run_id.in_(doubtful))
        query = select(patrol_runs).where(*clauses).order_by(patrol_runs.c.created_at).limit(limit)
        return [read_row(row, Run) for row in (await self._tx.execute(query)).mappings()]

    async def keep(self, evidence: Evidence) -> bool:
        """Store a piece of evidence; False when this report was stored before."""
        return await insert_new(self._tx, patrol_evidence, _values(evidence))

    async def note_alarm(self, evidence: Evidence) -> None:
        """Write which alarm a finding became."""
        await self._tx.execute(
            update(patrol_evidence)
            .where(patrol_evidence.c.evidence_id == evidence.evidence_id)
            .values(alarm_id=evidence.alarm_id)
        )

    async def unchecked(self, *, limit: int) -> list[Evidence]:
        """Return evidence that was not held against its vehicle's track yet, the earliest first."""
        query = select(patrol_evidence).where(patrol_evidence.c.track == TrackCheck.WAITING)
        rows = (await self._tx.execute(query.order_by(patrol_evidence.c.taken_at).limit(limit))).mappings()
        return [read_row(row, Evidence) for row in rows]

    async def note_track(self, evidence: Evidence, check: TrackCheck, off_m: float | None) -> bool:
        """Write what the track says of evidence; False when somebody did before."""
        written = await self._tx.execute(
            update(patrol_evidence)
            .where(
                patrol_evidence.c.evidence_id == evidence.evidence_id,
                patrol_evidence.c.track == TrackCheck.WAITING,
            )
            .values(track=check, track_off_m=off_m)
        )
        return written.rowcount == 1

    async def evidence(self, run_id: RunId) -> list[Evidence]:
        """Return the evidence of a run, the earliest first."""
        query = select(patrol_evidence).where(patrol_evidence.c.run_id == run_id)
        query = query.order_by(patrol_evidence.c.taken_at, patrol_evidence.c.evidence_id)
        return [read_row(row, Evidence) for row in (await self._tx.execute(query)).mappings()]

    async def found_before(self, checkpoint_id: str) -> list[tuple[VehicleNo, FindingKind]]:
        """Return what was ever found at a checkpoint and by which vehicle, each once."""
        query = select(patrol_evidence.c.vehicle_no, patrol_evidence.c.finding).distinct()
        query = query.where(
            patrol_evidence.c.checkpoint_id == checkpoint_id, patrol_evidence.c.finding.is_not(None)
        )
        rows = await self._tx.execute(query)
        return [(VehicleNo(row.vehicle_no), FindingKind(row.finding)) for row in rows]

    async def _one(self, *clauses: ColumnElement[bool]) -> Run | None:
        found = await self._runs(*clauses)
        return found[0] if found else None

    async def _runs(self, *clauses: ColumnElement[bool]) -> list[Run]:
        query = select(patrol_runs).where(*clauses).order_by(patrol_runs.c.created_at)
        return [read_row(row, Run) for row in (await self._tx.execute(query)).mappings()]


def _reached(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        within(patrol_runs.c.district, reach.districts),
        within(patrol_runs.c.operator, reach.operators),
    )


def _values(thing: msgspec.Struct) -> dict[str, Any]:
    return {field: getattr(thing, field) for field in thing.__struct_fields__}
