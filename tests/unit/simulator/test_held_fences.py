"""Fences that a vehicle was sent: kept by itself, whatever the route says."""

from pathlib import Path
from typing import Any

import pytest

from fleet.links.wire.commands import CommandKind, Release, SafeStop, UpdateFences, WireFence
from simulator.memory_file import MemoryFile
from simulator.vehicles.fence_book import FenceBook
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import HOME, Drive, a_plan, a_stop, a_vehicle

DEGREE_M = 111_195.0


def a_fence(from_m: float, to_m: float, *, version: int = 1, **rules: Any) -> WireFence:
    """A band across the road north of home, from so far to so far."""
    south, north = HOME[0] + from_m / DEGREE_M, HOME[0] + to_m / DEGREE_M
    west, east = HOME[1] - 0.001, HOME[1] + 0.001
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return WireFence(fence_id="f", version=version, kind="slow_zone", rings=(ring,), **rules)


def on_the_way(*fences: WireFence) -> Drive:
    drive = Drive(a_vehicle())
    drive.give(CommandKind.UPDATE_FENCES, UpdateFences(fence_set_version=1, fences=fences))
    drive.assign(a_plan(a_stop("s", "visit", 600.0)))
    return drive


def speeds_between(drive: Drive, from_m: float, to_m: float) -> list[float]:
    found: list[float] = []

    def is_past() -> bool:
        at_m = (drive.vehicle.place()[0] - HOME[0]) * DEGREE_M
        if from_m <= at_m <= to_m:
            found.append(drive.vehicle.speed_mps)
        return at_m > to_m

    drive.until(is_past)
    return found


def test_a_slow_zone_is_driven_slowly_from_border_to_border() -> None:
    drive = on_the_way(a_fence(200, 300, speed_limit_mps=2.0))
    assert max(speeds_between(drive, 200, 300)) <= 2.0 + 1e-9
    assert max(speeds_between(drive, 320, 400)) > 4.0


def test_a_slow_zone_that_comes_while_driving_is_kept() -> None:
    drive = on_the_way()
    drive.pass_time(20)
    fences = (a_fence(200, 300, speed_limit_mps=2.0),)
    drive.give(CommandKind.UPDATE_FENCES, UpdateFences(fence_set_version=2, fences=fences))
    assert max(speeds_between(drive, 200, 300)) <= 2.0 + 1e-9


def test_an_older_set_is_forgotten() -> None:
    drive = on_the_way(a_fence(200, 300, speed_limit_mps=2.0))
    drive.give(CommandKind.UPDATE_FENCES, UpdateFences(fence_set_version=2, fences=()))
    assert max(speeds_between(drive, 200, 300)) > 4.0


def test_a_safe_stop_does_not_end_where_nobody_may_stop() -> None:
    drive = on_the_way(a_fence(95, 120, no_stopping=True))
    drive.until(lambda: (drive.vehicle.place()[0] - HOME[0]) * DEGREE_M > 98)
    drive.give(CommandKind.SAFE_STOP, SafeStop(within_s=60), stop_epoch=1, ttl_s=None)
    drive.pass_time(60)
    assert drive.vehicle.speed_mps == 0.0
    assert (drive.vehicle.place()[0] - HOME[0]) * DEGREE_M > 120


def test_a_safe_stop_that_cannot_get_out_in_time_stands_inside() -> None:
    drive = on_the_way(a_fence(50, 500, no_stopping=True))
    drive.pass_time(30)
    drive.give(CommandKind.SAFE_STOP, SafeStop(within_s=10), stop_epoch=1, ttl_s=None)
    drive.pass_time(16)
    assert drive.vehicle.speed_mps == 0.0
    drive.give(CommandKind.RELEASE, Release(), stop_epoch=1, ttl_s=None)
    drive.until_at("s")


def test_a_hole_is_outside() -> None:
    outer = a_fence(0, 300).rings[0]
    hole = a_fence(100, 200).rings[0]
    book = FenceBook()
    (key,) = book.take([WireFence(fence_id="f", version=1, kind="slow_zone", rings=(outer, hole))])
    held = book._held[key]
    assert held.holds((HOME[0] + 50 / DEGREE_M, HOME[1]))
    assert not held.holds((HOME[0] + 150 / DEGREE_M, HOME[1]))
    assert not held.holds((HOME[0] + 350 / DEGREE_M, HOME[1]))


def test_fences_outlive_a_loss_of_power(tmp_path: Path) -> None:
    drive = on_the_way(a_fence(200, 300, speed_limit_mps=2.0))
    file = MemoryFile(tmp_path / "memory.sqlite3")
    file.save_fences(drive.vehicle.fence_book)
    file.save([(7, drive.vehicle.memory)])
    book = FenceBook()
    file.load_fences(book)
    again = Drive(Vehicle(drive.vehicle.given, file.load()[7], 1, book))
    again.now_ms = drive.now_ms
    file.close()
    assert max(speeds_between(again, 200, 300)) <= 2.0 + 1e-9


def test_parts_of_one_fence_are_kept_apart() -> None:
    parts = (a_fence(100, 150, speed_limit_mps=2.0), a_fence(300, 350, speed_limit_mps=2.0))
    drive = on_the_way(*parts)
    assert max(speeds_between(drive, 100, 150)) <= 2.0 + 1e-9
    assert max(speeds_between(drive, 200, 250)) > 4.0
    assert max(speeds_between(drive, 300, 350)) == pytest.approx(2.0)
