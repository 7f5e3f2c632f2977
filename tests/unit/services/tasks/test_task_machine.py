"""The task's table and its stops'."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransition
from core.ids import DistrictCode, OrderId, StopId, TaskId, VehicleNo
from core.kinds import ServiceKind
from services.tasks.states import (
    ACTIVE,
    EVENTS,
    STATE_NAMES,
    STOP_KIND_NAMES,
    STOP_STATE_NAMES,
    STOP_TRANSITIONS,
    TASK_KIND_NAMES,
    TERMINAL,
    TRANSITIONS,
    PersonHelped,
    PersonNeeded,
    StopEvent,
    StopKind,
    StopState,
    TaskAssigned,
    TaskCancelled,
    TaskEvent,
    TaskFailed,
    TaskFinished,
    TaskKind,
    TaskResumed,
    TaskStarted,
    TaskState,
    TaskSuspended,
)
from services.tasks.task import Leg, Stop, Task, advance, advance_stop, with_stop

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
SAMPLES: dict[type[TaskEvent], TaskEvent] = {
    TaskAssigned: TaskAssigned(),
    TaskStarted: TaskStarted(),
    TaskSuspended: TaskSuspended(),
    TaskResumed: TaskResumed(),
    TaskFinished: TaskFinished(),
    TaskFailed: TaskFailed(reason="vehicle_silent"),
    TaskCancelled: TaskCancelled(reason="order_cancelled"),
    PersonNeeded: PersonNeeded(reason="vehicle_silent"),
    PersonHelped: PersonHelped(),
}


def a_stop(seq: int, kind: StopKind, **changes: object) -> Stop:
    stop = Stop(
        stop_id=StopId(f"s-{seq}"),
        seq=seq,
        kind=kind,
        place_id="m-1",
        name_zh="超市",
        name_en="Market",
        lat=39.6,
        lng=109.8,
        leg=Leg(polyline6="", length_m=100.0, duration_s=20.0),
        orders=(OrderId("o-1"),),
    )
    return msgspec.structs.replace(stop, **changes)


def a_task(**changes: object) -> Task:
    task = Task(
        task_id=TaskId("t-1"),
        kind=TaskKind.DELIVERY,
        service=ServiceKind.DELIVERY,
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        stops=(a_stop(1, StopKind.LOAD), a_stop(2, StopKind.HANDOVER), a_stop(3, StopKind.RETURN)),
        created_at=T0,
    )
    return msgspec.structs.replace(task, **changes)


@pytest.mark.parametrize("state", list(TaskState), ids=str)
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_pair_of_state_and_event_is_in_the_table_or_refused(
    state: TaskState, kind: type[TaskEvent]
) -> None:
    task = a_task(state=state)
    if (state, kind) not in TRANSITIONS:
        with pytest.raises(IllegalTransition):
            advance(task, SAMPLES[kind], at=T0)
        return
    moved = advance(task, SAMPLES[kind], at=T0)
    assert (moved.state, moved.version) == (TRANSITIONS[state, kind], task.version + 1)
    assert (moved.closed_at is not None) == (moved.state in TERMINAL)


def test_a_task_that_dies_leaves_its_epoch_behind_and_one_that_succeeds_keeps_it() -> None:
    running = a_task(state=TaskState.EXECUTING, epoch=4)
    assert advance(running, SAMPLES[TaskFailed], at=T0).epoch == 5
    assert advance(running, SAMPLES[TaskCancelled], at=T0).epoch == 5
    assert advance(running, SAMPLES[TaskFinished], at=T0).epoch == 4


def test_a_suspended_task_does_not_hold_its_vehicle_and_one_that_needs_a_person_does() -> None:
    assert {TaskState.ASSIGNED, TaskState.EXECUTING, TaskState.NEEDS_PERSON} == ACTIVE


def test_every_event_has_a_sample_and_every_word_two_names() -> None:
    assert set(SAMPLES) == set(EVENTS) == set(TaskEvent.__subclasses__())
    named: list[tuple[type[StrEnum], Mapping[Any, tuple[str, str]]]] = [
        (TaskState, STATE_NAMES),
        (TaskKind, TASK_KIND_NAMES),
        (StopKind, STOP_KIND_NAMES),
        (StopState, STOP_STATE_NAMES),
    ]
    for words, names in named:
        assert set(names) == set(words)
        assert all(zh and en for zh, en in names.values())


@pytest.mark.parametrize("state", list(StopState), ids=str)
@pytest.mark.parametrize("event", list(StopEvent), ids=str)
def test_every_pair_of_stop_state_and_event_is_in_the_table_or_refused(
    state: StopState, event: StopEvent
) -> None:
    stop = a_stop(1, StopKind.LOAD, state=state)
    if (state, event) not in STOP_TRANSITIONS:
        with pytest.raises(IllegalTransition):
            advance_stop(stop, event, at=T0)
        return
    assert advance_stop(stop, event, at=T0).state is STOP_TRANSITIONS[state, event]


def test_the_next_stop_is_the_first_that_is_neither_done_nor_skipped() -> None:
    task = a_task()
    task = with_stop(task, msgspec.structs.replace(task.stops[0], state=StopState.DONE))
    task = with_stop(task, msgspec.structs.replace(task.stops[1], state=StopState.REACHED))
    assert task.next_stop() == task.stops[1]
    task = with_stop(task, msgspec.structs.replace(task.stops[1], state=StopState.DONE))
    task = with_stop(task, msgspec.structs.replace(task.stops[2], state=StopState.SKIPPED))
    assert task.next_stop() is None
    assert task.orders() == (OrderId("o-1"),)


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_no_walk_leaves_a_terminal_state_and_epochs_never_fall(walk: list[type[TaskEvent]]) -> None:
    task = a_task()
    for kind in walk:
        before = task
        try:
            task = advance(task, SAMPLES[kind], at=T0)
        except IllegalTransition:
            continue
        assert before.state not in TERMINAL
        assert (task.version, task.epoch >= before.epoch) == (before.version + 1, True)
