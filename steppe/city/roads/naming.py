"""Names of generated streets, and the graph written out as a network."""

import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from geofences.geo import LocalPlane
from steppe.city.pack import Names, RoadClassRow
from steppe.city.roads.graph import Edge, StreetGraph
from steppe.city.roads.network import RoadNetwork, Way

type Naming = tuple[str, str]
"""A name in Chinese and in English."""


class NamePool:
    """Gives out words of the pack's vocabulary in seeded order; a name of one sort is never given twice."""

    def __init__(self, names: Names, random: np.random.Generator) -> None:
        self._names = names
        self._order = [names.words[index] for index in random.permutation(len(names.words))]
        self._given: dict[str, int] = defaultdict(int)

    def take(self, sort: str, suffix_zh: str, suffix_en: str) -> Naming:
        """Return the next name of a sort, such as lanes or pharmacies; numbers follow the last word."""
        count, self._given[sort] = self._given[sort], self._given[sort] + 1
        zh, en = self._order[(count + len(sort) * 7) % len(self._order)]
        lap = count // len(self._order)
        number_zh, number_en = (_numeral(lap + 1), f" {lap + 1}") if lap else ("", "")
        return (
            f"{self._names.prefix_zh}{zh}{number_zh}{suffix_zh}",
            f"{self._names.prefix_en} {en}{number_en} {suffix_en}",
        )


def _numeral(number: int) -> str:
    """Return a small number in Chinese, as in street names: 二, 三, … 十 (the pool never needs more)."""
    return "零一二三四五六七八九十"[min(number, 10)]


def name_streets(graph: StreetGraph, names: Names, pool: NamePool) -> dict[int, Naming]:
    """Return a name for every street, by its number; the suffix tells east-west from north-south."""
    words = {row.road_class: row for row in names.street}
    by_street: dict[int, list[Edge]] = defaultdict(list)
    for edge in graph.edges.values():
        by_street[edge.street].append(edge)
    named = {}
    for street, edges in by_street.items():
        highway = edges[0].highway
        if highway == "service":
            continue
        row = words[highway]
        east_west = (
            sum(abs(e.line[-1][0] - e.line[0][0]) - abs(e.line[-1][1] - e.line[0][1]) for e in edges) > 0
        )
        suffix = (
            (row.east_west_zh, row.east_west_en) if east_west else (row.north_south_zh, row.north_south_en)
        )
        named[street] = pool.take(suffix[1], *suffix)
    return named


def to_network(
    graph: StreetGraph,
    names: Mapping[int, Naming],
    posted: Mapping[int, int],
    classes: tuple[RoadClassRow, ...],
    plane: LocalPlane,
) -> RoadNetwork:
    """Return the graph in degrees, neighbouring stretches of one street joined into one way.

    The limit is the one ``posted`` for a street, else that of its class.
    """
    limits = {row.highway: row.limit_kmh for row in classes}
    lat: list[float] = []
    lng: list[float] = []
    number_of: dict[tuple[float, float], int] = {}

    def node(x: float, y: float) -> int:
        if (x, y) not in number_of:
            number_of[(x, y)] = len(lat)
            point = plane.lat_lng(x, y)
            lat.append(round(point[0], 7))
            lng.append(round(point[1], 7))
        return number_of[(x, y)]

    ways = []
    for chain in _chains(graph):
        first = chain[0]
        points = list(first.line)
        for edge in chain[1:]:
            points += edge.line[1:]
        name_zh, name_en = names.get(first.street, ("", ""))
        ways.append(
            Way(
                nodes=tuple(node(x, y) for x, y in points),
                highway=first.highway,
                name_zh=name_zh,
                name_en=name_en,
                limit_kmh=posted.get(first.street, limits.get(first.highway)),
                one_way=first.one_way,
                is_roundabout=first.is_roundabout,
            )
        )
    return RoadNetwork(lat=tuple(lat), lng=tuple(lng), ways=tuple(ways))


def _chains(graph: StreetGraph) -> list[list[Edge]]:
    """Return edges of the same street and kind in runs, each edge turned to follow the one before."""
    left = dict(graph.edges)
    chains = []
    for number in list(graph.edges):
        if number not in left:
            continue
        edge = left.pop(number)
        chain = [edge]
        while not edge.is_roundabout:
            follower = _follower(graph, left, chain[-1])
            if follower is None:
                break
            chain.append(follower)
        chains.append(chain)
    return chains


def _follower(graph: StreetGraph, left: dict[int, Edge], last: Edge) -> Edge | None:
    for number in graph.at(last.b):
        edge = left.get(number)
        if edge is None or edge.is_roundabout or (edge.street, edge.highway) != (last.street, last.highway):
            continue
        if edge.one_way != last.one_way or (edge.one_way and edge.a != last.b):
            continue
        del left[number]
        if edge.a != last.b:
            edge = Edge(edge.b, edge.a, edge.line[::-1], edge.street, edge.highway, edge.one_way)
        if math.dist(edge.line[0], last.line[-1]) > 0.01:
            raise AssertionError("two stretches of a street do not meet at their node")
        return edge
    return None
