"""A town's streets as a planar graph in metres, while they are still being made."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely import LineString
from shapely.ops import substring

from steppe.city.pack import RoadClass

type Point = tuple[float, float]


@dataclass(slots=True)
class Edge:
    """A stretch of street between two nodes; one_way runs from a to b. ``line`` includes both nodes."""

    a: int
    b: int
    line: list[Point]
    street: int
    highway: RoadClass
    one_way: bool = False
    is_roundabout: bool = False

    def length_m(self) -> float:
        """Return the length along the line."""
        return sum(math.dist(p, q) for p, q in zip(self.line, self.line[1:], strict=False))

    def other(self, node: int) -> int:
        """Return the node at the far end."""
        return self.b if node == self.a else self.a


class StreetGraph:
    """Nodes with a place, edges with a line; edges keep their number for life."""

    def __init__(self) -> None:
        self.places: list[Point] = []
        self.edges: dict[int, Edge] = {}
        self._incident: list[set[int]] = []
        self._next = 0

    def add_node(self, x: float, y: float) -> int:
        """Add a node and return its number."""
        self.places.append((x, y))
        self._incident.append(set())
        return len(self.places) - 1

    def add_edge(self, edge: Edge) -> int:
        """Add an edge and return its number."""
        number, self._next = self._next, self._next + 1
        self.edges[number] = edge
        self._incident[edge.a].add(number)
        self._incident[edge.b].add(number)
        return number

    def remove_edge(self, number: int) -> Edge:
        """Take an edge out and return it; its nodes stay."""
        edge = self.edges.pop(number)
        self._incident[edge.a].discard(number)
        self._incident[edge.b].discard(number)
        return edge

    def at(self, node: int) -> list[int]:
        """Return the edges that meet at a node, oldest first."""
        return sorted(self._incident[node])

    def degree(self, node: int) -> int:
        """Return how many edges meet at a node."""
        return len(self._incident[node])

    def nodes(self) -> Iterator[int]:
        """Yield the nodes that have an edge."""
        return (node for node, incident in enumerate(self._incident) if incident)

    def split(self, number: int, along_m: float) -> int:
        """Cut an edge at a distance from its a and return the new node."""
        edge = self.remove_edge(number)
        line = LineString(edge.line)
        place = line.interpolate(along_m)
        node = self.add_node(place.x, place.y)
        for a, b, part in (
            (edge.a, node, substring(line, 0, along_m)),
            (node, edge.b, substring(line, along_m, line.length)),
        ):
            points = [(x, y) for x, y in part.coords]
            self.add_edge(Edge(a, b, points, edge.street, edge.highway, edge.one_way, edge.is_roundabout))
        return node

    def length_m(self) -> float:
        """Return the length of all streets."""
        return sum(edge.length_m() for edge in self.edges.values())

    def strong_share(self) -> float:
        """Return the part of nodes in the largest strongly connected component; 0 for an empty graph."""
        labels, nodes = self._components("strong")
        return float(np.bincount(labels).max() / len(nodes)) if nodes else 0.0

    def keep_largest(self) -> None:
        """Drop everything that does not hang together with the largest part."""
        self._keep_component("weak")

    def keep_strong(self) -> None:
        """Drop what the largest part cannot reach, or be reached from: imports have such ends."""
        self._keep_component("strong")

    def _keep_component(self, connection: str) -> None:
        labels, nodes = self._components(connection)
        if not nodes:
            return
        largest = np.bincount(labels).argmax()
        kept = {node for node, label in zip(nodes, labels, strict=True) if label == largest}
        for number in [n for n, edge in self.edges.items() if edge.a not in kept or edge.b not in kept]:
            self.remove_edge(number)

    def _components(self, connection: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], list[int]]:
        nodes = list(self.nodes())
        index = {node: position for position, node in enumerate(nodes)}
        starts = [index[edge.a] for edge in self.edges.values()]
        ends = [index[edge.b] for edge in self.edges.values()]
        both = [
            (e, s) for s, e, edge in zip(starts, ends, self.edges.values(), strict=True) if not edge.one_way
        ]
        starts += [pair[0] for pair in both]
        ends += [pair[1] for pair in both]
        size = len(nodes)
        matrix = coo_matrix((np.ones(len(starts), dtype=np.int8), (starts, ends)), shape=(size, size))
        _, labels = connected_components(matrix, directed=True, connection=connection)
        return labels, nodes
