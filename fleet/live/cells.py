"""Which H3 cell each vehicle of the mirror is in, kept by array work: most vehicles are where they were.

The cell of a point is the dearest thing to ask of H3 (0.4 µs). A vehicle within the disc that fits into its
last cell is still in that cell (four of five are), and so is one within the six edges, drawn a little inward;
only one that is neither is looked up again: 4 % of vehicles at 3 m/s, so that 100,000 of them a second take
10 ms instead of 45. Coarser cells are parents by bits of this fine one, never cells of the point
(geofences/cover).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from h3 import _cy
from numpy.typing import NDArray

from fleet.alarms.kinds import SEVERITY_RANK, Severity
from fleet.telemetry.records import Records
from fleet.telemetry.roster import longer
from geofences.cover import Cells, cells_of

FINEST: Final = 9
"""Edge ~190 m at Ordos: what zoom 12.6 and closer shows as a cell."""
INWARD: Final = 0.98
"""Edges are taken at this share of their distance from the centre: the plane reckoned on is good to 0.1 %."""
EDGES: Final = 6
MOST_PLACES: Final = 200_000
"""Cells whose edges are remembered (88 B and an entry of a dict each); then the memory begins again."""
PLACES_AT_ONCE: Final = 1_000
"""Cells reckoned in one turn, 6 µs each: a cold start must not hold up the loop."""
CONDITIONS: Final = 5
ASKS: Final = 1 + SEVERITY_RANK[Severity.WARNING]
"""A standing alarm of less asks nobody to come."""
ALARM: Final = 4

type Numbers = NDArray[Any]
type Kinds = NDArray[np.uint8]
"""Bits 0–2 condition, bits 3–4 severity of the worst alarm."""


class Moves(NamedTuple):
    """Vehicles whose cell or kind changed, and from what to what; a cell of 0 is nowhere."""

    numbers: Numbers
    cells_before: Cells
    kinds_before: Kinds
    cells: Cells
    kinds: Kinds


class CellBook:
    """Cell and kind of every vehicle, by vehicle_no."""

    def __init__(self) -> None:
        self.cells: Cells = np.zeros(0, np.uint64)
        self.kinds: Kinds = np.zeros(0, np.uint8)
        self.standing: NDArray[np.uint8] = np.zeros(0, np.uint8)
        """1 + rank of the worst standing alarm that facts know of, by vehicle_no; 0 none."""
        self._alarmed: Numbers = np.zeros(0, np.intp)
        """Vehicles whose standing alarm changed since the last turn."""
        self.asked = 0
        """Points whose cell was asked of H3 so far."""
        self._place: NDArray[np.int32] = np.zeros(0, np.int32)
        """Row of the vehicle's cell in the columns below; row 0 has no disc."""
        self._forget_places()

    def __repr__(self) -> str:
        return f"CellBook({int((self.cells != 0).sum())} vehicles, {self._used} discs)"

    def _forget_places(self) -> None:
        self._rows: dict[int, int] = {}
        self._used = 1
        self._place[:] = 0
        size = 4096
        self._lat: NDArray[np.int32] = np.zeros(size, np.int32)
        self._lng: NDArray[np.int32] = np.zeros(size, np.int32)
        self._squeeze: NDArray[np.float32] = np.ones(size, np.float32)
        self._disc: NDArray[np.float32] = np.full(size, -1.0, np.float32)
        """Square of the disc's radius in 1e-7 degrees of latitude; −1 holds no point."""
        self._edges: NDArray[np.float32] = np.zeros((size, 3, EDGES), np.float32)
        """Of each edge the outward normal (east, north) and the distance from the centre; 0 holds nobody."""

    def stand(self, ranks: Mapping[int, int]) -> None:
        """Take the rank of the worst standing alarm of each vehicle that has one; counted at the next turn.

        Alarms that a vehicle's own data does not show (nobody watches it, its permit ran out) are facts only.
        """
        standing = np.zeros(len(self.cells), np.uint8)
        for number, rank in ranks.items():
            if number < len(standing):
                standing[number] = 1 + rank
        changed = np.flatnonzero((standing != self.standing) & (self.cells != 0))
        self._alarmed = np.union1d(self._alarmed, changed)
        self.standing = standing

    def take(self, records: Records, numbers: Numbers) -> Moves:
        """Follow the vehicles of these numbers to where LIVE by vehicle_no says; return who changed."""
        if len(self._alarmed):
            numbers = np.union1d(numbers, self._alarmed)
            self._alarmed = self._alarmed[:0]
        if len(records) > len(self.cells):
            self.standing = longer(self.standing, len(records))
            self.cells = longer(self.cells, len(records))
            self.kinds = longer(self.kinds, len(records))
            self._place = longer(self._place, len(records))
        here = records[numbers]
        lat, lng = here["lat_e7"], here["lng_e7"]
        place = self._place[numbers]
        north = (lat - self._lat[place]).astype(np.float32)
        east = (lng - self._lng[place]).astype(np.float32) * self._squeeze[place]
        out = np.flatnonzero(north * north + east * east >= self._disc[place])
        edges = self._edges[place[out]]
        beyond = east[out, None] * edges[:, 0] + north[out, None] * edges[:, 1] >= edges[:, 2]
        out = out[beyond.any(axis=1)]
        before = self.cells[numbers]
        cells = before.copy()
        if len(out):
            cells[out] = cells_of(lat[out] * 1e-7, lng[out] * 1e-7, FINEST)
            self.asked += len(out)
            self._place[numbers[out]] = self._places_of(cells[out])
        kinds = kinds_of(here["flags"], self.standing[numbers])
        kinds_before = self.kinds[numbers]
        rows = np.flatnonzero((cells != before) | (kinds != kinds_before))
        moved = numbers[rows]
        self.cells[moved] = cells[rows]
        self.kinds[moved] = kinds[rows]
        return Moves(moved, before[rows], kinds_before[rows], cells[rows], kinds[rows])

    def _places_of(self, cells: Cells) -> NDArray[np.int32]:
        """Return the rows of the cells' discs, 0 for those whose turn to be reckoned comes later."""
        if self._used > MOST_PLACES:
            self._forget_places()
        rows = self._rows
        different, which = np.unique(cells, return_inverse=True)
        wanted = different.tolist()
        new = [cell for cell in wanted if cell and cell not in rows][:PLACES_AT_ONCE]
        if new:
            self._reckon(new)
        return np.array([rows.get(cell, 0) for cell in wanted], np.int32)[which]

    def _reckon(self, new: Sequence[int]) -> None:
        end = self._used + len(new)
        if end > len(self._lat):
            size = max(end, 2 * len(self._lat))
            self._lat, self._lng = longer(self._lat, size), longer(self._lng, size)
            self._squeeze, self._disc = longer(self._squeeze, size), longer(self._disc, size)
            self._edges = longer(self._edges, size)
        rows = slice(self._used, end)
        centres = np.array([_cy.cell_to_latlng(cell) for cell in new], np.float64)
        self._lat[rows], self._lng[rows] = np.rint(centres.T * 1e7)
        self._squeeze[rows] = squeeze = np.cos(np.radians(centres[:, 0]))
        self._edges[rows] = edges = _edges_of(new, centres, squeeze)
        nearest = edges[:, 2].min(axis=1)
        self._disc[rows] = np.where(nearest > 0, nearest**2, -1.0)
        for row, cell in enumerate(new, self._used):
            self._rows[cell] = row
        self._used = end


