"""The roads of one town as data: the same form whether generated or imported."""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from geofences.geo import distances_m, to_position

DRIVABLE: Final = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
)
"""OSM highway values that a vehicle may drive, widest first; a ``_link`` counts as its road."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A road: nodes in driving order. ``limit_kmh`` None means the map does not say."""

    nodes: tuple[int, ...]
    highway: str
    name_zh: str = ""
    name_en: str = ""
    limit_kmh: int | None = None
    one_way: bool = False
    is_roundabout: bool = False


class RoadNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """Roads over numbered nodes; ``lat`` and ``lng`` in degrees WGS-84, one per node."""

    lat: tuple[float, ...]
    lng: tuple[float, ...]
    ways: tuple[Way, ...]

    def way_length_m(self, way: Way) -> float:
        """Return the length of one road."""
        lat = np.array([self.lat[node] for node in way.nodes])
        lng = np.array([self.lng[node] for node in way.nodes])
        return float(distances_m(lat[:-1], lng[:-1], lat[1:], lng[1:]).sum())

    def length_m(self) -> float:
        """Return the length of all roads; 0 without roads."""
        return sum(self.way_length_m(way) for way in self.ways)

    def strong_share(self) -> float:
        """Return the part of nodes in the largest strongly connected component; 0 without roads."""
        # here, because reading a built city needs no scipy: 0.3 s of every start
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        starts: list[int] = []
        ends: list[int] = []
        for way in self.ways:
            starts += way.nodes[:-1]
            ends += way.nodes[1:]
            if not way.one_way:
                starts += way.nodes[1:]
                ends += way.nodes[:-1]
        if not starts:
            return 0.0
        used, index = np.unique(np.array([starts, ends]), return_inverse=True)
        start, end = index.reshape(2, -1)
        matrix = coo_matrix((np.ones(start.size, dtype=np.int8), (start, end)), shape=(used.size, used.size))
        _, labels = connected_components(matrix, directed=True, connection="strong")
        return float(np.bincount(labels).max() / used.size)

    def bearing_entropy(self) -> float:
        """Return the entropy in nats of road bearings in 36 bins, by length, both directions counted.

        Boeing, "Urban spatial order" (2019): ln 4 = 1.39 for a perfect grid, ln 36 = 3.58 when all directions
        are alike, 3.2-3.5 for most of the hundred cities he measured. 0 without roads.
        """
        bins: NDArray[np.float64] = np.zeros(36)
        for way in self.ways:
            lat = np.array([self.lat[node] for node in way.nodes])
            lng = np.array([self.lng[node] for node in way.nodes])
            north = np.diff(lat)
            east = np.diff(lng) * math.cos(math.radians(lat[0]))
            bearing = np.degrees(np.arctan2(east, north))
            length = np.hypot(east, north)
            for turned in (bearing, bearing + 180):
                np.add.at(bins, (((turned + 5) % 360) // 10).astype(int), length)
        shares = bins[bins > 0] / bins.sum() if bins.sum() else bins[:0]
        return float(-(shares * np.log(shares)).sum())

    def geojson(self) -> dict[str, object]:
        """Return the roads as GeoJSON LineStrings for the base map (6 digits, 11 cm)."""
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {
                        "class": way.highway,
                        "name": way.name_zh,
                        "nameEn": way.name_en,
                        "limitKmh": way.limit_kmh,
                        "oneWay": way.one_way,
                    },
                    "geometry": {"type": "LineString", "coordinates": self._positions(way)},
                }
                for way in self.ways
            ],
        }

    def _positions(self, way: Way) -> list[tuple[float, float]]:
        return [to_position(round(self.lat[node], 6), round(self.lng[node], 6)) for node in way.nodes]
