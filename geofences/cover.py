"""H3 covers: which cells lie wholly inside a shape and which touch its border.

A point is looked up by the *parent of its fine cell*, never by its own coarse cell, because in 6-7 % of
places the two differ (a hexagon's children stick out of it). So a coarse cell stands here for the region
of all its descendants. That region lies in a disc around the cell's centre, of radius at most
``sqrt(3) * sum(7 ** (-k / 2)) = 1.053`` times the cell's circumradius plus what the projection distorts;
``DISC_FACTOR`` leaves 9 % for that (1.057 is the most seen over 700,000 random points, pentagon
surroundings included). A disc that the border does not touch is wholly inside or wholly outside, so
cells called *inside* need no test and cells left out hold no member: exact, whatever the rounding of H3.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Final, NamedTuple

import h3
import h3.api.basic_int as h3i
import numpy as np
import shapely
from h3 import _cy
from numpy.typing import NDArray

from geofences import geo

type Cells = NDArray[np.uint64]
type Owners = NDArray[np.intp]
"""Numbers of shapes."""

DEFAULT_RESOLUTION: Final = 9
"""Edge ~190 m at Ordos; architecture.md."""
FINEST_RESOLUTION: Final = 12
"""Edge ~10 m: below it a fence is smaller than the error of a position."""
DISC_FACTOR: Final = 1.15
_EDGES_A_SIDE: Final = 5.0
_TOGETHER: Final = 256
"""Shapes that are covered in one piece of work: the thread that builds lets others run in between."""
_DIGIT_BITS: Final = 3
_MAX_RESOLUTION: Final = 15


class Cover(NamedTuple):
    """Cells of mixed resolution which no two share a point, and together hold the whole shape."""

    cells: Cells
    inside: NDArray[np.bool_]
    """True: every point of the cell is a member. False: the polygon must decide."""


def cells_of(lat: NDArray[np.float64], lng: NDArray[np.float64], resolution: int) -> Cells:
    """Return the H3 cell of each point as ``uint64[n]``; 0 where the point is not finite or out of range.

    About 0.4 µs a point; it is the dearest part of matching, so callers keep the result.
    """
    good = (np.abs(lat) <= 90.0) & (np.abs(lng) <= 180.0)
    if good.all():
        to_cell = map(_cy.latlng_to_cell, lat.tolist(), lng.tolist(), repeat(resolution))
        return np.fromiter(to_cell, np.uint64, count=len(lat))
    cells = np.zeros(len(lat), np.uint64)
    cells[good] = cells_of(lat[good], lng[good], resolution)
    return cells


def parents(cells: Cells, resolution: int) -> Cells:
    """Return the parent at ``resolution`` of each cell, by bits alone; 0 stays 0.

    The cells must be at ``resolution`` or finer.
    """
    unused = np.uint64((1 << (_DIGIT_BITS * (_MAX_RESOLUTION - resolution))) - 1)
    field = np.uint64(0xF << 52)
    raised = (cells & ~field) | np.uint64(resolution << 52) | unused
    return np.where(cells == 0, np.uint64(0), raised)


def descendant_ranges(cells: Cells, resolution: int) -> tuple[Cells, Cells]:
    """Return (first, last) ids that hold exactly the cells' descendants at ``resolution``.

    With the resolution fixed, descendants of one cell are one run of ids: that is what lets a single
    sorted array answer for covers of every resolution.
    """
    own = ((cells >> np.uint64(52)) & np.uint64(0xF)).astype(np.int64)
    if len(own) and int(own.max()) > resolution:
        raise ValueError(f"a cell of resolution {int(own.max())} has no descendants at {resolution}")
    tail = np.uint64((1 << (_DIGIT_BITS * (_MAX_RESOLUTION - resolution))) - 1)
    free = (np.uint64(1) << (_DIGIT_BITS * (_MAX_RESOLUTION - own)).astype(np.uint64)) - np.uint64(1)
    base = (cells & ~np.uint64(0xF << 52)) | np.uint64(resolution << 52)
    return (base & ~free) | tail, base | free


def resolution_for(area_m2: float) -> int:
    """Return the resolution at which the border of a shape of this area is worth drawing.

    9, or the first finer one whose edge is no longer than a fifth of the side of a square of the same area:
    the band of cells that ask the polygon is then narrower than the shape.
    """
    for resolution in range(DEFAULT_RESOLUTION, FINEST_RESOLUTION):
        if h3.average_hexagon_edge_length(resolution, "m") <= area_m2**0.5 / _EDGES_A_SIDE:
            return resolution
    return FINEST_RESOLUTION


def covers(
    shapes: NDArray[np.object_], resolutions: Sequence[int], *, disc_factor: float = DISC_FACTOR
) -> list[Cover]:
    """Return the cover of each polygon or multipolygon (degrees, valid, not across the antimeridian).

    Goes down from a few coarse cells and divides only those that a border touches, so the cost follows
    the borders' length and not the area: 0.6 ms for a street block, 0.2 s for a 旗区 at resolution 9. A
    result holds for index resolutions equal to its own or finer. ``disc_factor`` is there for the test which
    shows that the oracle notices one that is too small.
    """
    found: list[Cover] = []
    for first in range(0, len(shapes), _TOGETHER):
        part = slice(first, first + _TOGETHER)
        found += _divide(_Flat(shapes[part], disc_factor, resolutions[part]))
    return found


def _divide(flat: "_Flat") -> list[Cover]:
    owners: list[Owners] = []
    cells: list[Cells] = []
    inside: list[NDArray[np.bool_]] = []

    def keep(owner: Owners, these: Cells, *, are_inside: bool) -> None:
        owners.append(owner)
        cells.append(these)
        inside.append(np.full(len(these), are_inside))

    owner, level = np.zeros(0, np.intp), np.zeros(0, np.uint64)
    for current in range(int(flat.start.min(initial=0)), int(flat.finest.max(initial=-1)) + 1):
        more, begun = flat.beginning(current)
        owner, level = np.concatenate((owner, more)), np.concatenate((level, begun))
        is_inside, is_border = flat.classify(owner, level)
        keep(owner[is_inside], level[is_inside], are_inside=True)
        is_last = flat.finest[owner] == current
        keep(owner[is_border & is_last], level[is_border & is_last], are_inside=False)
        owner, level = _children(owner[is_border & ~is_last], level[is_border & ~is_last])
    of, found, held = np.concatenate(owners), np.concatenate(cells), np.concatenate(inside)
    order = np.argsort(of, kind="stable")
    cuts = np.searchsorted(of[order], np.arange(1, len(flat.start)))
    parts = zip(np.split(found[order], cuts), np.split(held[order], cuts), strict=True)
    return [Cover(*part) for part in parts]


def _children(owner: Owners, cells: Cells) -> tuple[Owners, Cells]:
    families = [h3i.cell_to_children(cell) for cell in cells.tolist()]
    children = np.array([child for family in families for child in family], np.uint64)
    return np.repeat(owner, [len(family) for family in families]), children


def _coarse_resolution(radius_m: float, finest: int) -> int:
    """Return the finest resolution at which two rings around the centre surely hold the shape."""
    for resolution in range(finest, 0, -1):
        if h3.average_hexagon_edge_length(resolution, "m") >= radius_m:
            return resolution
    return 0


class _Flat:
    """Shapes, each on a plane of its own where no distance is longer than on the sphere.

    x is longitude times the *smallest* cosine of the shape's surroundings, y is latitude. A disc that
    misses the border here misses it on the sphere too.
    """

    def __init__(self, shapes: NDArray[np.object_], disc_factor: float, finest: Sequence[int]) -> None:
        self._disc_factor = disc_factor
        west, south, east, north = shapely.bounds(shapes).T
        self._lat, self._lng = (south + north) / 2, (west + east) / 2
        radius_m = np.max(
            [geo.distances_m(self._lat, self._lng, a, b) for a in (south, north) for b in (west, east)],
            axis=0,
        )
        self.finest = np.array(finest, np.intp)
        self.start = np.array(
            [_coarse_resolution(*one) for one in zip(radius_m.tolist(), finest, strict=True)], np.intp
        )
        margin = [
            4 * h3.average_hexagon_edge_length(int(one), "m") / geo.METRES_PER_DEGREE for one in self.start
        ]
        farthest = np.maximum(np.abs(south), np.abs(north)) + np.array(margin)
        self._squeeze = np.cos(np.radians(np.minimum(89.0, farthest)))
        corners, owner = shapely.get_coordinates(shapes, return_index=True)
        corners[:, 0] = (corners[:, 0] - self._lng[owner]) * self._squeeze[owner]
        self._shapes = shapely.set_coordinates(shapes.copy(), corners)
        self._borders = shapely.boundary(self._shapes)
        shapely.prepare(self._shapes)
        shapely.prepare(self._borders)

    def beginning(self, resolution: int) -> tuple[Owners, Cells]:
        """Return (shape, cell) of the shapes that begin at a resolution: all cells that may hold a part."""
        here = np.flatnonzero(self.start == resolution)
        discs = [
            h3i.grid_disk(h3i.latlng_to_cell(lat, lng, resolution), 2)
            for lat, lng in zip(self._lat[here].tolist(), self._lng[here].tolist(), strict=True)
        ]
        cells = np.array([cell for disc in discs for cell in disc], np.uint64)
        return np.repeat(here, [len(disc) for disc in discs]), cells

    def classify(self, owner: Owners, cells: Cells) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return (inside, border) for each (shape, cell); a cell that is neither holds no member."""
        if not len(cells):
            return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        different, which = np.unique(cells, return_inverse=True)
        centres, radius_m = _discs(different.tolist())
        lat, lng = centres[which, 0], centres[which, 1]
        x = ((lng - self._lng[owner] + 540.0) % 360.0 - 180.0) * self._squeeze[owner]
        points = shapely.points(x, lat)
        reach = self._disc_factor * radius_m[which] / geo.METRES_PER_DEGREE
        border = shapely.dwithin(self._borders[owner], points, reach)
        inside = np.zeros(len(cells), np.bool_)
        left = np.flatnonzero(~border)
        inside[left] = shapely.intersects(self._shapes[owner[left]], points[left])
        return inside, border


def _discs(cells: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres (lat, lng), float64[n, 2], and how far the farthest corner is from it, metres."""
    centres = np.array([_cy.cell_to_latlng(cell) for cell in cells], np.float64)
    rings = [_cy.cell_to_boundary(cell) for cell in cells]
    sizes = np.array([len(ring) for ring in rings])
    owner = np.repeat(np.arange(len(cells)), sizes)
    corner = np.array([place for ring in rings for place in ring], np.float64)
    reach = geo.distances_m(centres[owner, 0], centres[owner, 1], corner[:, 0], corner[:, 1])
    return centres, np.maximum.reduceat(reach, np.concatenate(([0], np.cumsum(sizes)[:-1])))
