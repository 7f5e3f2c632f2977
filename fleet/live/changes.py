"""The vehicles that changed in one tick, laid out by place: a map view need not look at all of them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.live.mirror import Box, Mirror
from fleet.telemetry.records import Records

TILE_E7: Final = 100_000
"""0.01°, about a kilometre: a street view is a dozen tiles, a town a few hundred."""
MOST_ROWS: Final = 64
"""Rows of tiles of a view that is looked up; of a taller one all changes are looked at, which is as quick."""
_ROW: Final = 1 << 17
_SOUTH_POLE_E7: Final = 900_000_000
_DATE_LINE_E7: Final = 1_800_000_000

type Numbers = NDArray[Any]


class Changes:
    """Vehicle numbers that changed, ascending; places are laid out when the first view asks."""

    def __init__(self, numbers: Numbers, mirror: Mirror) -> None:
        self.numbers = numbers
        self._mirror = mirror
        self._tiles: NDArray[np.int64] | None = None
        self._laid: Numbers = numbers

    def near(self, box: Box | None) -> Numbers:
        """Return the numbers, ascending, of all that are or were in the box, and of some beside it."""
        if box is None:
            return self.numbers
        west, south, east, north = (round(edge * 1e7) for edge in box.key)
        first, last = (south + _SOUTH_POLE_E7) // TILE_E7, (north + _SOUTH_POLE_E7) // TILE_E7
        if last - first >= MOST_ROWS:
            return self.numbers
        if self._tiles is None:
            self._tiles = self._lay_out()
        rows = np.arange(first, last + 1) * _ROW
        begins = np.searchsorted(self._tiles, rows + (west + _DATE_LINE_E7) // TILE_E7)
        ends = np.searchsorted(self._tiles, rows + (east + _DATE_LINE_E7) // TILE_E7, side="right")
        parts = [
            self._laid[begin:end]
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
            if begin < end
        ]
        if not parts:
            return self.numbers[:0]
        found = np.sort(np.concatenate(parts))
        return found[np.concatenate(([True], found[1:] != found[:-1]))]

    def _lay_out(self) -> NDArray[np.int64]:
        """Sort by tile; who came from another tile stands in both."""
        numbers = self.numbers
        now = _tiles_of(self._mirror.records[numbers])
        before = self._mirror.before[numbers]
        came_from = _tiles_of(before)
        came = (came_from != now) & (before["vehicle_no"] != 0)
        tiles = np.concatenate((now, came_from[came]))
        order = np.argsort(tiles)
        self._laid = np.concatenate((numbers, numbers[came]))[order]
        sorted_tiles: NDArray[np.int64] = tiles[order]
        return sorted_tiles


def _tiles_of(records: Records) -> NDArray[np.int64]:
    rows = (records["lat_e7"].astype(np.int64) + _SOUTH_POLE_E7) // TILE_E7
    tiles: NDArray[np.int64] = rows * _ROW + (records["lng_e7"].astype(np.int64) + _DATE_LINE_E7) // TILE_E7
    return tiles
