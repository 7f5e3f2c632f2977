"""Vehicles counted by H3 cell, once for every screen of one mask and resolution; boxes only choose rows."""

import math
from typing import Any, Final

import h3
import numpy as np
from h3 import _cy
from numpy.typing import NDArray

from fleet.live.cells import ALARM, CONDITIONS, FINEST, CellBook, Kinds, Moves
from fleet.live.mirror import Box
from fleet.live.reach import ReachMask
from geofences.cover import Cells, parents

COARSEST: Final = 3
SEVERITIES: Final = 4
WIDE_AT_ZOOM: Final = 7.0
"""At this zoom a cell of resolution 5 is 40 pixels wide at Ordos: room for a count."""
ZOOMS_A_RESOLUTION: Final = math.log2(7) / 2
"""A cell is √7 times as wide as one of the next resolution."""
MOST_CELLS: Final = 4_000
"""Cells of one message (132 kB); above it the resolution is coarser."""
MOST_BOXES: Final = 2_048
"""Map views whose rows are remembered."""
STRAY: Final = 1.3
"""Radius of a cell over its average edge, and some: a cell at a view's border is rather told than not."""


def resolution_for(zoom: float) -> int:
    """Return the finest resolution whose cells have room for a count at this zoom of the map."""
    return max(COARSEST, min(FINEST, 5 + math.floor((zoom - WIDE_AT_ZOOM) / ZOOMS_A_RESOLUTION)))


class Aggregate:
    """Counts by cell, ascending by cell; a row stays when its last vehicle goes, so that this is told too."""

    def __init__(self, mask: ReachMask, resolution: int, book: CellBook) -> None:
        self.mask = mask
        self.resolution = resolution
        self.version = 0
        """Rises with every change; rows know at which version they changed last."""
        self._book = book
        self._generation = -1
        self.bodies: dict[tuple[tuple[float, ...] | None, int | None], tuple[int, bytes]] = {}
        """Messages of this version (cell_messages)."""
        self._boxes: dict[tuple[float, ...] | None, NDArray[np.intp]] = {}
        self._border = round(STRAY * h3.average_hexagon_edge_length(resolution, "m") / 111_195 * 1e7)
        self.cells: Cells = np.zeros(0, np.uint64)
        self.conditions: NDArray[np.int32] = np.zeros((0, CONDITIONS), np.int32)
        self.severities: NDArray[np.int32] = np.zeros((0, SEVERITIES), np.int32)
        self.changed_at: NDArray[np.int64] = np.zeros(0, np.int64)
        self._lat: NDArray[np.int32] = np.zeros(0, np.int32)
        self._lng: NDArray[np.int32] = np.zeros(0, np.int32)
        self.recount()

    def __repr__(self) -> str:
        return f"Aggregate(resolution {self.resolution}, {int(self.conditions.sum())} vehicles)"

    def take(self, moves: Moves) -> None:
        """Count what moved out of its old cell into its new one."""
        if self._generation != self.mask.generation:
            self.recount()
            return
        mine = np.flatnonzero(self.mask.over(moves.numbers))
        if not len(mine):
            return
        self._turn()
        self._count(moves.cells[mine], moves.kinds[mine], 1)
        self._count(moves.cells_before[mine], moves.kinds_before[mine], -1)

    def recount(self) -> None:
        """Count everybody again, because the mask changed; only rows that came out different are told."""
        self._generation = self.mask.generation
        self._turn()
        conditions, severities = self.conditions.copy(), self.severities.copy()
        changed_at = self.changed_at.copy()
        self.conditions[:] = 0
        self.severities[:] = 0
        rows_before = self.cells
        numbers = np.flatnonzero(self._book.cells)
        numbers = numbers[self.mask.over(numbers)]
        self._count(self._book.cells[numbers], self._book.kinds[numbers], 1)
        at = np.searchsorted(self.cells, rows_before)
        same = (self.conditions[at] == conditions).all(axis=1) & (self.severities[at] == severities).all(
            axis=1
        )
        self.changed_at[at] = np.where(same, changed_at, self.version)

    def _turn(self) -> None:
        self.version += 1
        self.bodies.clear()

    def _count(self, fine: Cells, kinds: Kinds, step: int) -> None:
        there = fine != 0
        cells, kinds = parents(fine[there], self.resolution), kinds[there]
        if not len(cells):
            return
        rows = self._rows_of(cells)
        conditions = kinds & 0b111
        np.add.at(self.conditions, (rows, conditions), step)
        alarmed = conditions == ALARM
        np.add.at(self.severities, (rows[alarmed], kinds[alarmed] >> 3), step)
        self.changed_at[rows] = self.version

    def _rows_of(self, cells: Cells) -> NDArray[np.intp]:
        rows = np.searchsorted(self.cells, cells)
        if len(self.cells):
            known = self.cells[np.minimum(rows, len(self.cells) - 1)] == cells
            if known.all():
                return rows
        self._add_rows(np.setdiff1d(cells, self.cells))
        return np.searchsorted(self.cells, cells)

    def _add_rows(self, new: Cells) -> None:
        at = np.searchsorted(self.cells, new)
        centres = np.array([_cy.cell_to_latlng(cell) for cell in new.tolist()], np.float64)
        lat, lng = np.rint(centres.T * 1e7).astype(np.int32)
        self.cells = np.insert(self.cells, at, new)
        self.conditions = np.insert(self.conditions, at, 0, axis=0)
        self.severities = np.insert(self.severities, at, 0, axis=0)
        self.changed_at = np.insert(self.changed_at, at, self.version)
        self._lat, self._lng = np.insert(self._lat, at, lat), np.insert(self._lng, at, lng)
        self._boxes.clear()

    def rows_in(self, box: Box | None) -> NDArray[np.intp]:
        """Return the rows of cells that touch the box, and perhaps of a few beside it."""
        key = None if box is None else box.key
        rows = self._boxes.get(key)
        if rows is None:
            if len(self._boxes) > MOST_BOXES:
                self._boxes.clear()
            rows = np.arange(len(self.cells))
            if box is not None:
                rows = rows[box.near(self._lat, self._lng, self._border)]
            self._boxes[key] = rows
        return rows

    def vehicles_in(self, box: Box | None) -> int:
        """Return about how many vehicles are in the box: those of all cells that touch it."""
        return int(self.conditions[self.rows_in(box)].sum())

    def shown_in(self, box: Box | None) -> NDArray[np.intp]:
        """Return the rows of the box that hold a vehicle."""
        rows = self.rows_in(box)
        return rows[self.conditions[rows].any(axis=1)]

    def changed_in(self, box: Box | None, since: int) -> NDArray[np.intp]:
        """Return the rows of the box that changed after a version; one without vehicles is gone."""
        rows = self.rows_in(box)
        return rows[self.changed_at[rows] > since]

    def worst_of(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return 0 for no alarm, else 1 + the rank of the worst severity, of each row."""
        has = self.severities[rows] > 0
        worst: NDArray[Any] = np.where(has, np.arange(1, SEVERITIES + 1, dtype=np.uint8), 0).max(
            axis=1, initial=0
        )
        return worst.astype(np.uint8)
