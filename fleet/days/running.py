"""The running day so far, by odometer: what each vehicle has driven since the city's midnight.

A closed day's kilometres are computed from every position (docs/vehicle-days.md). While the day runs that
would read all of it again and again; vehicles tell their odometer in every status, at least every 30 s, and
its rises add up to the same drive. Pure array work; a few bytes a vehicle.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.days.segments import TELEPORT_FLOOR_M, TELEPORT_MPS
from fleet.links.wire.status import STATUS
from fleet.telemetry.records import Records

DRIVEN: Final = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("odometer_m", "<u4"),
        ("told_ms", "<i8"),
        ("since_ms", "<i8"),
        ("driven_m", "<u4"),
    ]
)
"""A vehicle that told its odometer today: its number, the newest reading and when, when it told the first
one, the rises in between."""

type Numbers = NDArray[np.int64]


class DaySoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a local day that is not over; goes to Redis as it is."""

    day: date
    up_to_serial: int
    """The newest history file that is in here."""
    counted_ms: int
    """City time of the look that made this."""
    driven_rows: bytes

    def driven(self) -> Records:
        """Return DRIVEN[n] by vehicle number."""
        return np.frombuffer(self.driven_rows, DRIVEN)

    def with_readings(self, statuses: Records, *, up_to_serial: int, counted_ms: int) -> Self:
        """Return this and HISTORY_STATUS[n], all measured on this day, in any order."""
        driven = add_readings(self.driven(), *_readings(statuses))
        return msgspec.structs.replace(
            self, up_to_serial=up_to_serial, counted_ms=counted_ms, driven_rows=driven.tobytes()
        )


def read_day_so_far(data: bytes | None) -> DaySoFar | None:
    """Return what the keeper told; None when there is nothing, or nothing that can be read."""
    if data is None:
        return None
    try:
        found = msgspec.msgpack.decode(data, type=DaySoFar)
        found.driven()
    except (msgspec.DecodeError, ValueError):
        return None
    return found


def add_readings(before: Records, numbers: Numbers, told_ms: Numbers, odometer_m: Numbers) -> Records:
    """Return DRIVEN[n] with further readings of odometers, in any order.

    The first reading of a day is where it begins. A reading that is not newer than the last one is passed
    over. An odometer that falls, or rises faster than any vehicle drives, was changed: the new reading is
    where it goes on from. Cost: one sort of the readings and of the vehicles.
    """
    fresh = np.zeros(len(numbers), DRIVEN)
    fresh["vehicle_no"], fresh["told_ms"], fresh["odometer_m"] = numbers, told_ms, odometer_m
    fresh["since_ms"] = told_ms
    rows = np.concatenate((before, fresh))
    is_new = np.arange(len(rows)) >= len(before)
    last_ms = _last_told(before, rows["vehicle_no"])
    keep = ~is_new | (rows["told_ms"] > last_ms)
    rows = rows[keep]
    rows = rows[np.lexsort((rows["told_ms"], rows["vehicle_no"]))]
    if not len(rows):
        return rows
    same = rows["vehicle_no"][1:] == rows["vehicle_no"][:-1]
    odometer = rows["odometer_m"].astype(np.int64)
    rise = odometer[1:] - odometer[:-1]
    most = TELEPORT_FLOOR_M + TELEPORT_MPS * (rows["told_ms"][1:] - rows["told_ms"][:-1]) / 1000
    counts = same & (rise >= 0) & (rise <= most)
    driven = rows["driven_m"].astype(np.int64)
    driven[1:] += np.where(counts, rise, 0)
    starts = np.flatnonzero(np.append(True, ~same))
    newest: Records = rows[np.append(starts[1:], len(rows)) - 1].copy()
    newest["driven_m"] = np.add.reduceat(driven, starts)
    newest["since_ms"] = rows["since_ms"][starts]
    return newest


def known_since(driven: Records) -> int | None:
    """Return the city ms from which the rises are known; None while no vehicle has told its odometer twice,
    for of one reading nobody knows what was driven."""
    twice = driven[driven["told_ms"] > driven["since_ms"]]
    return int(twice["since_ms"].min()) if len(twice) else None


def of_vehicles(driven: Records, numbers: Sequence[int] | NDArray[np.intp]) -> Records:
    """Return the rows of DRIVEN[n] whose vehicles are among these."""
    found: Records = driven[np.isin(driven["vehicle_no"], np.asarray(numbers, np.uint32))]
    return found


def _last_told(before: Records, numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return when each vehicle told its odometer last, -1 for one that has not."""
    if not len(before):
        return np.full(len(numbers), -1, np.int64)
    at = np.minimum(np.searchsorted(before["vehicle_no"], numbers), len(before) - 1)
    found: NDArray[np.int64] = np.where(before["vehicle_no"][at] == numbers, before["told_ms"][at], -1)
    return found


def _readings(statuses: Records) -> tuple[Numbers, Numbers, Numbers]:
    """Return (number, city ms, metres) of the statuses that tell an odometer; 0 is one that tells none."""
    said = np.frombuffer(np.ascontiguousarray(statuses["record"]).tobytes(), STATUS)
    tells = said["odometer_m"] > 0
    return (
        statuses["vehicle_no"][tells].astype(np.int64),
        statuses["measured_ms"][tells].astype(np.int64),
        said["odometer_m"][tells].astype(np.int64),
    )