def _edges_of(cells: Sequence[int], centres: NDArray[np.float64], squeeze: NDArray[np.float64]) -> Any:
    """Return float64[n, 3, 6]: each edge's outward normal (east, north) and distance from the centre, inward.

    A cell without just six corners (a pentagon, or one that an edge of the icosahedron cuts) holds no point.
    """
    edges = np.zeros((len(cells), 3, EDGES))
    rings = [_cy.cell_to_boundary(cell) for cell in cells]
    plain = np.array([row for row, ring in enumerate(rings) if len(ring) == EDGES], np.intp)
    if not len(plain):
        return edges
    ring = np.array([rings[row] for row in plain.tolist()], np.float64)
    north = (ring[:, :, 0] - centres[plain, None, 0]) * 1e7
    east = (ring[:, :, 1] - centres[plain, None, 1]) * squeeze[plain, None] * 1e7
    along_north, along_east = np.roll(north, -1, axis=1) - north, np.roll(east, -1, axis=1) - east
    length = np.hypot(along_east, along_north)
    away = (east * along_north - north * along_east) / length
    out = np.sign(away)
    edges[plain] = np.stack(
        (along_north / length * out, -along_east / length * out, np.abs(away) * INWARD), axis=1
    )
    return edges


def kinds_of(flags: NDArray[np.uint8], standing: NDArray[np.uint8]) -> Kinds:
    """Return the kinds of live flags and of standing alarms that are facts.

    Either makes an alarm, a standing one from warning up (as on the map of vehicles), and the worse counts.
    """
    asks = standing >= ASKS
    conditions = np.where(asks, np.uint8(ALARM), np.minimum(flags & 0b111, ALARM))
    severities = np.where((flags & 0b111) == ALARM, flags >> 6, 0)
    severities = np.where(asks, np.maximum(severities, standing - np.uint8(1)), severities)
    kinds: Kinds = conditions.astype(np.uint8) | (severities << 3).astype(np.uint8)
    return kinds
