"""The newest live record of every vehicle in the memory of an api process, filled by rooms and blobs."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.numbering import last_of_each
from fleet.telemetry.records import LIVE, Records
from fleet.telemetry.roster import MAX_VEHICLE_NO, longer

type Numbers = NDArray[Any]
type Mask = NDArray[np.bool_]


class Mirror:
    """LIVE by vehicle_no. ``changed`` collects numbers until the hub takes them at its tick."""

    def __init__(self) -> None:
        self.records: Records = np.zeros(1024, LIVE)
        self.before: Records = np.zeros(1024, LIVE)
        """Records as they were at the tick before: who leaves a map view is still told to it once."""
        self._changed = np.zeros(1024, np.bool_)
        self.city_ms = 0

    def __len__(self) -> int:
        return int((self.records["vehicle_no"] != 0).sum())

    def take(self, records: Records, city_ms: int) -> None:
        """Take LIVE[n] of a room; of a vehicle that comes twice the last counts."""
        numbers = records["vehicle_no"]
        if len(numbers) and int(numbers.max()) >= len(self.records):
            self._grow(int(numbers.max()) + 1)
        self.records[numbers] = records
        self._changed[numbers] = True
        self.city_ms = max(self.city_ms, city_ms)

    def reconcile(self, records: Records, city_ms: int) -> int:
        """Take LIVE[n] of all blobs; mark only what differs, and return how many did."""
        rows = last_of_each(records["vehicle_no"])
        records = records[rows]
        numbers = records["vehicle_no"]
        if len(numbers) and int(numbers.max()) >= len(self.records):
            self._grow(int(numbers.max()) + 1)
        differs = self.records[numbers] != records
        self.take(records[differs], city_ms)
        return int(differs.sum())

    def turn(self) -> Numbers:
        """Return the vehicles that changed since the last turn, ascending, and begin the next."""
        numbers = np.flatnonzero(self._changed)
        self._changed[numbers] = False
        return numbers

    def settle(self, numbers: Numbers) -> None:
        """Note that these vehicles were told about."""
        self.before[numbers] = self.records[numbers]

    def known(self) -> Numbers:
        """Return every vehicle that was ever shown, ascending."""
        return np.flatnonzero(self.records["vehicle_no"])

    def _grow(self, size: int) -> None:
        if size > MAX_VEHICLE_NO + 1:
            raise ValueError(f"vehicle number {size - 1} is above {MAX_VEHICLE_NO}")
        size = max(size, 2 * len(self.records))
        self.records = longer(self.records, size)
        self.before = longer(self.before, size)
        self._changed = longer(self._changed, size)


class Box:
    """A map view in degrees, west < east; the ends belong to it."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        """Raise ValueError when the box is none."""
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError(f"[{west}, {south}, {east}, {north}] is no box of west, south, east, north")
        self.key = (west, south, east, north)
        self._lat = (round(south * 1e7), round(north * 1e7))
        self._lng = (round(west * 1e7), round(east * 1e7))

    def __repr__(self) -> str:
        return f"Box{self.key}"

    @property
    def e7(self) -> tuple[int, int, int, int]:
        """Return south, north, west, east in degrees ×1e7."""
        return (*self._lat, *self._lng)

    def holds(self, records: Records) -> Mask:
        """Say which of LIVE[n] lie in the box."""
        lat, lng = records["lat_e7"], records["lng_e7"]
        held: Mask = (
            (lat >= self._lat[0]) & (lat <= self._lat[1]) & (lng >= self._lng[0]) & (lng <= self._lng[1])
        )
        held &= records["vehicle_no"] != 0
        return held

    def near(self, lat_e7: NDArray[np.int32], lng_e7: NDArray[np.int32], border_e7: int) -> Mask:
        """Say which points lie in the box or within ``border_e7`` of latitude around it."""
        wide = round(border_e7 / max(0.1, math.cos(math.radians(max(abs(self.key[1]), abs(self.key[3]))))))
        near: Mask = (lat_e7 >= self._lat[0] - border_e7) & (lat_e7 <= self._lat[1] + border_e7)
        near &= (lng_e7 >= self._lng[0] - wide) & (lng_e7 <= self._lng[1] + wide)
        return near
