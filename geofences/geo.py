"""Axis order, distances, bearings and offsets on the sphere.

The whole system says (lat, lng) in degrees, WGS-84. GeoJSON, GEOS and screens say (x, y) =
(lng, lat). This is the only module that swaps the two; everybody else calls it.
"""

import math
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius R1 of the WGS-84 ellipsoid (IUGG, Moritz 2000); the sphere is within 0.3 % of it here."""
METRES_PER_DEGREE: Final = math.pi * EARTH_RADIUS_M / 180
"""Along a meridian, and along the equator."""


def to_position(lat: float, lng: float) -> tuple[float, float]:
    """Return the GeoJSON position (lng, lat) of a point."""
    return lng, lat


def from_position(position: tuple[float, float]) -> tuple[float, float]:
    """Return (lat, lng) of a GeoJSON position."""
    return position[1], position[0]


def positions_to_lat_lng(positions: ArrayLike) -> tuple[Floats, Floats]:
    """Split ``float64[n, 2]`` of GeoJSON positions into ``(lat[n], lng[n])``."""
    pairs = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    return pairs[:, 1], pairs[:, 0]


def point(lat: float, lng: float) -> shapely.Point:
    """Return the GEOS point of a place."""
    return shapely.Point(lng, lat)


def covers(shapes: Any, lat: ArrayLike, lng: ArrayLike) -> Booleans:
    """Tell for each pair (shape, point) whether the point lies inside or on the border.

    ``shapes``: one geometry or an array of n; ``lat``, ``lng``: degrees, length n. A point of a hole's
    border counts as inside, a point inside the hole does not. NaN is outside everything.
    """
    result: Booleans = shapely.intersects_xy(shapes, lng, lat)
    return result


def distance_m(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Return the great-circle distance of two points (haversine, exact to rounding at any distance)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lng2 - lng1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def distances_m(lat1: ArrayLike, lng1: ArrayLike, lat2: ArrayLike, lng2: ArrayLike) -> Floats:
    """Return ``distance_m`` for arrays that broadcast against each other; NaN stays NaN."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    d_lng = np.radians(np.subtract(lng2, lng1))
    half = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(d_lng / 2) ** 2
    result: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return result


def bearing_deg(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Return the initial bearing from the first point to the second, clockwise from north, [0, 360).

    Two equal points give 0.
    """
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    d_lng = math.radians(lng2 - lng1)
    east = math.sin(d_lng) * math.cos(phi2)
    north = math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(d_lng)
    degrees = math.degrees(math.atan2(east, north)) % 360
    return 0.0 if degrees == 360.0 else degrees  # -1e-17 % 360 rounds up to 360


def offset(lat: float, lng: float, bearing: float, distance: float) -> tuple[float, float]:
    """Return the point ``distance`` metres away in direction ``bearing`` (degrees from north).

    >>> [round(v, 4) for v in offset(39.6, 109.78, 90.0, 1000.0)]
    [39.6, 109.7917]
    """
    delta, theta = distance / EARTH_RADIUS_M, math.radians(bearing)
    phi = math.radians(lat)
    sin_phi2 = math.sin(phi) * math.cos(delta) + math.cos(phi) * math.sin(delta) * math.cos(theta)
    phi2 = math.asin(max(-1.0, min(1.0, sin_phi2)))
    d_lng = math.atan2(
        math.sin(theta) * math.sin(delta) * math.cos(phi),
        math.cos(delta) - math.sin(phi) * math.sin(phi2),
    )
    return math.degrees(phi2), (lng + math.degrees(d_lng) + 540) % 360 - 180


class LocalPlane:
    """A flat map in metres (east, north) around one place; within 50 km it is right to 0.5 %."""

    def __init__(self, lat: float, lng: float) -> None:
        self.lat = lat
        self.lng = lng
        self._east_m = METRES_PER_DEGREE * math.cos(math.radians(lat))

    @classmethod
    def around(cls, shape: Any) -> "LocalPlane":
        """Return the map around the middle of a GEOS geometry in degrees."""
        west, south, east, north = shapely.bounds(shape).tolist()
        return cls((south + north) / 2, (west + east) / 2)

    @property
    def row(self) -> tuple[float, float, float]:
        """Return (lat, lng, metres in a degree of longitude), as ``flat_points`` takes planes."""
        return self.lat, self.lng, self._east_m

    def __repr__(self) -> str:
        return f"LocalPlane(lat={self.lat}, lng={self.lng})"

    def east_north(self, lat: float, lng: float) -> tuple[float, float]:
        """Return (east_m, north_m) of a point."""
        return (lng - self.lng) * self._east_m, (lat - self.lat) * METRES_PER_DEGREE

    def lat_lng(self, east_m: float, north_m: float) -> tuple[float, float]:
        """Return (lat, lng) of a place on the map."""
        return self.lat + north_m / METRES_PER_DEGREE, self.lng + east_m / self._east_m

    def project(self, shape: Any) -> Any:
        """Return a copy of a GEOS geometry in degrees as one in metres."""
        return shapely.transform(
            shape,
            lambda xy: (xy - (self.lng, self.lat)) * (self._east_m, METRES_PER_DEGREE),
        )

    def unproject(self, shape: Any) -> Any:
        """Return a copy of a GEOS geometry in metres as one in degrees."""
        return shapely.transform(
            shape,
            lambda xy: xy / (self._east_m, METRES_PER_DEGREE) + (self.lng, self.lat),
        )


def segments(start: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> Any:
    """Return the GEOS lines in degrees from ``(lat[n], lng[n])`` to ``(lat[n], lng[n])``."""
    corners = np.empty((len(start[0]), 2, 2))
    corners[:, 0, 1], corners[:, 0, 0] = start
    corners[:, 1, 1], corners[:, 1, 0] = end
    return shapely.linestrings(corners)


def flat_points(planes: Floats, lat: Floats, lng: Floats) -> Any:
    """Return the GEOS points in metres of ``lat[n]``, ``lng[n]``, each on its own plane: ``planes[n, 3]``."""
    return shapely.points((lng - planes[:, 1]) * planes[:, 2], (lat - planes[:, 0]) * METRES_PER_DEGREE)
