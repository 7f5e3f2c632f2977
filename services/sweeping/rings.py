"""Passes along the border: what lanes cannot reach between their ends and the edge of the zone."""

import math
from collections.abc import Callable
from itertools import pairwise

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from services.sweeping.curves import STEP_RAD

SMOOTH_RAD = math.radians(35)
"""Bends up to this are driven as an arc without stopping: at 1.5 m it leaves the corner by 7 cm."""

type Point = tuple[float, float]
type Line = list[Point]
type Ring = list[Line]
"""The lines of one pass in their order; between two of them the vehicle has to turn."""


def rings_of(
    course: BaseGeometry, radius_m: float, shortest_m: float, allows: Callable[[Line], bool]
) -> list[Ring]:
    """Return one pass along each border of the course, the longest first.

    A bend is rounded only where the vehicle ``allows`` it. Lines shorter than ``shortest_m`` are left out:
    what the lines beside them sweep covers theirs.
    """
    found: list[Ring] = []
    for part in shapely.get_parts(course).tolist():
        if isinstance(part, Polygon):
            part = shapely.orient_polygons(part)
            found.extend(
                _ring(list(ring.coords), radius_m, allows) for ring in (part.exterior, *part.interiors)
            )
    kept = [[line for line in ring if length_of(line) >= shortest_m] or ring for ring in found]
    return sorted(kept, key=lambda ring: -sum(map(length_of, ring)))


def length_of(line: Line) -> float:
    """Return the length of a line of points."""
    return sum(math.dist(a, b) for a, b in pairwise(line))


def _ring(points: list[Point], radius_m: float, allows: Callable[[Line], bool]) -> Ring:
    """Return the border cut where it bends too sharply, its other bends rounded."""
    corners = points[:-1]
    count = len(corners)
    sharp = [
        n
        for n in range(count)
        if abs(_bend(corners, n)) > SMOOTH_RAD
        or not _fits(corners, n, radius_m)
        or not allows(_rounded(corners, n, radius_m))
    ]
    first = sharp[0] if sharp else 0
    order = [(first + n) % count for n in range(count + 1)]
    cuts = set(sharp) | {first}
    lines: Ring = [[corners[first]]]
    for n in order[1:]:
        if n in cuts:
            lines[-1].append(corners[n])
            lines.append([corners[n]])
        else:
            lines[-1].extend(_rounded(corners, n, radius_m))
    return [line for line in lines if len(line) > 1]


def _bend(corners: Line, n: int) -> float:
    before, here, after = corners[n - 1], corners[n], corners[(n + 1) % len(corners)]
    one = math.atan2(here[1] - before[1], here[0] - before[0])
    other = math.atan2(after[1] - here[1], after[0] - here[0])
    return math.remainder(other - one, 2 * math.pi)


def _fits(corners: Line, n: int, radius_m: float) -> bool:
    """Return whether the arc at a corner leaves half of each side to the next corners."""
    tangent = radius_m * math.tan(abs(_bend(corners, n)) / 2)
    before, here, after = corners[n - 1], corners[n], corners[(n + 1) % len(corners)]
    return 2 * tangent <= min(math.dist(before, here), math.dist(here, after))


def _rounded(corners: Line, n: int, radius_m: float) -> Line:
    bend = _bend(corners, n)
    tangent = radius_m * math.tan(abs(bend) / 2)
    before, here = corners[n - 1], corners[n]
    heading = math.atan2(here[1] - before[1], here[0] - before[0])
    x, y = here[0] - tangent * math.cos(heading), here[1] - tangent * math.sin(heading)
    side = math.copysign(radius_m, bend)
    steps = max(1, math.ceil(abs(bend) / STEP_RAD))
    angles = [heading + bend * k / steps for k in range(steps + 1)]
    return [
        (
            x + side * (math.sin(angle) - math.sin(heading)),
            y - side * (math.cos(angle) - math.cos(heading)),
        )
        for angle in angles
    ]
