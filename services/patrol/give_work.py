"""Patrol runs as work: the rest of what a vehicle was called away from, else the oldest run that waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction
from core.errors import Conflict
from services.dispatch.area import OUTSIDE_PERMIT, AreasAt, covers
from services.dispatch.fleet_member import FleetMember
from services.dispatch.work import Work, WorkStop, where
from services.patrol.beat import Checkpoint
from services.patrol.beat_store import BeatStore
from services.patrol.kinds import TO_SEE, RunEvent, RunState
from services.patrol.order import Plan, order_key, plan_visits
from services.patrol.run import Run, RunId, RunPoint, advance, waits_because
from services.patrol.run_store import MOST_TRIED, RunStore
from services.places.place import Place, PlaceKind
from services.routing.route import GeoPoint
from services.schedules.settle_occurrence import occurrence_started
from services.tasks.roads import Roads
from services.tasks.states import StopKind, TaskKind
from services.tasks.task import Task


class PatrolWork:
    """Gives patrol vehicles their runs, ordered so that every window holds."""

    def __init__(self, database: Database, roads: Roads, areas_at: AreasAt | None = None) -> None:
        """Take the runs, the roads, and who knows operating areas; without it no checkpoint is outside."""
        self._database = database
        self._roads = roads
        self._areas_at = areas_at

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:
        """Return the run a vehicle should begin or go on with; None without one that it can do from here.

        A run with a checkpoint that its permits do not cover is not for this vehicle, and keeps that as the
        reason for which it waits.
        """
        vehicle, start = member.vehicle, where(member)
        async with self._database.read() as tx:
            store = RunStore(tx)
            left = await store.suspended_of(vehicle.vehicle_no)
            runs = (
                [left]
                if left is not None
                else await store.waiting_for(vehicle.vehicle_no, vehicle.operator, vehicle.district, at=at)
            )
            due = due_of(await store.points_of([run.run_id for run in runs]))
        able = [run for run in runs if self._covers(member, due.get(run.run_id, ()))]
        await self._say_outside([run for run in runs if run not in able])
        for run in able[:MOST_TRIED]:
            work = await self._work(member, start, run, due.get(run.run_id, ()), at)
            if work is not None:
                return work
        return None

    def _covers(self, member: FleetMember, due: Sequence[Checkpoint]) -> bool:
        return covers(member.areas, ((point.lat, point.lng) for point in due), self._areas_at)

    async def _say_outside(self, runs: Sequence[Run]) -> None:
        """Keep with each waiting run that a vehicle was free for it and may not drive there."""
        for run in runs:
            if run.state is not RunState.WAITING or run.reason == OUTSIDE_PERMIT:
                continue
            try:
                async with self._database.write() as tx:
                    await RunStore(tx).move(run, waits_because(run, OUTSIDE_PERMIT))
            except Conflict:
                continue

    async def _work(
        self, member: FleetMember, start: GeoPoint, run: Run, due: Sequence[Checkpoint], at: datetime
    ) -> Work | None:
        async with self._database.read() as tx:
            seed = None if run.beat_id is None else await BeatStore(tx).seed(run.beat_id)
        key = order_key(seed, run.occasion) if seed is not None and run.is_shuffled else None
        places = [start, *(GeoPoint(point.lat, point.lng) for point in due)]
        hops = await self._roads.hops(places, places, member.road)
        travel = [[None if hop is None else hop.duration_s for hop in row] for row in hops]
        plan = plan_visits(due, travel, at=at, zone=run.zone, key=key)
        stops = await self._stops(run, member, start, plan)
        if not stops:
            return None
        is_resumed = run.state is RunState.SUSPENDED
        return Work(
            kind=TaskKind.PATROL,
            stops=stops,
            reference=run.run_id,
            resumes=run.task_id if is_resumed else None,
        )

    async def claimed(self, tx: Transaction, task: Task, work: Work) -> None:
        """Note that the run is under way. Raises Conflict when another vehicle has it."""
        runs = RunStore(tx)
        run = await runs.get(RunId(work.reference), EVERYTHING)
        at = task.created_at
        if work.resumes is not None:
            if run.task_id != task.task_id:
                raise Conflict("conflict", "the run was taken by another vehicle", run_id=run.run_id)
            await runs.move(run, advance(run, RunEvent.RESUMED, at=at))
            return
        given = advance(run, RunEvent.GIVEN, at=at)
        await runs.move(run, with_task(given, task))
        if run.occurrence_id is not None:
            await occurrence_started(tx, run.occurrence_id, at=at)

    async def _stops(
        self, run: Run, member: FleetMember, start: GeoPoint, plan: Plan
    ) -> tuple[WorkStop, ...]:
        stops: list[WorkStop] = []
        for visit in plan.visits:
            end = GeoPoint(visit.point.lat, visit.point.lng)
            leg = await self._roads.leg(start, end, member.road)
            if leg is not None:
                place = place_of(run, visit.point)
                stops.append(WorkStop(place=place, leg=leg, kind=StopKind.INSPECT, wait_s=visit.wait_s))
                start = end
        return tuple(stops)


def with_task(run: Run, task: Task) -> Run:
    """Return a run with the task that does it; why it waited is past."""
    reason = "" if run.reason == OUTSIDE_PERMIT else run.reason
    return msgspec.structs.replace(run, task_id=task.task_id, vehicle_no=task.vehicle_no, reason=reason)


def due_of(points: Mapping[RunId, Sequence[RunPoint]]) -> dict[RunId, tuple[Checkpoint, ...]]:
    """Return the checkpoints that each run has still to see."""
    return {
        run_id: tuple(each.point for each in of_run if each.state in TO_SEE)
        for run_id, of_run in points.items()
    }


def place_of(run: Run, point: Checkpoint) -> Place:
    """Return a checkpoint as a place that a vehicle can be sent to; its id is the checkpoint's."""
    return Place(
        place_id=point.checkpoint_id,
        kind=PlaceKind.VISIT,
        district=run.district,
        name_zh=point.name_zh,
        name_en=point.name_en,
        lat=point.lat,
        lng=point.lng,
        is_synthetic=run.is_synthetic,
    )
