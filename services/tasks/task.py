"""The task, its stops, and the pure functions that move them."""

from datetime import datetime

import msgspec

from core.ids import DistrictCode, OrderId, StopId, TaskId, VehicleNo
from core.kinds import ServiceKind
from core.transitions import advance as next_state
from services.tasks.states import (
    ACTIVE,
    STOP_TRANSITIONS,
    TERMINAL,
    TRANSITIONS,
    StopEvent,
    StopKind,
    StopState,
    TaskCancelled,
    TaskEvent,
    TaskFailed,
    TaskKind,
    TaskState,
)


class LegLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The highest speed between two distances from the beginning of a leg."""

    from_m: float
    to_m: float
    speed_mps: float


class LegSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a leg between two distances from its beginning."""

    from_m: float
    to_m: float


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """The way to a stop from the stop before it, or from where the vehicle stood.

    ``polyline6`` is an encoded polyline with six decimals, (lat, lng) WGS 84. ``sweeps`` is where the brush
    is down.
    """

    polyline6: str
    length_m: float
    duration_s: float
    limits: tuple[LegLimit, ...] = ()
    sweeps: tuple[LegSpan, ...] = ()


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a task with what is done there. ``wait_s`` is the longest wait in city seconds; 0 is
    none."""

    stop_id: StopId
    seq: int
    kind: StopKind
    state: StopState = StopState.PLANNED
    place_id: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    leg: Leg
    wait_s: float = 0.0
    orders: tuple[OrderId, ...] = ()
    eta_at: datetime | None = None
    reached_at: datetime | None = None
    left_at: datetime | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle's job. ``epoch`` is what the vehicle's reports must carry; it grows when the plan dies."""

    task_id: TaskId
    version: int = 1
    epoch: int = 1
    kind: TaskKind
    service: ServiceKind
    state: TaskState = TaskState.PENDING
    district: DistrictCode
    vehicle_no: VehicleNo
    stops: tuple[Stop, ...]
    created_at: datetime
    started_at: datetime | None = None
    last_report_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str = ""

    @property
    def is_active(self) -> bool:
        """True while it holds its vehicle."""
        return self.state in ACTIVE

    def stop(self, stop_id: str | None) -> Stop | None:
        """Return the stop of that id, or None."""
        return next((stop for stop in self.stops if stop.stop_id == stop_id), None)

    def next_stop(self) -> Stop | None:
        """Return the first stop that is neither done nor skipped, or None when all are."""
        return next((s for s in self.stops if s.state in (StopState.PLANNED, StopState.REACHED)), None)

    def orders(self) -> tuple[OrderId, ...]:
        """Return every order that the task carries, each once, in the order of its stops."""
        return tuple(dict.fromkeys(order for stop in self.stops for order in stop.orders))


def advance(task: Task, event: TaskEvent, *, at: datetime) -> Task:
    """Return the task after ``event`` at ``at``; version + 1.

    A task that fails or is cancelled leaves its epoch behind (epoch + 1): whatever its vehicle still says
    about it is refused. Raises IllegalTransition when the pair is not in the table. Pure.
    """
    target = next_state(TRANSITIONS, task.state, type(event))
    dies = isinstance(event, TaskFailed | TaskCancelled)
    return msgspec.structs.replace(
        task,
        state=target,
        version=task.version + 1,
        epoch=task.epoch + 1 if dies else task.epoch,
        started_at=at if target is TaskState.EXECUTING and task.started_at is None else task.started_at,
        closed_at=at if target in TERMINAL else task.closed_at,
        reason=getattr(event, "reason", task.reason),
    )


def advance_stop(stop: Stop, event: StopEvent, *, at: datetime) -> Stop:
    """Return the stop after it was reached, finished or skipped; raise IllegalTransition otherwise."""
    target = next_state(STOP_TRANSITIONS, stop.state, event)
    return msgspec.structs.replace(
        stop,
        state=target,
        reached_at=at if event is StopEvent.REACH else stop.reached_at,
        left_at=at if event is StopEvent.FINISH else stop.left_at,
    )


def with_stop(task: Task, stop: Stop) -> Task:
    """Return the task with the stop of the same id replaced; the version is the caller's to raise."""
    stops = tuple(stop if known.stop_id == stop.stop_id else known for known in task.stops)
    return msgspec.structs.replace(task, stops=stops)
