"""Boustrophedon cells: parallel lanes over flat ground, grouped where each lane has one neighbour.

Choset, "Coverage of Known Spaces: The Boustrophedon Cellular Decomposition", Autonomous Robots 9 (2000); here
the sweep line goes on by whole lanes, so that a cell is a run of lanes that follow each other one to one.
"""

import math

import numpy as np
import shapely
from msgspec import Struct
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from services.sweeping.ground import CRUMB_M2, polygons

TURN_COST = 1.2
"""A lane costs its length and so many metres a metre of turning half circle: gears are changed in it."""
ANGLES = 12
"""Directions tried besides those of the border's long edges."""
SHORTEST_M = 0.2


class Lane(Struct, frozen=True):
    """A straight line that is swept, (x, y) metres at both ends; its own ground is told by ``box``."""

    start: tuple[float, float]
    end: tuple[float, float]
    box: Polygon

    @property
    def length_m(self) -> float:
        """Return its length."""
        return math.dist(self.start, self.end)


type Cell = list[Lane]


def cells_over(
    rest: Polygon, course: BaseGeometry, width_m: float, heading: float | None = None
) -> list[Cell]:
    """Return the cells whose lanes cover ``rest``, each lane on ``course``.

    ``heading`` is the direction of the lanes, radians from the x axis; None takes the one with the shortest
    lanes and turns together.
    """
    if heading is not None:
        return _cells(rest, course, width_m, heading)
    found = [_cells(rest, course, width_m, angle) for angle in _headings(rest)]
    return min(found, key=lambda cells: _cost(cells, width_m), default=[])


def _cost(cells: list[Cell], width_m: float) -> float:
    lanes = [lane for cell in cells for lane in cell]
    turn = TURN_COST * math.pi * width_m
    return sum(lane.length_m for lane in lanes) + turn * len(lanes) + 2 * turn * len(cells)


def _headings(rest: Polygon) -> list[float]:
    """Return directions worth trying: those of long edges, of the tightest rectangle, and some all round."""
    outline = np.asarray(rest.simplify(0.5).exterior.coords)
    steps = np.diff(outline, axis=0)
    lengths = np.hypot(*steps.T)
    longest = steps[np.argsort(-lengths)[:4]]
    tight = rest.minimum_rotated_rectangle
    sides = np.diff(np.asarray(tight.exterior.coords), axis=0)[:2]
    edges = [math.atan2(dy, dx) % math.pi for dx, dy in (*longest, *sides)]
    return sorted({round(angle, 4) for angle in (*edges, *(math.pi * n / ANGLES for n in range(ANGLES)))})


def _cells(rest: Polygon, course: BaseGeometry, width_m: float, heading: float) -> list[Cell]:
    cos, sin = math.cos(heading), math.sin(heading)
    flat = shapely.transform(rest, lambda xy: xy @ np.array([[cos, -sin], [sin, cos]]))
    ways = shapely.transform(course, lambda xy: xy @ np.array([[cos, -sin], [sin, cos]]))
    shapely.prepare(ways)
    low_x, low_y, high_x, high_y = flat.bounds
    count = max(1, math.ceil((high_y - low_y) / width_m - 1e-3))
    step = (high_y - low_y) / count
    rows = []
    for number in range(count):
        bottom = low_y + number * step
        strip = shapely.box(low_x - 1, bottom, high_x + 1, bottom + step)
        middle = bottom + step / 2
        rows.append(
            [lane for part in polygons(strip.intersection(flat)) for lane in _along(part, ways, middle)]
        )
    return [[_turned(lane, cos, sin) for lane in cell] for cell in _linked(rows)]


def _along(part: Polygon, ways: BaseGeometry, middle: float) -> list[Lane]:
    """Return the lanes over one piece of a strip: its extent on the middle line, where one may drive.

    Where the middle line is not drivable the nearest drivable line through the piece is taken.
    """
    low, bottom, high, top = part.bounds
    for line_y in (middle, (bottom + top) / 2):
        line = LineString([(low, line_y), (high, line_y)])
        if line.length < SHORTEST_M:
            line = LineString([(low - SHORTEST_M, line_y), (high + SHORTEST_M, line_y)])
        pieces = shapely.get_parts(ways.intersection(line)).tolist()
        drivable = [each for each in pieces if each.geom_type == "LineString" and each.length > SHORTEST_M]
        if drivable:
            return [Lane(each.coords[0], each.coords[-1], part) for each in drivable]
    return []


def _linked(rows: list[list[Lane]]) -> list[Cell]:
    """Return the lanes of consecutive strips as cells: a lane goes on a cell when it alone touches its last
    lane and touches no other."""
    cells: list[Cell] = []
    open_cells: list[Cell] = []
    for row in rows:
        touching = [
            [cell for cell in open_cells if cell[-1].box.distance(lane.box) < CRUMB_M2] for lane in row
        ]
        goes_on: list[Cell] = []
        for lane, found in zip(row, touching, strict=True):
            if len(found) == 1 and sum(found[0] in others for others in touching) == 1:
                found[0].append(lane)
                goes_on.append(found[0])
            else:
                cells.append([lane])
                goes_on.append(cells[-1])
        open_cells = goes_on
    return cells


def _turned(lane: Lane, cos: float, sin: float) -> Lane:
    back = [(x * cos - y * sin, x * sin + y * cos) for x, y in (lane.start, lane.end)]
    return Lane(back[0], back[1], lane.box)
