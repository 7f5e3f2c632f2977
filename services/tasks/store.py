"""SQL of tasks: the claim of a vehicle, compare-and-set on the version, stops beside their task."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, insert, select, type_coerce, update

from core.auth.principal import EVERYTHING, Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import CompareAndSet, Transaction, insert_new
from core.database.before_commit import gathered
from core.database.kept import kept
from core.database.rows import read_row
from core.database.types import UtcDateTime
from core.errors import Conflict, NotFound
from core.ids import TaskId, VehicleNo
from services.tasks.states import ACTIVE, TaskEvent, TaskKind, TaskState
from services.tasks.tables import stops, tasks
from services.tasks.task import Stop, Task, advance, with_stop

_UNCHANGED = CompareAndSet(tasks, "task_id", "version", "state", "epoch")
_HEARD = update(tasks).where(tasks.c.task_id == bindparam("was_task_id"))
_STOP = CompareAndSet(stops, "stop_id")
_STOPS_OF = (
    select(stops)
    .where(stops.c.task_id.in_(bindparam("tasks", expanding=True)))
    .order_by(stops.c.task_id, stops.c.seq)
)


@lru_cache(64)
def _by_id(reach: Reach) -> Select[Any]:
    return select(tasks).where(tasks.c.task_id == bindparam("task"), *_within(reach))


class TaskStore:
    """Reads, claims and moves tasks."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def next_epoch(self, vehicle_no: VehicleNo) -> int:
        """Return an epoch above every one that this vehicle was ever given, at least 1.

        A vehicle obeys the highest epoch it has seen, whatever task it belongs to.
        """
        query = select(func.max(tasks.c.epoch)).where(tasks.c.vehicle_no == vehicle_no)
        return int((await self._tx.execute(query)).scalar() or 0) + 1

    async def claim(self, task: Task) -> None:
        """Store a task that holds its vehicle; raise Conflict when another task holds it already."""
        if not await insert_new(self._tx, tasks, _task_values(task)):
            raise Conflict(
                "vehicle-not-dispatchable",
                "another task holds the vehicle",
                vehicle_no=task.vehicle_no,
            )
        await self._tx.execute(
            insert(stops), [{**_stop_values(stop), "task_id": task.task_id} for stop in task.stops]
        )
        tell_changed(self._tx, "task", task.task_id, at=task.created_at)

    async def get(self, task_id: TaskId, reach: Reach) -> Task:
        """Return a task within the reach; raise NotFound when there is none."""
        found = await self.find(task_id, reach)
        if found is None:
            raise NotFound("not-found", "no such task", task_id=task_id)
        return found

    async def find(self, task_id: TaskId, reach: Reach) -> Task | None:
        """Return a task within the reach, or None."""
        ours = kept(self._tx, Task) if reach is EVERYTHING else {}
        if task_id not in ours:
            found = await self._with_stops(_by_id(reach), task=task_id)
            ours.update((task.task_id, task) for task in found)
        return ours.get(task_id)

    async def active_of(self, vehicle_no: VehicleNo, reach: Reach) -> Task | None:
        """Return the task that holds a vehicle, or None."""
        query = select(tasks).where(
            tasks.c.vehicle_no == vehicle_no, tasks.c.state.in_(sorted(ACTIVE)), *_within(reach)
        )
        found = await self._with_stops(query)
        return found[0] if found else None

    async def active(self, reach: Reach) -> list[Task]:
        """Return every task that holds a vehicle, the oldest first."""
        query = select(tasks).where(tasks.c.state.in_(sorted(ACTIVE)), *_within(reach))
        return await self._with_stops(query.order_by(tasks.c.created_at))

    async def active_ids(self, vehicles: Sequence[VehicleNo]) -> dict[VehicleNo, TaskId]:
        """Return which task holds each vehicle; a free vehicle is absent."""
        if not vehicles:
            return {}
        query = select(tasks.c.vehicle_no, tasks.c.task_id).where(
            tasks.c.vehicle_no.in_(sorted(set(vehicles))), tasks.c.state.in_(sorted(ACTIVE))
        )
        return {VehicleNo(r.vehicle_no): TaskId(r.task_id) for r in await self._tx.execute(query)}

    async def last_given(self, vehicles: Sequence[VehicleNo]) -> dict[VehicleNo, datetime]:
        """Return when each vehicle was given its last task; one that never had any is absent, and so is one
        that was called away from its task: whoever gives the longest without work the next comes to it first.
        """
        if not vehicles:
            return {}
        newest = select(
            tasks.c.vehicle_no, type_coerce(func.max(tasks.c.created_at), UtcDateTime).label("at")
        )
        called_away = select(tasks.c.vehicle_no).where(tasks.c.state == TaskState.SUSPENDED)
        query = newest.where(
            tasks.c.vehicle_no.in_(sorted(set(vehicles))), tasks.c.vehicle_no.not_in(called_away)
        ).group_by(tasks.c.vehicle_no)
        return {VehicleNo(r.vehicle_no): r.at for r in await self._tx.execute(query)}

    async def refused_since(self, vehicles: Sequence[VehicleNo], moment: datetime) -> frozenset[VehicleNo]:
        """Return the vehicles that refused or did not answer a plan since a moment."""
        if not vehicles:
            return frozenset()
        query = select(tasks.c.vehicle_no).where(
            tasks.c.vehicle_no.in_(sorted(set(vehicles))),
            tasks.c.state == TaskState.FAILED,
            tasks.c.reason.in_(["plan_refused", "plan_unanswered"]),
            tasks.c.closed_at >= moment,
        )
        return frozenset(VehicleNo(row.vehicle_no) for row in await self._tx.execute(query))

    async def suspended(self, kind: TaskKind, vehicle_no: VehicleNo | None = None) -> list[Task]:
        """Return the tasks of a kind that are put aside, the oldest first; of one vehicle when named."""
        query = select(tasks).where(tasks.c.state == TaskState.SUSPENDED, tasks.c.kind == kind)
        if vehicle_no is not None:
            query = query.where(tasks.c.vehicle_no == vehicle_no)
        return await self._with_stops(query.order_by(tasks.c.created_at))

    async def first_given_after(self, task: Task) -> datetime | None:
        """Return when the vehicle of a task was given its next one, None when it was given none."""
        first = type_coerce(func.min(tasks.c.created_at), UtcDateTime)
        query = select(first).where(tasks.c.vehicle_no == task.vehicle_no, tasks.c.epoch > task.epoch)
        return (await self._tx.execute(query)).scalar()

    async def given_since(self, vehicle_no: VehicleNo, kind: TaskKind, moment: datetime) -> int:
        """Return how often a vehicle was given a task of a kind since a moment."""
        query = select(func.count()).where(
            tasks.c.vehicle_no == vehicle_no, tasks.c.kind == kind, tasks.c.created_at >= moment
        )
        return int((await self._tx.execute(query)).scalar_one())

    async def last_of(self, vehicle_no: VehicleNo) -> Task | None:
        """Return the task that a vehicle was given last, whatever became of it."""
        query = select(tasks).where(tasks.c.vehicle_no == vehicle_no)
        found = await self._with_stops(query.order_by(tasks.c.created_at.desc()).limit(1))
        return found[0] if found else None

    async def of_ids(self, ids: Sequence[TaskId], reach: Reach) -> dict[TaskId, Task]:
        """Return the tasks of these ids that lie within the reach."""
        ours = kept(self._tx, Task) if reach is EVERYTHING else {}
        if missing := sorted(set(ids) - ours.keys()):
            query = select(tasks).where(tasks.c.task_id.in_(missing), *_within(reach))
            ours.update((task.task_id, task) for task in await self._with_stops(query))
        return {task_id: ours[task_id] for task_id in ids if task_id in ours}

    async def move(self, task: Task, event: TaskEvent, *, at: datetime) -> Task:
        """Advance and write the task; raise IllegalTransition, and Conflict on a lost race."""
        moved = advance(task, event, at=at)
        await self._write(task, moved)
        tell_changed(self._tx, "task", moved.task_id, at=at)
        return moved

    async def put_stop(self, task: Task, stop: Stop, *, at: datetime) -> Task:
        """Write one stop of a task; the task's version grows by one. Raises Conflict on a lost race."""
        changed = msgspec.structs.replace(with_stop(task, stop), version=task.version + 1)
        await self._write(task, changed)
        await _STOP.write(self._tx, stop, _stop_values(stop))
        tell_changed(self._tx, "task", changed.task_id, at=at)
        return changed

    async def replan(self, task: Task, planned: Sequence[Stop], *, epoch: int) -> Task:
        """Return the task with its stops in this order and along these legs, and with the epoch of the plan.

        Raises Conflict on a lost race, and when another task holds the vehicle.
        """
        held = (await self.active_ids([task.vehicle_no])).get(task.vehicle_no)
        if held is not None and held != task.task_id:
            raise Conflict(
                "vehicle-not-dispatchable", "another task holds the vehicle", vehicle_no=task.vehicle_no
            )
        changed = msgspec.structs.replace(task, stops=tuple(planned), epoch=epoch, version=task.version + 1)
        await self._write(task, changed)
        await self._put_stops(changed.stops)
        return changed

    async def amend(self, task: Task, planned: Sequence[Stop], *, at: datetime) -> Task:
        """Return the task with these stops, new ones among them; its epoch stays, its version grows by one.

        Raises Conflict on a lost race.
        """
        changed = msgspec.structs.replace(task, stops=tuple(planned), version=task.version + 1)
        await self._write(task, changed)
        known = {stop.stop_id for stop in task.stops}
        added = [stop for stop in changed.stops if stop.stop_id not in known]
        await self._put_stops([stop for stop in changed.stops if stop.stop_id in known])
        if added:
            await self._tx.execute(
                insert(stops), [{**_stop_values(stop), "task_id": task.task_id} for stop in added]
            )
        tell_changed(self._tx, "task", changed.task_id, at=at)
        return changed

    async def _put_stops(self, planned: Sequence[Stop]) -> None:
        for stop in planned:
            await _STOP.write(self._tx, stop, _stop_values(stop))

    def heard(self, task: Task, *, at: datetime) -> Task:
        """Return the task whose vehicle said something about it; moves nothing, written with the commit."""
        gathered(self._tx, _Heard).tasks[task.task_id] = at
        heard = msgspec.structs.replace(task, last_report_at=at)
        kept(self._tx, Task)[task.task_id] = heard
        return heard

    async def _write(self, before: Task, after: Task) -> None:
        ours = kept(self._tx, Task)
        if not await _UNCHANGED.write(self._tx, before, _task_values(after)):
            ours.pop(before.task_id, None)
            raise Conflict("conflict", "the task was changed in between", task_id=before.task_id)
        ours[after.task_id] = after

    async def _with_stops(self, query: Select[Any], **given: object) -> list[Task]:
        rows = list((await self._tx.execute(query, given)).mappings())
        if not rows:
            return []
        ids = [row["task_id"] for row in rows]
        found = await self._tx.execute(_STOPS_OF, {"tasks": ids})
        by_task: dict[str, list[Stop]] = {}
        for stop in found.mappings():
            by_task.setdefault(stop["task_id"], []).append(read_row(stop, Stop))
        return [read_row(row, Task, stops=tuple(by_task.get(row["task_id"], ()))) for row in rows]


class _Heard:
    """Tasks that their vehicles spoke about in one transaction."""

    def __init__(self) -> None:
        self.tasks: dict[TaskId, datetime] = {}

    async def write(self, tx: Transaction) -> None:
        said = [{"was_task_id": task_id, "last_report_at": at} for task_id, at in self.tasks.items()]
        await tx.execute(_HEARD, said)


def _within(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (within(tasks.c.district, reach.districts), within(tasks.c.vehicle_no, reach.vehicles))


def _task_values(task: Task) -> dict[str, Any]:
    return {field: getattr(task, field) for field in task.__struct_fields__ if field != "stops"}


def _stop_values(stop: Stop) -> dict[str, Any]:
    return {field: getattr(stop, field) for field in stop.__struct_fields__}
