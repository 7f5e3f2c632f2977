"""Grounds inside a town: blocks between streets, opened by a gate and a loop of service lanes."""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely
import shapely.ops
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from steppe.city.roads.graph import Edge, Point, StreetGraph

KERB_M: Final = 13.0
"""From the middle of a street to the fence of a ground beside it."""
SECOND_GATE_M2: Final = 45_000.0
QUIET: Final = ("residential", "tertiary")


@dataclass(slots=True)
class Site:
    """A fenced ground in metres. ``loop`` is its lane, closed; ``gates`` lie where lanes cross the fence."""

    ground: Polygon
    gates: list[Point] = field(default_factory=list)
    inside_gates: list[Point] = field(default_factory=list)
    loop: list[Point] = field(default_factory=list)


class Blocks:
    """The blocks of a town, each given away once."""

    def __init__(self, graph: StreetGraph, forbidden: BaseGeometry) -> None:
        lines = [LineString(edge.line) for edge in graph.edges.values()]
        faces = shapely.get_parts(shapely.polygonize(lines))
        free = [face for face in faces if not face.intersects(forbidden) and is_plump(face)]
        self._free: list[Polygon] = sorted(free, key=lambda face: (face.centroid.x, face.centroid.y))

    def free(self, smallest_m2: float, largest_m2: float) -> list[Polygon]:
        """Return the blocks of a size that nobody has."""
        return [face for face in self._free if smallest_m2 <= face.area <= largest_m2]

    def take(self, face: Polygon) -> Polygon:
        """Give a block away."""
        self._free = [other for other in self._free if other is not face]
        return face

    def take_away_from(
        self, others: list[Polygon], smallest_m2: float, largest_m2: float, random: np.random.Generator
    ) -> Polygon | None:
        """Give away a block of a size that is far from others (one of the farthest third, by lot)."""
        candidates = self.free(smallest_m2, largest_m2)
        if not candidates:
            return None
        if not others:
            return self.take(candidates[int(random.integers(len(candidates)))])
        pairs = shapely.distance(np.array(candidates)[:, None], np.array(others)[None, :])
        farthest = np.argsort(-pairs.min(axis=1), kind="stable")[: max(1, len(candidates) // 3)]
        return self.take(candidates[int(random.choice(farthest))])

    def take_spread(
        self, count: int, smallest_m2: float, largest_m2: float, random: np.random.Generator
    ) -> list[Polygon]:
        """Give away blocks far from each other; fewer when none of that size are left."""
        taken: list[Polygon] = []
        while len(taken) < count:
            face = self.take_away_from(taken, smallest_m2, largest_m2, random)
            if face is None:
                break
            taken.append(face)
        return taken

    def take_around(self, x: float, y: float, area_m2: float) -> list[Polygon]:
        """Give away neighbouring blocks nearest a point until their area is reached."""
        point = shapely.Point(x, y)
        taken: list[Polygon] = []
        while sum(face.area for face in taken) < area_m2:
            near = [f for f in self._free if not taken or min(f.distance(t) for t in taken) < 1.0]
            if not near:
                break
            taken.append(
                self.take(min(near, key=lambda face: face.distance(point) + face.centroid.distance(point)))
            )
        return taken

    def around(self, x: float, y: float, count: int) -> list[Polygon]:
        """Return the blocks nearest a point without giving them away."""
        point = shapely.Point(x, y)
        return sorted(self._free, key=lambda face: face.centroid.distance(point))[:count]


def is_plump(face: Polygon) -> bool:
    """Tell whether a block has room for a ground: not a sliver between two streets."""
    return bool(face.area > 4000 and 4 * math.pi * face.area / face.length**2 > 0.35)


def ground_of(face: Polygon) -> Polygon:
    """Return the block without its kerbs; the largest piece when that breaks it up."""
    inset = face.buffer(-KERB_M, join_style="mitre").simplify(1.5)
    return max(shapely.get_parts(inset), key=lambda part: part.area)


def open_site(graph: StreetGraph, face: Polygon, street: int, gates: int | None = None) -> Site | None:
    """Cut gates into the quiet streets around a block and lay a loop of service lanes inside.

    Returns None when no street beside it can take a gate or the lane has no room.
    """
    ground = ground_of(face)
    inradius = shapely.maximum_inscribed_circle(ground).length
    inner = ground.buffer(-min(24.0, inradius * 0.42) - 5).buffer(5).simplify(0.8)
    if inner.geom_type != "Polygon" or inner.length < 60:
        return None
    wanted = gates or (2 if ground.area > SECOND_GATE_M2 else 1)
    site = Site(ground, loop=[(x, y) for x, y in inner.exterior.coords])
    ring = LineString(site.loop)
    entries: list[tuple[float, int]] = []
    for number in _gate_edges(graph, face)[:wanted]:
        node = graph.split(number, graph.edges[number].length_m() / 2)
        at_street = shapely.Point(graph.places[node])
        gate = ground.exterior.interpolate(ground.exterior.project(at_street))
        along = ring.project(gate)
        entry = ring.interpolate(along)
        if entries and min(abs(along - other) for other, _ in entries) < 25:
            continue
        inside = graph.add_node(entry.x, entry.y)
        lane = [graph.places[node], (gate.x, gate.y), (entry.x, entry.y)]
        graph.add_edge(Edge(node, inside, lane, street, "service"))
        entries.append((along, inside))
        site.gates.append((gate.x, gate.y))
        site.inside_gates.append(((gate.x + entry.x) / 2, (gate.y + entry.y) / 2))
    if not entries:
        return None
    _lay_ring(graph, ring, entries, street)
    return site


def _gate_edges(graph: StreetGraph, face: Polygon) -> list[int]:
    """Return the streets around a block that can take a gate, quiet and long ones first, one per street."""
    west, south, east, north = face.bounds

    def is_near(node: int) -> bool:
        x, y = graph.places[node]
        return bool(west - 1 <= x <= east + 1 and south - 1 <= y <= north + 1)

    numbers = [
        number
        for number, edge in graph.edges.items()
        if edge.highway != "service" and not edge.is_roundabout and is_near(edge.a) and is_near(edge.b)
    ]
    if not numbers:
        return []
    middles = shapely.line_interpolate_point(
        [LineString(graph.edges[n].line) for n in numbers], 0.5, normalized=True
    )
    beside = [
        n for n, gap in zip(numbers, shapely.distance(face.exterior, middles), strict=True) if gap < 0.5
    ]
    ranked = sorted(
        (number for number in beside if graph.edges[number].length_m() > 50),
        key=lambda n: (
            graph.edges[n].highway not in QUIET,
            graph.edges[n].one_way,
            -graph.edges[n].length_m(),
        ),
    )
    return [n for n in ranked if graph.edges[n].highway != "primary"] or ranked


def _lay_ring(graph: StreetGraph, ring: LineString, entries: list[tuple[float, int]], street: int) -> None:
    """Add the loop as edges between its entries and two more nodes, so that no edge is a closed ring."""
    stations = list(entries)
    first = entries[0][0]
    for third in (1 / 3, 2 / 3):
        along = (first + ring.length * third) % ring.length
        if min(abs(along - other) for other, _ in stations) > 12:
            place = ring.interpolate(along)
            stations.append((along, graph.add_node(place.x, place.y)))
    stations.sort()
    turned = shapely.LineString([*ring.coords, *list(ring.coords)[1:]])
    for (start, a), (end, b) in zip(
        stations, [*stations[1:], (stations[0][0] + ring.length, stations[0][1])], strict=True
    ):
        part = shapely.ops.substring(turned, start, end)
        line = [graph.places[a], *((x, y) for x, y in list(part.coords)[1:-1]), graph.places[b]]
        graph.add_edge(Edge(a, b, line, street, "service"))
