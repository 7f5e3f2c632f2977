"""The task's machine and its stops': states, events, tables, names. The domain's words are in
docs/state-machines.md."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class TaskKind(StrEnum):
    """What a task is for."""

    DELIVERY = "delivery"
    VENDING_CALL = "vending_call"
    VENDING_ROUND = "vending_round"
    SWEEPING = "sweeping"
    PATROL = "patrol"
    CHARGING = "charging"
    RELOCATION = "relocation"


class TaskState(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    ASSIGNED = "assigned"
    EXECUTING = "executing"
    SUSPENDED = "suspended"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_PERSON = "needs_person"


class TaskEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a task; the subclass is the kind."""


class TaskAssigned(TaskEvent, frozen=True, kw_only=True):
    """A vehicle was claimed for it."""


class TaskStarted(TaskEvent, frozen=True, kw_only=True):
    """The vehicle took the plan."""


class TaskSuspended(TaskEvent, frozen=True, kw_only=True):
    """Put aside for something more urgent; the vehicle is free meanwhile."""


class TaskResumed(TaskEvent, frozen=True, kw_only=True):
    """Taken up again at its next stop."""


class TaskFinished(TaskEvent, frozen=True, kw_only=True):
    """Every stop is done or skipped."""


class TaskFailed(TaskEvent, frozen=True, kw_only=True):
    """It cannot be done by this vehicle; ``reason`` is a stable word."""

    reason: str


class TaskCancelled(TaskEvent, frozen=True, kw_only=True):
    """Nobody wants it done any more; ``reason`` is a stable word."""

    reason: str


class PersonNeeded(TaskEvent, frozen=True, kw_only=True):
    """The vehicle stands with goods in it and cannot go on; ``reason`` is a stable word."""

    reason: str


class PersonHelped(TaskEvent, frozen=True, kw_only=True):
    """The vehicle goes on with the same plan."""


S = TaskState
TRANSITIONS: Mapping[tuple[TaskState, type[TaskEvent]], TaskState] = MappingProxyType(
    {
        (S.PENDING, TaskAssigned): S.ASSIGNED,
        (S.PENDING, TaskCancelled): S.CANCELLED,
        (S.ASSIGNED, TaskStarted): S.EXECUTING,
        (S.ASSIGNED, TaskFailed): S.FAILED,
        (S.ASSIGNED, TaskCancelled): S.CANCELLED,
        (S.EXECUTING, TaskSuspended): S.SUSPENDED,
        (S.EXECUTING, TaskFinished): S.SUCCEEDED,
        (S.EXECUTING, TaskFailed): S.FAILED,
        (S.EXECUTING, TaskCancelled): S.CANCELLED,
        (S.EXECUTING, PersonNeeded): S.NEEDS_PERSON,
        (S.SUSPENDED, TaskResumed): S.EXECUTING,
        (S.SUSPENDED, TaskFinished): S.SUCCEEDED,
        (S.SUSPENDED, TaskFailed): S.FAILED,
        (S.SUSPENDED, TaskCancelled): S.CANCELLED,
        (S.NEEDS_PERSON, PersonHelped): S.EXECUTING,
        (S.NEEDS_PERSON, TaskFailed): S.FAILED,
        (S.NEEDS_PERSON, TaskCancelled): S.CANCELLED,
    }
)
TERMINAL: frozenset[TaskState] = frozenset({S.SUCCEEDED, S.FAILED, S.CANCELLED})
ACTIVE: frozenset[TaskState] = frozenset({S.ASSIGNED, S.EXECUTING, S.NEEDS_PERSON})
"""States in which the task holds its vehicle; the partial unique index names the same three."""
EVENTS: tuple[type[TaskEvent], ...] = (
    TaskAssigned,
    TaskStarted,
    TaskSuspended,
    TaskResumed,
    TaskFinished,
    TaskFailed,
    TaskCancelled,
    PersonNeeded,
    PersonHelped,
)


class StopKind(StrEnum):
    """What is done at a stop; the words are the wire's."""

    LOAD = "load"
    HANDOVER = "handover"
    RETURN = "return"
    CHARGE = "charge"
    VISIT = "visit"
    INSPECT = "inspect"
    """A visit of which the vehicle keeps evidence."""
    SWEEP = "sweep"
    """The way there is swept; at its end nothing is done."""
    WATER = "water"
    DUMP = "dump"


class StopState(StrEnum):
    """Where a stop of a task stands."""

    PLANNED = "planned"
    REACHED = "reached"
    DONE = "done"
    SKIPPED = "skipped"


class StopEvent(StrEnum):
    """What happens to a stop."""

    REACH = "reach"
    FINISH = "finish"
    SKIP = "skip"


STOP_TRANSITIONS: Mapping[tuple[StopState, StopEvent], StopState] = MappingProxyType(
    {
        (StopState.PLANNED, StopEvent.REACH): StopState.REACHED,
        (StopState.PLANNED, StopEvent.SKIP): StopState.SKIPPED,
        (StopState.REACHED, StopEvent.FINISH): StopState.DONE,
    }
)

TASK_KIND_NAMES: Mapping[TaskKind, tuple[str, str]] = MappingProxyType(
    {
        TaskKind.DELIVERY: ("配送", "delivery"),
        TaskKind.VENDING_CALL: ("呼叫售卖", "vending call"),
        TaskKind.VENDING_ROUND: ("巡游售卖", "vending round"),
        TaskKind.SWEEPING: ("清扫", "sweeping"),
        TaskKind.PATROL: ("巡逻", "patrol"),
        TaskKind.CHARGING: ("充电", "charging"),
        TaskKind.RELOCATION: ("调车", "relocation"),
    }
)
STATE_NAMES: Mapping[TaskState, tuple[str, str]] = MappingProxyType(
    {
        S.PENDING: ("待派", "pending"),
        S.ASSIGNED: ("已派车", "assigned"),
        S.EXECUTING: ("执行中", "under way"),
        S.SUSPENDED: ("已暂停", "suspended"),
        S.SUCCEEDED: ("已完成", "done"),
        S.FAILED: ("失败", "failed"),
        S.CANCELLED: ("已取消", "cancelled"),
        S.NEEDS_PERSON: ("需人工处理", "needs a person"),
    }
)
STOP_KIND_NAMES: Mapping[StopKind, tuple[str, str]] = MappingProxyType(
    {
        StopKind.LOAD: ("装货", "loading"),
        StopKind.HANDOVER: ("交付", "hand-over"),
        StopKind.RETURN: ("退回", "return"),
        StopKind.CHARGE: ("充电", "charging"),
        StopKind.VISIT: ("停靠", "visit"),
        StopKind.INSPECT: ("巡查", "inspection"),
        StopKind.SWEEP: ("清扫", "sweeping pass"),
        StopKind.WATER: ("加水", "fill water"),
        StopKind.DUMP: ("倾倒垃圾", "empty the hopper"),
    }
)
STOP_STATE_NAMES: Mapping[StopState, tuple[str, str]] = MappingProxyType(
    {
        StopState.PLANNED: ("待到达", "planned"),
        StopState.REACHED: ("已到站", "at the stop"),
        StopState.DONE: ("已完成", "done"),
        StopState.SKIPPED: ("已跳过", "skipped"),
    }
)
