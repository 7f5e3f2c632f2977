"""A sensor that is blocked is said, shown in the status, wiped after a while, and remembered."""

import numpy as np
import pytest

from fleet.links.wire.reports import Fault
from fleet.links.wire.status import Perception
from simulator.vehicles.memory import decode_memory, encode_memory
from simulator.vehicles.records import status_records
from simulator.vehicles.reporting import as_struct
from simulator.vehicles.sensors import BLOCKED_S, Sensors
from simulator.vehicles.vehicle import Situation, Vehicle
from tests.simulated import START_MS, a_vehicle


def faults(vehicle: Vehicle) -> list[Fault]:
    found = [as_struct(report) for report in vehicle.memory.reports]
    return [body for body in found if isinstance(body, Fault)]


def after(vehicle: Vehicle, seconds: int) -> None:
    vehicle.step(Situation(START_MS + 1000 * seconds, 15.0, True))


def test_sensors_are_blocked_as_often_as_asked() -> None:
    hours = 500
    blocked = sum(
        sensors.blocked_until(START_MS + minute * 60_000) > 0
        for sensors in [Sensors(number, 7, 0.2) for number in range(20)]
        for minute in range(60 * hours)
    )
    assert blocked / (20 * hours) == pytest.approx(0.2, rel=0.1)


def test_no_sensor_is_blocked_when_none_is_asked_for() -> None:
    sensors = Sensors(1, 1, 0.0)
    assert not any(sensors.blocked_until(START_MS + hour * 3_600_000) for hour in range(1000))


def test_a_blocked_sensor_is_said_once_and_cleared_when_it_was_wiped() -> None:
    vehicle = a_vehicle()
    vehicle = Vehicle(vehicle.given, vehicle.memory, seed=1, sensor_faults_per_hour=1.0)
    after(vehicle, 0)
    second = 0
    while not faults(vehicle):
        second += 60
        after(vehicle, second)
    assert faults(vehicle) == [Fault(code=201, detail="dust or ice on the front lidar")]
    status = status_records([vehicle], vehicle.now_ms, vehicle.now_ms, hour=12)[0]
    assert (status["fault_codes"].tolist(), status["perception"]) == ([0, 201, 0, 0], Perception.DEGRADED)
    after(vehicle, second + int(BLOCKED_S[0]) - 60)
    assert len(faults(vehicle)) == 1
    mended = Vehicle(vehicle.given, decode_memory(encode_memory(vehicle.memory)), seed=1, waits_for_crew=True)
    after(mended, second + 600)
    mended.mend()
    after(mended, second + 601)
    assert faults(mended)[1:] == [Fault(code=201, is_cleared=True, detail="wiped")]
    again = Vehicle(vehicle.given, decode_memory(encode_memory(vehicle.memory)), seed=1)
    assert again.is_sensor_blocked, "a vehicle that was switched off still has the dust on it"
    after(again, second + int(BLOCKED_S[1]) + 60)
    assert faults(again)[1:] == [Fault(code=201, is_cleared=True, detail="wiped")]
    status = status_records([again], again.now_ms, again.now_ms, hour=12)[0]
    assert not np.any(status["fault_codes"])
    assert status["perception"] == Perception.CLEAR
