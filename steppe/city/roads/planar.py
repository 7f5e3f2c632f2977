"""Turns traced lines into a planar graph: crossings become nodes, loose ends are joined or cut."""

import math
from itertools import pairwise
from typing import Final, NamedTuple

from shapely import LineString, Point, STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from steppe.city.pack import RoadClass
from steppe.city.roads.graph import Edge, StreetGraph
from steppe.city.roads.graph import Point as Place

MERGE_M: Final = 26.0
"""Crossings nearer than this are one crossing: no town builds two junctions 20 m apart."""
SHORTEST_DEAD_END_M: Final = 90.0
SIMPLIFY_M: Final = 0.8


class Traced(NamedTuple):
    """A street before it meets others; ``reach_m`` is how far a loose end is drawn on to meet one."""

    points: list[Place]
    highway: RoadClass
    reach_m: float


def build_graph(traced: list[Traced], allowed: BaseGeometry) -> StreetGraph:
    """Return the graph of streets in the order of importance given; joins stay inside ``allowed``."""
    lines = [LineString(street.points) for street in traced]
    lines = [_joined(index, lines, traced[index], allowed) for index in range(len(lines))]
    graph = StreetGraph()
    clusters = _Clusters(graph)
    stations = _stations(lines, clusters)
    seen: set[tuple[int, int]] = set()
    for street, (line, stops) in enumerate(zip(lines, stations, strict=True)):
        for (along_a, a), (along_b, b) in pairwise(stops):
            pair = (min(a, b), max(a, b))
            if a == b or pair in seen:
                continue
            seen.add(pair)
            part = substring(line, along_a, along_b).simplify(SIMPLIFY_M)
            points = [graph.places[a], *((x, y) for x, y in list(part.coords)[1:-1]), graph.places[b]]
            graph.add_edge(Edge(a, b, points, street, traced[street].highway))
    return graph


def cut_loose_ends(graph: StreetGraph, keep: int) -> None:
    """Take away stubs until only ``keep`` dead ends are left, the longest; short stubs never stay."""
    while True:
        ends = sorted(
            (graph.edges[graph.at(node)[0]].length_m(), node)
            for node in graph.nodes()
            if graph.degree(node) == 1
        )
        doomed = [node for length, node in ends if length < SHORTEST_DEAD_END_M]
        spare = len(ends) - len(doomed) - keep
        doomed += [node for _, node in ends[len(doomed) : len(doomed) + max(spare, 0)]]
        if not doomed:
            return
        for node in doomed:
            if graph.degree(node) == 1:
                graph.remove_edge(graph.at(node)[0])


class _Clusters:
    """Nodes by place: a crossing near an existing node is that node."""

    def __init__(self, graph: StreetGraph) -> None:
        self._graph = graph
        self._cells: dict[tuple[int, int], list[int]] = {}

    def node_at(self, x: float, y: float) -> int:
        ci, cj = int(x // MERGE_M), int(y // MERGE_M)
        nearest, best = -1, MERGE_M
        for i in (ci - 1, ci, ci + 1):
            for j in (cj - 1, cj, cj + 1):
                for node in self._cells.get((i, j), ()):
                    distance = math.dist(self._graph.places[node], (x, y))
                    if distance < best:
                        nearest, best = node, distance
        if nearest < 0:
            nearest = self._graph.add_node(x, y)
            self._cells.setdefault((ci, cj), []).append(nearest)
        return nearest


def _joined(index: int, lines: list[LineString], street: Traced, allowed: BaseGeometry) -> LineString:
    """Return the line with both loose ends drawn on to the next street, where one is within reach."""
    points = street.points
    if len(points) < 3 or points[0] == points[-1]:
        return lines[index]
    others = STRtree(lines)
    head = _drawn_on(points[0], points[2], index, lines, others, street.reach_m, allowed)
    tail = _drawn_on(points[-1], points[-3], index, lines, others, street.reach_m, allowed)
    return LineString([*head, *points, *tail])


def _drawn_on(
    end: Place,
    before: Place,
    index: int,
    lines: list[LineString],
    others: STRtree,
    reach_m: float,
    allowed: BaseGeometry,
) -> list[Place]:
    away = math.dist(end, before)
    ux, uy = (end[0] - before[0]) / away, (end[1] - before[1]) / away
    ray = LineString([end, (end[0] + ux * reach_m, end[1] + uy * reach_m)])
    hits = []
    for other in others.query(ray, predicate="intersects"):
        if other != index:
            crossing = ray.intersection(lines[other])
            hits.append(ray.project(crossing.representative_point()))
    if not hits:
        return []
    nearest = min(hits)
    if not allowed.covers(substring(ray, 0, nearest)):
        return []
    past = min(nearest + 1.0, reach_m)
    return [(end[0] + ux * past, end[1] + uy * past)]


def _stations(lines: list[LineString], clusters: _Clusters) -> list[list[tuple[float, int]]]:
    """Return for each line its crossings and ends as (metres along, node), in order."""
    tree = STRtree(lines)
    stations: list[list[tuple[float, int]]] = [[] for _ in lines]
    first, second = tree.query(lines, predicate="intersects")
    pairs = sorted(
        {(min(a, b), max(a, b)) for a, b in zip(first.tolist(), second.tolist(), strict=True) if a != b}
    )
    for a, b in pairs:
        for x, y in _crossings(lines[a].intersection(lines[b])):
            node = clusters.node_at(x, y)
            for line in (a, b):
                stations[line].append((lines[line].project(Point(x, y)), node))
    for index, line in enumerate(lines):
        for along in (0.0, line.length):
            place = line.interpolate(along)
            stations[index].append((along, clusters.node_at(place.x, place.y)))
        stations[index].sort()
    return stations


def _crossings(shape: BaseGeometry) -> list[Place]:
    if shape.is_empty:
        return []
    if shape.geom_type == "Point":
        return [(shape.x, shape.y)]
    if hasattr(shape, "geoms"):
        return [point for part in shape.geoms for point in _crossings(part)]
    middle = shape.interpolate(0.5, normalized=True)
    return [(middle.x, middle.y)]
