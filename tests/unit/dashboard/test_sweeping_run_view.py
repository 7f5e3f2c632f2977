"""A sweeping run on the wire: how far its vehicle has come."""

from datetime import UTC, datetime

import pytest

from core.ids import DistrictCode, OperatorId, StopId, SweepingRunId, SweepingZoneId, TaskId, VehicleNo
from core.kinds import ServiceKind
from dashboard.schemas.sweeping_runs import RunFacts, run_sheet, run_view
from services.sweeping.ledger import CellSwept
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import RunState
from services.tasks.states import StopKind, StopState, TaskKind
from services.tasks.task import Leg, Stop, Task

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
RUN = SweepingRun(
    run_id=SweepingRunId("r"),
    zone_id=SweepingZoneId("z"),
    plan_id="z-1",
    district=DistrictCode("KB"),
    operator=OperatorId("op"),
    state=RunState.UNDER_WAY,
    vehicle_no=VehicleNo(7),
    task_id=TaskId("t"),
    created_at=T0,
)


def a_stop(seq: int, kind: StopKind, state: StopState) -> Stop:
    return Stop(
        stop_id=StopId(f"s-{seq}"),
        seq=seq,
        kind=kind,
        state=state,
        place_id="z",
        name_zh="广场",
        name_en="Square",
        lat=39.6,
        lng=109.8,
        leg=Leg(polyline6="", length_m=500.0, duration_s=400.0),
    )


def a_task(*states: StopState) -> Task:
    """To the zone, then three stretches; the states of the first stops."""
    kinds = (StopKind.VISIT, *[StopKind.SWEEP] * 3)
    told = (*states, *[StopState.PLANNED] * (len(kinds) - len(states)))
    return Task(
        task_id=TaskId("t"),
        kind=TaskKind.SWEEPING,
        service=ServiceKind.SWEEPING,
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        stops=tuple(a_stop(seq, *each) for seq, each in enumerate(zip(kinds, told, strict=True))),
        created_at=T0,
    )


@pytest.mark.parametrize(
    ("states", "begun", "done"),
    [
        ((), False, 0),
        ((StopState.DONE,), True, 0),
        ((StopState.DONE, StopState.DONE, StopState.REACHED), True, 1),
    ],
)
def test_a_run_under_way_says_how_far_its_vehicle_has_come(
    states: tuple[StopState, ...], begun: bool, done: int
) -> None:
    shown = run_view(RUN, RunFacts(code="EDS-KB-S-0001-1", task=a_task(*states)))
    assert (shown.vehicle_code, shown.has_begun, shown.passes_done, shown.passes) == (
        "EDS-KB-S-0001-1",
        begun,
        done,
        3,
    )


def test_a_run_that_waits_has_no_progress() -> None:
    shown = run_view(RUN, RunFacts())
    assert (shown.vehicle_code, shown.has_begun, shown.passes_done, shown.passes) == (None, False, 0, 0)


def test_a_cell_that_the_ground_just_touches_is_shown_and_not_missed() -> None:
    cell = CellSwept(0x8D3F16C2A2B4D3F, 0.0, 0.0)
    [shown] = run_sheet(RUN, RunFacts(), [cell]).cells["features"]
    assert shown["properties"] == {"share": 1.0, "isMissed": False, "isToDo": False}
