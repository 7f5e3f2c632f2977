"""Patrol runs as work: the rest of what a vehicle was called away from, else the oldest run that waits."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction
from core.errors import Conflict
from services.dispatch.fleet_member import FleetMember
from services.dispatch.work import Work, WorkStop, where
from services.patrol.beat import Checkpoint
from services.patrol.beat_store import BeatStore
from services.patrol.kinds import TO_SEE, RunEvent, RunState
from services.patrol.order import Plan, order_key, plan_visits
from services.patrol.run import Run, RunId, advance
from services.patrol.run_store import RunStore
from services.places.place import Place, PlaceKind
from services.routing.route import GeoPoint
from services.schedules.settle_occurrence import occurrence_started
from services.tasks.roads import Roads
from services.tasks.states import StopKind, TaskKind
from services.tasks.task import Task


class PatrolWork:
    """Gives patrol vehicles their runs, ordered so that every window holds."""

    def __init__(self, database: Database, roads: Roads) -> None:
        """Take the runs and the roads."""
        self._database = database
        self._roads = roads

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:
        """Return the run a vehicle should begin or go on with; None without one that it can do from here."""
        vehicle, start = member.vehicle, where(member)
        async with self._database.read() as tx:
            store = RunStore(tx)
            left = await store.suspended_of(vehicle.vehicle_no)
            runs = (
                [left]
                if left is not None
                else await store.waiting_for(vehicle.vehicle_no, vehicle.operator, vehicle.district, at=at)
            )
        for run in runs:
            work = await self._work(member, start, run, at)
            if work is not None:
                return work
        return None

    async def _work(self, member: FleetMember, start: GeoPoint, run: Run, at: datetime) -> Work | None:
        async with self._database.read() as tx:
            points = await RunStore(tx).points(run.run_id)
            seed = None if run.beat_id is None else await BeatStore(tx).seed(run.beat_id)
        due = [each.point for each in points if each.state in TO_SEE]
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
    """Return a run with the task that does it."""
    return msgspec.structs.replace(run, task_id=task.task_id, vehicle_no=task.vehicle_no)


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
