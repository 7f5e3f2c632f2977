"""What vehicles measure, as the records of docs/wire-protocol.md."""

import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import POSITION, ControlMode, PositionFlag
from fleet.links.wire.status import Brush, Light, People, Perception, Response, Video, new_status
from simulator.vehicles.vehicle import (
    FAULT_BATTERY_COLD,
    FAULT_BATTERY_LOW,
    FAULT_DRIVE,
    FAULT_SENSOR_BLOCKED,
    Vehicle,
)

ACCURACY_DM = 10
"""Claimed 95 % radius in 0.1 m; the simulated receiver is better than that."""
SWEEPERS = "sweeping"
DARK_FROM_H, DARK_UNTIL_H = 19, 7

type PositionRow = tuple[int, int, int, int, int, int, int, int, int]
"""measured_ms, then the fields of POSITION without the time offset, in their order."""


def position_row(vehicle: Vehicle, now_ms: int) -> PositionRow:
    """Return one measurement; the vehicle's position number rises by one."""
    memory = vehicle.memory
    memory.position_seq += 1
    lat, lng = vehicle.measured_place()
    return (
        now_ms,
        vehicle.given.vehicle_no,
        memory.position_seq,
        round(lat * 1e7),
        round(lng * 1e7),
        round(vehicle.speed_mps * 100),
        round(memory.heading_deg * 256 / 360) & 0xFF,
        round(memory.battery_ratio * 200),
        _mode_flags(vehicle),
    )


def position_records(rows: list[PositionRow]) -> tuple[int, NDArray[Any]]:
    """Return (base time, records) of rows that lie within eleven minutes; rows must not be empty."""
    base_ms = min(row[0] for row in rows)
    packed = [
        (no, seq, lat, lng, (at - base_ms) // 10, speed, heading, battery, mode, ACCURACY_DM)
        for at, no, seq, lat, lng, speed, heading, battery, mode in rows
    ]
    return base_ms, np.array(packed, dtype=POSITION)


def status_records(vehicles: list[Vehicle], now_ms: int, base_ms: int, hour: int) -> NDArray[Any]:
    """Return the status of these vehicles now; each one's status number rises by one."""
    records = new_status(len(vehicles))
    for record, vehicle in zip(records, vehicles, strict=True):
        memory = vehicle.memory
        memory.status_seq += 1
        record["vehicle_no"] = vehicle.given.vehicle_no
        record["status_seq"] = memory.status_seq
        record["lights"] = _lights(vehicle, hour)
        record["acceleration_cm_s2"] = round(_acceleration(vehicle) * 100)
        record["heading_cdeg"] = round(memory.heading_deg * 100) % 36_000
        record["perception"] = Perception.DEGRADED if vehicle.is_sensor_blocked else Perception.CLEAR
        record["response"] = _response(vehicle)
        record["people"] = People.KEYPAD if vehicle.is_in_keypad_use > 0 else 0
        record["fault_codes"][0] = FAULT_BATTERY_LOW if vehicle.is_empty else 0
        record["fault_codes"][1] = FAULT_SENSOR_BLOCKED if vehicle.is_sensor_blocked else 0
        record["fault_codes"][2] = FAULT_DRIVE if vehicle.is_broken else 0
        record["fault_codes"][3] = FAULT_BATTERY_COLD if vehicle.memory.said_too_cold else 0
        record["last_command"] = _id_bytes(vehicle.last_command)
        record["last_result"] = vehicle.last_outcome
        record["video"] = Video.FRONT | Video.REAR | Video.LEFT | Video.RIGHT
        record["compartments_open"] = vehicle.doors.bits()
        record["fence_set_version"] = memory.fence_set_version
        record["software_version"] = _build_number(vehicle.given.software)
        record["stop_epoch"] = memory.stop_epoch
        record["battery_dc"] = round(vehicle.battery.temperature_c * 10)
        record["outside_dc"] = round(vehicle.air_c * 10)
        record["brush"] = brush_of(vehicle)
        record["range_10m"] = min(
            65_535, round(vehicle.battery.range_m(vehicle.given.consumption_wh_km, vehicle.air_c) / 10)
        )
        record["compartments_loaded"] = vehicle.work.loaded_bits()
        record["odometer_m"] = round(memory.odometer_m)
    records["offset_10ms"] = (now_ms - base_ms) // 10
    return records


def status_marks(vehicle: Vehicle) -> tuple[object, ...]:
    """Return what makes a status due when it changes."""
    memory = vehicle.memory
    return (
        vehicle.last_command,
        vehicle.last_outcome,
        memory.held_by,
        memory.fence_set_version,
        memory.stop_epoch,
        vehicle.doors.bits(),
        vehicle.work.loaded_bits(),
        vehicle.is_charging,
        vehicle.is_empty,
        vehicle.is_sensor_blocked,
        vehicle.is_stopped_by_silence,
        vehicle.lights,
        brush_of(vehicle),
    )


def _mode_flags(vehicle: Vehicle) -> int:
    at_risk = vehicle.is_held or vehicle.is_stopped_by_silence or vehicle.is_empty
    at_risk = at_risk or vehicle.asking.is_standing
    flags = int(ControlMode.MINIMAL_RISK if at_risk else ControlMode.AUTONOMOUS)
    if vehicle.asking.is_assisted:
        flags = int(ControlMode.REMOTE_ASSIST)
    if vehicle.memory.held_by == "power_down" and vehicle.speed_mps == 0:
        flags = int(ControlMode.OFF)
    if vehicle.is_charging:
        flags |= PositionFlag.CHARGING
    if vehicle.is_held:
        flags |= PositionFlag.STOP_HELD
    if vehicle.is_empty or vehicle.is_sensor_blocked:
        flags |= PositionFlag.FAULT
    return flags


def _lights(vehicle: Vehicle, hour: int) -> int:
    lights = vehicle.lights
    if hour >= DARK_FROM_H or hour < DARK_UNTIL_H:
        lights |= Light.POSITION | Light.LOW_BEAM
    if vehicle.is_held or vehicle.is_stopped_by_silence or vehicle.doors.any_open:
        lights |= Light.HAZARD
    if _acceleration(vehicle) < -0.3:
        lights |= Light.BRAKE
    if vehicle.given.service == SWEEPERS and vehicle.speed_mps > 0:
        lights |= Light.BEACON
    return lights


def _acceleration(vehicle: Vehicle) -> float:
    return 0.0 if vehicle.motion is None else vehicle.motion.acceleration_mps2


def _response(vehicle: Vehicle) -> Response:
    if vehicle.is_held or vehicle.is_stopped_by_silence or vehicle.is_empty:
        return Response.MINIMAL_RISK
    if _acceleration(vehicle) < -0.3:
        return Response.BRAKING
    return Response.FOLLOWING if vehicle.speed_mps > 0 else Response.WAITING


def brush_of(vehicle: Vehicle) -> Brush:
    """Return how its brush stands; ABSENT where it has none."""
    if vehicle.given.service != SWEEPERS:
        return Brush.ABSENT
    return Brush.DOWN_TURNING if vehicle.work.is_brush_down else Brush.UP


def _id_bytes(command_id: str) -> NDArray[np.uint8]:
    try:
        return np.frombuffer(uuid.UUID(command_id).bytes, np.uint8)
    except ValueError:
        return np.zeros(16, np.uint8)


def _build_number(software: str) -> int:
    """Return a version such as 4.2.1 as 40201; 0 when it is not one."""
    parts = software.split(".")
    if not 1 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        return 0
    numbers = [int(part) for part in parts] + [0, 0]
    return numbers[0] * 10_000 + numbers[1] * 100 + numbers[2]
