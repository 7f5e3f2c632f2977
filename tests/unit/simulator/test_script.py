"""What a rehearsed day is bound to bring: the air, a failed drive, a hole in the network, an empty chair."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fleet.links.wire.frame import decode_frame
from fleet.links.wire.messages import LinkLoss, Welcome
from fleet.links.wire.positions import POSITION, POSITION_SECTION
from fleet.links.wire.reports import Fault
from simulator.cli import all_until
from simulator.clock import CityClock
from simulator.issued import GivenMaker
from simulator.link.cloud import MakerCloud
from simulator.people.pace import Pace
from simulator.script import AirPoint, Leaving, NetworkHole, Script, ScriptError, read_script
from simulator.vehicles.memory import decode_memory, encode_memory
from simulator.vehicles.radio import Radio
from simulator.vehicles.records import status_records
from simulator.vehicles.reporting import as_struct
from simulator.vehicles.vehicle import Situation, Vehicle
from tests.simulated import HOME, START_MS, a_vehicle


def faults(vehicle: Vehicle) -> list[Fault]:
    found = [as_struct(report) for report in vehicle.memory.reports]
    return [body for body in found if isinstance(body, Fault)]


def after(vehicle: Vehicle, seconds: int) -> None:
    vehicle.step(Situation(START_MS + 1000 * seconds, 15.0, True))


def test_the_air_is_a_straight_line_between_points_and_the_usual_beyond_them() -> None:
    day = Script(air=(AirPoint(at_ms=1000, air_c=-10.0), AirPoint(at_ms=3000, air_c=-25.0)))
    assert [day.air_c(at) for at in (999, 1000, 2000, 3000, 3001)] == [None, -10.0, -17.5, -25.0, None]
    assert Script().air_c(1000) is None


def test_a_hole_cuts_off_who_is_inside_while_it_lasts() -> None:
    hole = NetworkHole(from_ms=10, until_ms=20, lat=HOME[0], lng=HOME[1], radius_m=500.0)
    day = Script(holes=(hole,))
    near, far = HOME, (HOME[0] + 0.01, HOME[1])
    assert [day.is_cut_off(near, at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert not day.is_cut_off(far, 15)


def test_who_leaves_is_away_alone_and_comes_back() -> None:
    day = Script(leavings=(Leaving(username="op-1", from_ms=10, until_ms=20),))
    assert [day.is_away("op-1", at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert not day.is_away("op-2", 15)


def test_people_begin_nothing_new_when_the_day_is_over() -> None:
    clock = CityClock()
    pace, endless = Pace(clock, asyncio.Event(), quiet_after_ms=START_MS), Pace(clock, asyncio.Event())
    said = [pace.is_quiet]
    for after_s in (-10, 10):
        clock.tell(START_MS + 1000 * after_s, 1.0)
        said.append(pace.is_quiet)
    assert (said, endless.is_quiet) == ([False, False, True], False)


def test_a_vehicle_whose_drive_failed_stands_says_so_once_and_goes_on_when_repaired() -> None:
    given = a_vehicle()
    vehicle = Vehicle(given.given, given.memory, seed=1, waits_for_crew=True)
    after(vehicle, 1)
    vehicle.break_down()
    vehicle.break_down()
    after(vehicle, 3600)
    assert faults(vehicle) == [Fault(code=1, fatal=True, detail="no torque from the drive")]
    status = status_records([vehicle], vehicle.now_ms, vehicle.now_ms, hour=12)[0]
    assert status["fault_codes"].tolist() == [0, 0, 1, 0]
    again = Vehicle(given.given, decode_memory(encode_memory(vehicle.memory)), seed=1, waits_for_crew=True)
    assert again.is_broken, "a restart repairs nothing"
    again.mend()
    after(again, 3601)
    assert (again.is_broken, faults(again)[1:]) == (
        False,
        [Fault(code=1, is_cleared=True, detail="drive repaired")],
    )


def test_a_pack_whose_heater_failed_takes_no_charge_in_the_cold_until_somebody_repairs_it() -> None:
    def cold_hour(vehicle: Vehicle) -> float:
        before = vehicle.battery.ratio
        start_ms = vehicle.now_ms
        for second in range(1, 3601):
            vehicle.is_charging = True
            vehicle.step(Situation(now_ms=start_ms + 1000 * second, air_c=-25.0, is_heard=True))
        return vehicle.battery.ratio - before

    given = a_vehicle()
    given.memory.battery_ratio, given.memory.battery_c = 0.3, -12.0
    vehicle = Vehicle(given.given, given.memory, seed=1, waits_for_crew=True)
    vehicle.break_heater()
    assert cold_hour(vehicle) == 0.0
    again = Vehicle(given.given, decode_memory(encode_memory(vehicle.memory)), seed=1, waits_for_crew=True)
    assert cold_hour(again) == 0.0, "a restart warms nothing"
    status = status_records([again], again.now_ms, again.now_ms, hour=3)[0]
    assert status["fault_codes"].tolist() == [0, 0, 0, 102]
    again.mend()
    assert cold_hour(again) > 0.1
    assert faults(again) == [
        Fault(code=102, detail="the pack's heater has failed: no charge"),
        Fault(code=102, is_cleared=True, detail="the pack is warm"),
    ]


def test_a_script_is_read_whole_or_refused_with_file_and_field(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    day = Script(leavings=(Leaving(username="op-1", from_ms=10, until_ms=20),))
    path.write_bytes(msgspec.json.encode(day))
    assert (read_script(path), read_script(None)) == (day, Script())
    path.write_text('{"holes": [{"fromMs": 1, "untilMs": 2, "lat": 95, "lng": 0, "radiusM": 1}]}')
    with pytest.raises(ScriptError, match=r"script\.json.*lat"):
        read_script(path)
    with pytest.raises(ScriptError, match="No such file"):
        read_script(tmp_path / "none.json")


async def test_a_part_that_is_over_ends_nobody_else_and_one_that_fails_ends_all() -> None:
    stop, over = asyncio.Event(), asyncio.Event()

    async def short() -> None:
        over.set()

    async def long() -> None:
        await over.wait()
        await asyncio.sleep(0.05)
        stop.set()

    await all_until(stop, [short(), long()])
    again = asyncio.Event()

    async def fails() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await all_until(again, [_waits(again), fails()])


async def _waits(stop: asyncio.Event) -> None:
    await stop.wait()


def test_what_was_measured_in_a_hole_comes_in_frames_that_the_city_takes() -> None:
    until_ms = START_MS + 400_000
    hole = NetworkHole(from_ms=START_MS, until_ms=until_ms, lat=HOME[0], lng=HOME[1], radius_m=500.0)
    vehicle = a_vehicle()
    radio = Radio(7, seed=1, outages_per_hour=0.0)
    maker = GivenMaker(maker="m", key_id="k", secret="s")
    clock = CityClock()
    cloud = MakerCloud(maker, {7: vehicle}, {7: radio}, "http://none", clock, script=Script(holes=(hole,)))
    welcome = Welcome(
        protocol=1,
        session="s",
        city_time_ms=START_MS,
        rate=1.0,
        report_interval_s=1.0,
        partitions=1,
        max_frame_bytes=2_048,
        link_loss=LinkLoss(version=1, slow_after_s=10.0, stop_after_s=30.0),
    )
    cloud._welcomed(None, welcome)  # type: ignore[arg-type]
    for second in range(0, 401, 20):
        cloud.tick(START_MS + 1000 * second, 5.0)
    frames = []
    while (frame := cloud.kept.next_to_send()) is not None:
        frames.append(frame)
    assert max(len(frame) for frame in frames) <= 2_048
    sections = [section for frame in frames for section in decode_frame(frame).sections]
    numbers = [int(n) for each in sections if each.type == POSITION_SECTION
               for n in np.frombuffer(each.payload, POSITION)["seq"]]  # fmt: skip
    assert numbers == list(range(1, vehicle.memory.position_seq + 1))
    assert len(numbers) >= 400
