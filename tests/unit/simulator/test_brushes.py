"""A sweeper says at once that its brush goes down or up: the ledger counts by what it said last."""

import msgspec

from fleet.links.wire.commands import SweepSpan
from fleet.links.wire.status import Brush
from simulator.vehicles.records import status_marks, status_records
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import HOME, START_MS, Drive, a_plan, a_stop, a_vehicle

SWEPT = msgspec.structs.replace(
    a_stop("s", "sweep", 100.0, limit_mps=1.2, wait_s=0.0),
    sweeps=(SweepSpan(from_m=0.0, to_m=30.0), SweepSpan(from_m=70.0, to_m=100.0)),
)


def brush_of(vehicle: Vehicle) -> int:
    return int(status_records([vehicle], START_MS, START_MS, hour=12)[0]["brush"])


def test_a_brush_that_goes_down_makes_a_status_due() -> None:
    drive = Drive(a_vehicle(service="sweeping"))
    drive.assign(a_plan(SWEPT, kind="sweeping", service="sweeping"))
    standing, up = status_marks(drive.vehicle), brush_of(drive.vehicle)
    drive.pass_time(10)
    moving, down = status_marks(drive.vehicle), brush_of(drive.vehicle)
    assert (up, down) == (Brush.UP, Brush.DOWN_TURNING)
    assert standing[:-1] == moving[:-1], "nothing else that a status is due for"
    assert standing != moving


def test_the_brush_is_down_where_the_plan_says_and_nowhere_else() -> None:
    drive = Drive(a_vehicle(service="sweeping"))
    drive.assign(a_plan(SWEPT, kind="sweeping", service="sweeping"))
    seen: list[tuple[float, bool]] = []
    while drive.vehicle.memory.task is not None and len(seen) < 1000:
        drive.pass_time(1)
        north_m = (drive.vehicle.memory.lat - HOME[0]) * 111_195.0
        seen.append((north_m, brush_of(drive.vehicle) == Brush.DOWN_TURNING))
    down = [north_m for north_m, is_down in seen if is_down]
    assert 0 < min(down) < 6
    assert 95 < max(down) <= 100.5
    assert not [n for n, is_down in seen if 30.5 < n < 69.5 and is_down]
    assert drive.vehicle.memory.task is None, "the pass ends by itself, and with it the task"


def test_what_has_no_brush_says_so_at_any_speed() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("s", "visit", 1000.0)))
    drive.pass_time(10)
    assert drive.vehicle.speed_mps > 0
    assert brush_of(drive.vehicle) == Brush.ABSENT
