"""A sweeper says at once that its brush goes down or up: the ledger counts by what it said last."""

from fleet.links.wire.status import Brush
from simulator.vehicles.records import status_marks, status_records
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import START_MS, Drive, a_plan, a_stop, a_vehicle


def brush_of(vehicle: Vehicle) -> int:
    return int(status_records([vehicle], START_MS, START_MS, hour=12)[0]["brush"])


def test_a_brush_that_goes_down_makes_a_status_due() -> None:
    drive = Drive(a_vehicle(service="sweeping"))
    drive.assign(a_plan(a_stop("s", "visit", 1000.0), kind="sweeping", service="sweeping"))
    standing, up = status_marks(drive.vehicle), brush_of(drive.vehicle)
    drive.pass_time(10)
    moving, down = status_marks(drive.vehicle), brush_of(drive.vehicle)
    assert (up, down) == (Brush.UP, Brush.DOWN_TURNING)
    assert standing[:-1] == moving[:-1], "nothing else that a status is due for"
    assert standing != moving


def test_what_has_no_brush_says_so_at_any_speed() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("s", "visit", 1000.0)))
    drive.pass_time(10)
    assert drive.vehicle.speed_mps > 0
    assert brush_of(drive.vehicle) == Brush.ABSENT
