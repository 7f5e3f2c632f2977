"""Imported roads as a town's street graph, so that places are laid out on them as on generated ones."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import shapely
from shapely import LineString, Polygon

from geofences.geo import LocalPlane
from steppe.city.pack import RoadClass
from steppe.city.roads.graph import Edge, StreetGraph
from steppe.city.roads.naming import Naming
from steppe.city.roads.network import RoadNetwork, Way

CLASS_OF: Final[Mapping[str, RoadClass]] = MappingProxyType(
    {
        "motorway": "primary",
        "trunk": "primary",
        "primary": "primary",
        "secondary": "secondary",
        "tertiary": "tertiary",
        "unclassified": "tertiary",
        "residential": "residential",
        "living_street": "residential",
        "service": "service",
    }
)
"""OSM highway → class of the pack; limits are of the class where the map gives none."""


class ImportedStreets:
    """The part of imported roads that lies in a town: graph, names and posted limits by street number."""

    def __init__(self, network: RoadNetwork, plane: LocalPlane, outline: Polygon) -> None:
        """Take roads of any extent; only whole roads with a point inside ``outline`` (metres) are kept."""
        self.graph = StreetGraph()
        self.names: dict[int, Naming] = {}
        self.limits: dict[int, int] = {}
        places = [plane.east_north(lat, lng) for lat, lng in zip(network.lat, network.lng, strict=True)]
        shapely.prepare(outline)
        inside = shapely.contains_xy(outline, [x for x, _ in places], [y for _, y in places])
        kept = [way for way in network.ways if any(inside[node] for node in way.nodes)]
        junctions = _junctions(kept)
        numbers: dict[int, int] = {}
        streets: dict[tuple[str, str], int] = {}
        for way in kept:
            street = streets.setdefault((way.name_zh, way.highway), len(streets))
            self.names[street] = (way.name_zh, way.name_en or way.name_zh)
            if way.limit_kmh is not None:
                self.limits[street] = way.limit_kmh
            for run in _runs(way, junctions):
                for node in (run[0], run[-1]):
                    if node not in numbers:
                        numbers[node] = self.graph.add_node(*places[node])
                line = [places[node] for node in run]
                if LineString(line).length == 0:
                    continue
                self.graph.add_edge(
                    Edge(
                        numbers[run[0]],
                        numbers[run[-1]],
                        line,
                        street,
                        CLASS_OF[way.highway],
                        way.one_way,
                        way.is_roundabout,
                    )
                )
        self.graph.keep_strong()


def _junctions(ways: list[Way]) -> set[int]:
    """Return the nodes where roads meet, end, or come back to themselves."""
    uses = Counter(node for way in ways for node in way.nodes)
    ends = {node for way in ways for node in (way.nodes[0], way.nodes[-1])}
    return ends | {node for node, count in uses.items() if count > 1}


def _runs(way: Way, junctions: set[int]) -> list[tuple[int, ...]]:
    """Return a road cut at its junctions; every run has at least two nodes."""
    runs, start = [], 0
    for index in range(1, len(way.nodes)):
        if way.nodes[index] in junctions:
            runs.append(way.nodes[start : index + 1])
            start = index
    return runs
