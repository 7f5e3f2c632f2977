"""How a simulated vehicle moves: limits, braking, arriving, stopping."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.links.wire.commands import (
    CommandBody,
    CommandKind,
    EmergencyStop,
    Pause,
    Release,
    Resume,
    SafeStop,
    SetSpeedCap,
    SpeedLimit,
)
from simulator.vehicles.drive import ACCELERATE_MPS2, SAFE_BRAKE_MPS2, Motion
from simulator.vehicles.path import Path, bearing_deg, decode_polyline6, distance_m, way_from
from tests.simulated import HOME, Drive, a_plan, a_stop, a_vehicle, polyline6


def on_the_way() -> Drive:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("s", "visit", 1000.0)))
    drive.pass_time(30)
    drive.said()
    return drive


points = st.lists(
    st.tuples(st.integers(-300, 300), st.integers(-300, 300)), min_size=2, max_size=12, unique=True
).map(lambda steps: [(39.6 + north / 1e5, 109.8 + east / 1e5) for north, east in steps])
some_limits = st.lists(
    st.tuples(st.floats(0, 3000), st.floats(1, 3000), st.floats(0.8, 8.0)), max_size=5
).map(lambda given: tuple(SpeedLimit(from_m=a, to_m=a + b, speed_mps=c) for a, b, c in given))


@settings(max_examples=150, deadline=None)
@given(points, some_limits)
def test_no_limit_is_ever_broken_and_the_end_is_always_reached(
    line: list[tuple[float, float]], limits: tuple[SpeedLimit, ...]
) -> None:
    path = Path(line, limits, 6.0)
    motion = Motion(path)
    before = 0.0
    for _ in range(20_000):
        at_m, segment = motion.at_m, motion.segment
        motion.advance(1.0, 6.0)
        assert motion.speed_mps <= before + ACCELERATE_MPS2 + 1e-9
        assert motion.speed_mps >= before - SAFE_BRAKE_MPS2 - 1e-9 or motion.is_there
        assert motion.speed_mps <= path.limit_mps(segment) + SAFE_BRAKE_MPS2 + 1e-9
        assert motion.at_m >= at_m
        before = motion.speed_mps
        if motion.is_there:
            break
    assert motion.is_there
    assert distance_m(motion.place(), line[-1]) < 0.5


@settings(max_examples=100, deadline=None)
@given(points)
def test_a_path_is_as_long_as_its_parts_and_points_lie_on_it(line: list[tuple[float, float]]) -> None:
    path = Path(line, (), 6.0)
    for share in (0.0, 0.3, 0.999, 1.0):
        at_m = path.length_m * share
        place = path.point(at_m, path.segment(at_m))
        assert all(math.isfinite(value) for value in place)
    assert path.length_m == pytest.approx(sum(distance_m(a, b) for a, b in pairwise(line)), abs=1.0)


@given(points)
def test_a_polyline_is_read_as_it_was_written(line: list[tuple[float, float]]) -> None:
    assert decode_polyline6(polyline6(line)) == [(round(a, 6), round(b, 6)) for a, b in line]


@pytest.mark.parametrize("text", ["_p~iF~ps|", "\x1f\x1f", "é"], ids=repr)
def test_a_broken_polyline_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="polyline"):
        decode_polyline6(text)


def test_a_way_begins_where_the_vehicle_has_driven_on_to() -> None:
    leg = [(39.6000, 109.8), (39.6010, 109.8), (39.6020, 109.8)]
    points, before_m = way_from((39.60052, 109.80001), leg, leg[-1])
    assert distance_m(points[0], (39.60052, 109.80001)) < 2.0
    assert before_m == pytest.approx(-57.8, abs=1.5)
    assert bearing_deg(points[1], points[2]) == pytest.approx(0.0, abs=1.0)


def test_a_gap_to_the_street_is_driven_slowly() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("s", "visit", 400.0, start_m=60.0)))
    drive.pass_time(20)
    assert drive.top_mps <= 1.6
    drive.until_at("s")
    assert drive.top_mps == pytest.approx(5.0, abs=0.3)


def test_a_vehicle_arrives_where_the_stop_is() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("s", "visit", 500.0)))
    took_s = drive.until_at("s")
    assert 100 < took_s < 130
    assert drive.vehicle.place() == pytest.approx((HOME[0] + 500 / 111_195, HOME[1]), abs=1e-6)
    assert drive.vehicle.memory.odometer_m == pytest.approx(500, abs=1)


@pytest.mark.parametrize(
    ("kind", "body", "within_s"),
    [
        (CommandKind.SAFE_STOP, SafeStop(), 6),
        (CommandKind.EMERGENCY_STOP, EmergencyStop(), 3),
        (CommandKind.PAUSE, Pause(), 6),
    ],
    ids=["safe stop", "emergency stop", "pause"],
)
def test_a_vehicle_told_to_stop_stands_soon_and_says_when(
    kind: CommandKind, body: CommandBody, within_s: int
) -> None:
    drive = on_the_way()
    assert drive.vehicle.speed_mps > 4
    drive.give(kind, body, stop_epoch=5, ttl_s=None)
    drive.pass_time(within_s)
    assert drive.vehicle.speed_mps == 0.0
    assert drive.words() == ["CommandAck accepted", "CommandResult succeeded"]
    drive.pass_time(600)
    assert drive.vehicle.speed_mps == 0.0


def test_only_a_release_with_as_high_an_epoch_lets_it_go_on() -> None:
    drive = on_the_way()
    drive.give(CommandKind.SAFE_STOP, SafeStop(), stop_epoch=9, ttl_s=None)
    drive.pass_time(10)
    drive.give(CommandKind.RELEASE, Release(), stop_epoch=8, ttl_s=None)
    drive.pass_time(10)
    assert drive.vehicle.speed_mps == 0.0
    assert drive.words()[-1] == "CommandAck superseded"
    drive.give(CommandKind.RELEASE, Release(), stop_epoch=9, ttl_s=None)
    drive.pass_time(10)
    assert drive.vehicle.speed_mps > 3


def test_a_stop_that_comes_after_a_newer_release_changes_nothing() -> None:
    drive = on_the_way()
    drive.give(CommandKind.RELEASE, Release(), stop_epoch=9, ttl_s=None)
    drive.give(CommandKind.SAFE_STOP, SafeStop(), stop_epoch=8, ttl_s=None)
    drive.pass_time(10)
    assert drive.vehicle.speed_mps > 3
    assert not drive.vehicle.is_held


def test_a_paused_vehicle_goes_on_when_it_is_told() -> None:
    drive = on_the_way()
    drive.give(CommandKind.PAUSE, Pause())
    drive.pass_time(10)
    drive.give(CommandKind.RESUME, Resume())
    drive.until_at("s")


def test_a_speed_cap_holds_until_it_is_lifted() -> None:
    drive = on_the_way()
    drive.give(CommandKind.SET_SPEED_CAP, SetSpeedCap(speed_mps=2.0))
    drive.pass_time(10)
    assert drive.vehicle.speed_mps == pytest.approx(2.0)
    drive.give(CommandKind.SET_SPEED_CAP, SetSpeedCap(speed_mps=None))
    drive.pass_time(10)
    assert drive.vehicle.speed_mps == pytest.approx(5.0, abs=0.2)


def test_a_vehicle_that_hears_nothing_slows_down_and_then_stops() -> None:
    drive = on_the_way()
    drive.is_heard = False
    drive.pass_time(9)
    assert drive.vehicle.speed_mps > 4
    drive.pass_time(12)
    assert drive.vehicle.speed_mps == pytest.approx(1.5)
    drive.pass_time(12)
    assert drive.vehicle.speed_mps == 0.0
    assert drive.vehicle.is_stopped_by_silence
    drive.is_heard = True
    drive.pass_time(10)
    assert drive.vehicle.speed_mps > 3
    assert drive.words() == []
