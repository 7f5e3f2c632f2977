"""Batteries, weather, outages, rhythm: what is drawn by lot is drawn again the same."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.links.wire.commands import CommandKind, Preheat
from fleet.links.wire.reports import Fault
from simulator.people.desk import totp
from simulator.people.rhythm import orders_per_hour, seconds_to_next
from simulator.vehicles.battery import Battery, consumption_factor
from simulator.vehicles.radio import Radio
from simulator.weather import air_temperature_c
from tests.simulated import START_MS, Drive, a_plan, a_stop, a_vehicle

DAY_MS = 86_400_000
JANUARY_MS, JULY_MS = 1_768_400_000_000, 1_784_000_000_000


def test_a_kilometre_in_the_cold_costs_half_as_much_again() -> None:
    def cost(air_c: float) -> float:
        battery = Battery(12_000, 0.8, air_c)
        battery.use(1000.0, 90.0, air_c, 200.0)
        return 0.8 - battery.ratio

    assert cost(20.0) == pytest.approx(0.0078, abs=0.0005)
    assert cost(-25.0) / cost(20.0) == pytest.approx(1.7, abs=0.15)


@given(st.floats(-40, 50))
def test_consumption_never_falls_below_that_at_twenty_degrees(air_c: float) -> None:
    assert 1.0 <= consumption_factor(air_c) <= 1.85


def test_the_last_tenth_takes_longer_than_the_tenth_in_the_middle() -> None:
    def seconds(start: float, end: float) -> int:
        battery, passed = Battery(12_000, start, 20.0), 0
        while battery.ratio < end:
            battery.charge(20.0, 1.0)
            passed += 1
        return passed

    assert seconds(0.88, 0.98) > 2 * seconds(0.5, 0.6)


def test_a_frozen_battery_charges_slowly_until_it_is_warm() -> None:
    cold, warm = Battery(12_000, 0.3, -20.0), Battery(12_000, 0.3, 20.0)
    for _ in range(600):
        cold.charge(-20.0, 1.0)
        warm.charge(-20.0, 1.0)
    assert cold.ratio - 0.3 < (warm.ratio - 0.3) / 2


def test_preheating_warms_the_battery_and_costs_energy() -> None:
    drive = Drive(a_vehicle(battery_c=-15.0), air_c=-15.0)
    drive.give(CommandKind.PREHEAT, Preheat(target_c=0.0))
    before = drive.vehicle.battery.ratio
    drive.until(lambda: drive.vehicle.battery.heat_to_c is None, within_s=3 * 3600)
    assert drive.vehicle.battery.temperature_c >= -0.1
    assert drive.vehicle.battery.ratio < before - 0.03


def test_an_empty_vehicle_stands_says_so_and_is_helped() -> None:
    drive = Drive(a_vehicle(battery_ratio=0.062), air_c=-20.0)
    drive.assign(a_plan(a_stop("far", "visit", 4000.0)))
    drive.until(lambda: drive.vehicle.is_empty)
    drive.pass_time(10)
    assert drive.vehicle.speed_mps == 0.0
    faults = [body for body in drive.said() if isinstance(body, Fault)]
    assert [(fault.code, fault.fatal) for fault in faults] == [(101, True)]
    drive.until_at("far")
    assert any(isinstance(body, Fault) and body.is_cleared for body in drive.said())


def test_winter_is_cold_and_the_same_seed_gives_the_same_weather() -> None:
    winter = [air_temperature_c(JANUARY_MS + d * DAY_MS, seed=3) for d in range(14)]
    summer = [air_temperature_c(JULY_MS + d * DAY_MS, seed=3) for d in range(14)]
    assert sum(winter) / 14 < -5 < 15 < sum(summer) / 14
    assert min(winter) > -35
    assert winter == [air_temperature_c(JANUARY_MS + d * DAY_MS, seed=3) for d in range(14)]


@given(st.integers(JANUARY_MS, JULY_MS))
def test_weather_does_not_jump(city_ms: int) -> None:
    now, soon = (air_temperature_c(ms, seed=1) for ms in (city_ms, city_ms + 600_000))
    assert abs(now - soon) < 1.0


def test_outages_come_as_often_as_asked_and_do_not_last() -> None:
    down = total = starts = 0
    for number in range(200):
        radio, before = Radio(number, 5, 0.5), True
        for second in range(0, 4 * 3600, 4):
            up = radio.is_up(START_MS + second * 1000)
            starts += before and not up
            down += not up
            total += 1
            before = up
    assert starts / (200 * 4) == pytest.approx(0.5, rel=0.2)
    assert down / total < 0.01


def test_the_same_seed_gives_the_same_outages() -> None:
    def life(seed: int) -> list[bool]:
        radio = Radio(7, seed, 4.0)
        return [radio.is_up(START_MS + second * 1000) for second in range(0, 7200, 5)]

    assert life(1) == life(1)
    assert life(1) != life(2)


def test_nobody_is_cut_off_when_no_outages_are_asked_for() -> None:
    radio = Radio(1, 1, 0.0)
    assert all(radio.is_up(START_MS + second * 1000) for second in range(0, 86_400, 60))


def test_people_order_at_noon_and_hardly_at_night() -> None:
    hours = [orders_per_hour(h * 3_600_000, 480.0, utc_offset_h=0) for h in range(24)]
    assert sum(hours) == pytest.approx(480)
    assert hours[12] > 20 * hours[3]


def test_moments_of_orders_follow_the_rate() -> None:
    lot = random.Random(1)
    waits = [seconds_to_next(lot, 60.0) for _ in range(4000)]
    assert sum(waits) / len(waits) == pytest.approx(60.0, rel=0.05)
    assert seconds_to_next(lot, 0.0) == 3600.0


@pytest.mark.parametrize(
    ("at_s", "digits"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_authenticator_codes_are_those_of_rfc_6238(at_s: int, digits: str) -> None:
    assert totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at_s) == digits


def test_two_runs_with_one_seed_are_the_same_run() -> None:
    def run() -> list[tuple[float, float, float]]:
        drive = Drive(a_vehicle())
        stops = a_stop("a", "visit", 300.0, wait_s=5.0), a_stop("b", "visit", 500.0, start_m=300.0)
        drive.assign(a_plan(*stops))
        found = []
        for _ in range(120):
            drive.pass_time(1)
            found.append((*drive.vehicle.measured_place(), drive.vehicle.battery.ratio))
        return found

    assert run() == run()
