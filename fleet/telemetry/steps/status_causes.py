"""What a vehicle's own status record says that asks somebody to act."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.alarms.faults import FAULT_KINDS
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.status import UNKNOWN_TEMPERATURE, Perception
from fleet.telemetry.numbering import last_of_each
from fleet.telemetry.records import Records
from fleet.telemetry.roster import longer
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.tick import Numbers, Tick

type Mask = NDArray[np.bool_]

AHEAD_MOST_MS: Final = 10_000
"""A status from further ahead of us is not believed, as with positions."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One kind judged over k status records."""

    kind: AlarmKind
    stands: Mask
    is_gone: Mask
    at_once: Mask | None = None
    """Where the cause need not last."""
    codes: NDArray[np.uint16] | None = None
    """uint16[k]: the fault code that says so, 0 none."""
    values: Mapping[str, NDArray[np.float64]] = {}

    def details(self, row: int) -> dict[str, str | int | float | bool | None]:
        """Return the evidence of one record for people."""
        said: dict[str, str | int | float | bool | None] = {
            name: round(float(column[row]), 2)
            for name, column in self.values.items()
            if not np.isnan(column[row])
        }
        if self.codes is not None and self.codes[row]:
            said["fault_code"] = int(self.codes[row])
        return said


class Statuses(msgspec.Struct, frozen=True):
    """The newest status of k different vehicles."""

    numbers: Numbers
    measured_ms: NDArray[np.int64]
    status: Records


class StatusReader:
    """Takes from a tick what is newer than what was judged before: a frame that is sent again is not."""

    def __init__(self, size: int) -> None:
        self._judged_ms = np.zeros(size, np.int64)

    def newest(self, tick: Tick) -> Statuses:
        """Return the last status of each vehicle that may be heard."""
        numbers = tick.status["status"]["vehicle_no"].astype(np.intp)
        ms = tick.status["measured_ms"].astype(np.int64)
        known = np.flatnonzero((numbers < len(self._judged_ms)) & (ms <= tick.now_ms + AHEAD_MOST_MS))
        known = known[tick.roster.heard[numbers[known]] & (ms[known] > self._judged_ms[numbers[known]])]
        rows = known[last_of_each(numbers[known])]
        self._judged_ms[numbers[rows]] = ms[rows]
        return Statuses(numbers[rows], ms[rows], tick.status["status"][rows])

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._judged_ms):
            self._judged_ms = longer(self._judged_ms, size)

    def forget(self, numbers: Numbers) -> None:
        """Judge whatever comes of these vehicles."""
        self._judged_ms[numbers] = 0


def status_causes(
    status: Records,
    speed_mps: NDArray[np.float64],
    was_open: Mask,
    under_way: Mask,
    limits: AlarmLimits,
) -> Iterator[Cause]:
    """Yield every kind that a status can show, over STATUS[k] of different vehicles.

    ``was_open``: the status before this one had an open compartment too. ``under_way``: its duty is work on
    the street; a parked battery may be as cold as the night, and what charges it says when it cannot. An
    unknown temperature raises and clears nothing by itself; the vehicle's fault codes do.
    """
    said = {kind: _code_of(status, kind) for kind in set(FAULT_KINDS.values())}
    battery, cargo = _celsius(status["battery_dc"]), _celsius(status["cargo_dc"])
    for kind in (AlarmKind.TANK_FROZEN, AlarmKind.DOOR_FORCED, AlarmKind.TIPPED_OVER):
        yield _by_code(kind, said[kind])
    yield _by_value(
        AlarmKind.BATTERY_TOO_COLD,
        under_way & (battery < limits.battery_cold_c),
        ~under_way | (battery >= limits.battery_cold_back_c),
        said[AlarmKind.BATTERY_TOO_COLD],
        {"battery_c": battery},
    )
    yield _by_value(
        AlarmKind.BATTERY_THERMAL,
        battery > limits.battery_hot_c,
        battery <= limits.battery_hot_back_c,
        said[AlarmKind.BATTERY_THERMAL],
        {"battery_c": battery},
    )
    yield _cargo(cargo, status["compartments_loaded"] != 0, limits)
    drives = was_open & (speed_mps >= limits.moves_mps)
    yield _compartments(status, drives, said[AlarmKind.COMPARTMENT_LEFT_OPEN])
    blind = (status["perception"] == Perception.BLOCKED) | (status["perception"] == Perception.FAILED)
    yield _by_value(
        AlarmKind.SENSOR_BLOCKED,
        blind,
        ~blind,
        said[AlarmKind.SENSOR_BLOCKED],
        {"perception": status["perception"].astype(np.float64)},
    )
    jolt = np.hypot(status["acceleration_cm_s2"] / 100, status["lateral_cm_s2"] / 100)
    hit = jolt >= limits.crash_mps2
    yield _by_value(AlarmKind.COLLISION, hit, ~hit, said[AlarmKind.COLLISION], {"acceleration_mps2": jolt})


def _by_code(kind: AlarmKind, code: NDArray[np.uint16]) -> Cause:
    return Cause(kind=kind, stands=code != 0, is_gone=code == 0, codes=code)


def _by_value(
    kind: AlarmKind,
    beyond: Mask,
    back: Mask,
    code: NDArray[np.uint16],
    values: Mapping[str, NDArray[np.float64]],
) -> Cause:
    """Return a cause by a value or a fault code: gone when the code is gone and the value is not beyond.

    A cause that only a code raised is gone with the code also where the value is unknown (NaN).
    """
    [column] = values.values()
    is_gone = (code == 0) & (back | np.isnan(column))
    return Cause(kind=kind, stands=beyond | (code != 0), is_gone=is_gone, codes=code, values=values)


def _cargo(cargo: NDArray[np.float64], is_loaded: Mask, limits: AlarmLimits) -> Cause:
    spoils = is_loaded & ((cargo < limits.cargo_low_c) | (cargo > limits.cargo_high_c))
    low, high = limits.cargo_low_c + limits.cargo_gap_c, limits.cargo_high_c - limits.cargo_gap_c
    back = ~is_loaded | ((cargo >= low) & (cargo <= high))
    return Cause(kind=AlarmKind.CARGO_TEMPERATURE, stands=spoils, is_gone=back, values={"cargo_c": cargo})


def _compartments(status: Records, drives: Mask, code: NDArray[np.uint16]) -> Cause:
    """Open for long, or open and driving; the vehicle's own fault 301 says so at once."""
    is_open = status["compartments_open"] != 0
    return Cause(
        kind=AlarmKind.COMPARTMENT_LEFT_OPEN,
        stands=is_open | (code != 0),
        is_gone=~is_open & (code == 0),
        at_once=(is_open & drives) | (code != 0),
        codes=code,
        values={"compartments_open": status["compartments_open"].astype(np.float64)},
    )


def _code_of(status: Records, kind: AlarmKind) -> NDArray[np.uint16]:
    """Return the first fault code of a kind in each record, 0 none."""
    codes = status["fault_codes"]
    found = np.isin(codes, [code for code, of in FAULT_KINDS.items() if of is kind])
    first: NDArray[np.uint16] = np.where(found, codes, 0).max(axis=1).astype(np.uint16)
    return first


def _celsius(tenths: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return degrees, NaN where unknown."""
    return np.where(tenths == UNKNOWN_TEMPERATURE, np.nan, tenths / 10)
