"""Where vehicles stop along roads and lanes, in metres; on the right-hand side, away from junctions."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import LineString

from steppe.city.roads.graph import Edge, Point, StreetGraph

KERBSIDE_M: Final = 3.0
"""From the middle of a road to where a vehicle stands at its right side."""
FROM_JUNCTION_M: Final = 38.0
"""Stops keep this far from junctions, so that no vehicle waits on a crossing."""


@dataclass(slots=True, frozen=True)
class Stop:
    """A place to stand; ``heading_deg`` clockwise from north."""

    x: float
    y: float
    heading_deg: float


def stop_along(line: LineString, along_m: float, aside_m: float = KERBSIDE_M) -> Stop:
    """Return the stop at the right of a line's direction."""
    at = line.interpolate(along_m)
    before, after = line.interpolate(max(along_m - 2, 0)), line.interpolate(min(along_m + 2, line.length))
    dx, dy = after.x - before.x, after.y - before.y
    length = math.hypot(dx, dy) or 1.0
    heading = math.degrees(math.atan2(dx, dy)) % 360
    return Stop(at.x + dy / length * aside_m, at.y - dx / length * aside_m, heading)


def roadside_stops(
    graph: StreetGraph,
    highways: tuple[str, ...],
    count: int,
    taken: list[Point],
    gap_m: float,
    random: np.random.Generator,
) -> list[Stop]:
    """Return stops beside roads of some classes, at least a gap from each other and from ``taken``.

    Takes seeded tries; halves the gap when a town is too small for it, and gives fewer when there is no road.
    Adds what it chose to ``taken``.
    """
    edges = [edge for _, edge in sorted(graph.edges.items()) if suits(edge, highways)]
    if not edges:
        return []
    lengths = np.array([edge.length_m() for edge in edges])
    chosen: list[Stop] = []
    tries = 0
    while len(chosen) < count and tries < 4000:
        tries += 1
        gap = gap_m * 0.5 ** (tries // 800)
        edge = edges[int(random.choice(len(edges), p=lengths / lengths.sum()))]
        line = LineString(edge.line if edge.one_way or random.random() < 0.5 else edge.line[::-1])
        along = random.uniform(FROM_JUNCTION_M, line.length - FROM_JUNCTION_M)
        stop = stop_along(line, along)
        if all(math.dist((stop.x, stop.y), other) >= gap for other in taken):
            chosen.append(stop)
            taken.append((stop.x, stop.y))
    return chosen


def suits(edge: Edge, highways: tuple[str, ...]) -> bool:
    """Tell whether there is room to stop on a stretch of road."""
    return edge.highway in highways and not edge.is_roundabout and edge.length_m() > 2 * FROM_JUNCTION_M + 15


def loop_stop(loop: list[Point], share: float, aside_m: float = 2.0) -> Stop:
    """Return a stop beside a lane's loop, at a share (0-1) of its way round."""
    line = LineString(loop)
    return stop_along(line, line.length * (share % 1.0), aside_m)


def loop_spots(loop: list[Point], count: int) -> list[Stop]:
    """Return parking spots in the order they lie along a loop, at most ``count``, at least 6 m each."""
    line = LineString(loop)
    room = int(line.length // 6)
    number = min(count, room)
    return [stop_along(line, line.length * (index + 0.5) / number, 4.0) for index in range(number)]


def farthest_on_loop(loop: list[Point], gates: list[Point]) -> float:
    """Return the share of a loop that lies farthest from the gates: the doorstep of the last 50 m."""
    line = LineString(loop)
    shares = np.linspace(0, 1, 48, endpoint=False)
    points = shapely.line_interpolate_point(line, shares, normalized=True)
    distance = np.min([shapely.distance(points, shapely.Point(gate)) for gate in gates], axis=0)
    return float(shares[int(np.argmax(distance))])
