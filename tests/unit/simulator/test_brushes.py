"""A sweeper says at once that its brush goes down or up: the ledger counts by what it said last."""

from itertools import pairwise

import msgspec

from fleet.links.wire.commands import CommandKind, SweepSpan
from fleet.links.wire.frame import decode_frame
from fleet.links.wire.status import STATUS_SECTION, Brush, read_status
from simulator.clock import CityClock
from simulator.issued import GivenMaker
from simulator.link.cloud import MakerCloud
from simulator.vehicles.radio import Radio
from simulator.vehicles.records import status_marks, status_records
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import HOME, START_MS, Drive, a_command, a_plan, a_stop, a_vehicle

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


def test_a_brush_is_told_of_the_second_in_which_it_moved_however_long_a_tick_is() -> None:
    vehicle = a_vehicle(service="sweeping")
    maker = GivenMaker(maker="m", key_id="k", secret="s")
    cloud = MakerCloud(maker, {7: vehicle}, {7: Radio(7, 1, 0.0)}, "http://city", CityClock())
    cloud.is_up = True
    for stands_ms in (0, 1_000):
        cloud.tick(START_MS + stands_ms, 15.0)
    plan = a_plan(SWEPT, kind="sweeping", service="sweeping")
    vehicle.obey(a_command(CommandKind.ASSIGN_TASK, plan, epoch=1), START_MS)
    for tick in range(1, 7):
        cloud.tick(START_MS + 1_000 + 20_000 * tick, 15.0)
    told = []
    while (data := cloud.kept.next_to_send()) is not None:
        frame = decode_frame(data)
        for section in frame.sections:
            if section.type == STATUS_SECTION:
                for one in read_status(section):
                    at_ms = frame.base_time_ms + 10 * int(one["offset_10ms"])
                    told.append((at_ms, int(one["status_seq"]), int(one["brush"])))
    assert [seq for _, seq, _ in told] == sorted({seq for _, seq, _ in told}), "each once, in order"
    moved = [(at, brush) for (_, _, was), (at, _, brush) in pairwise(told) if brush != was]
    assert [brush for _, brush in moved] == [Brush.DOWN_TURNING, Brush.UP, Brush.DOWN_TURNING, Brush.UP]
    (down, up, again, _) = [at for at, _ in moved]
    assert START_MS + 1_000 < down <= START_MS + 3_000, (
        "within a second or two of leaving, not at the end of a tick"
    )
    assert 24_000 < up - down < 29_000, "thirty metres"
    assert 30_000 < again - up < 37_000, "forty metres"


def test_what_has_no_brush_says_so_at_any_speed() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("s", "visit", 1000.0)))
    drive.pass_time(10)
    assert drive.vehicle.speed_mps > 0
    assert brush_of(drive.vehicle) == Brush.ABSENT
