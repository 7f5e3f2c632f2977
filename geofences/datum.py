"""WGS-84 ↔ GCJ-02 ↔ BD-09, vectorised. The inside of the system is WGS-84; convert only at the edge.

There is no published standard of GCJ-02; these are the constants everybody uses (Krasovsky 1940
ellipsoid). Forward equals geocoordinates-rs 0.14 and prcoords 1.0 to rounding; the inverse is a fixed
point of the forward one, which converges because the shift changes by less than 1 in 1,000.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

type Floats = NDArray[np.float64]

_AXIS_M: Final = 6_378_245.0
_ECCENTRICITY2: Final = 0.00669342162296594323
_BD_TURN: Final = np.pi * 3000.0 / 180.0
_MAINLAND: Final = (0.8293, 55.8271, 72.004, 137.8347)
"""(south, north, west, east) of the box in which everybody shifts; wider than the country."""
_ROUNDS: Final = 8
"""Fixed-point rounds: 3 reach 0.1 mm, 5 the last bit of a double except beside the meridian 105° E, where
the shift has a square root's vertical tangent; there 8 reach 0.1 µm."""


def wgs84_to_gcj02(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 (lat, lng) of WGS-84 degrees.

    Arrays broadcast and keep their shape; a scalar gives a 0-d array. Outside the box of the shift
    points come back unchanged; NaN stays NaN. At Ordos the shift is 396-621 m.
    """
    lat_in, lng_in = _pair(lat, lng)
    d_lat, d_lng = _shift(lat_in, lng_in)
    inside = _is_shifted(lat_in, lng_in)
    return np.where(inside, lat_in + d_lat, lat_in), np.where(inside, lng_in + d_lng, lng_in)


def gcj02_to_wgs84(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS-84 (lat, lng) of GCJ-02 degrees, within 1e-6 m of the exact inverse.

    A point whose WGS-84 origin lies outside the box comes back unchanged, as it went.
    """
    lat_in, lng_in = _pair(lat, lng)
    lat_out, lng_out = lat_in, lng_in
    for _ in range(_ROUNDS):
        d_lat, d_lng = _shift(lat_out, lng_out)
        lat_out, lng_out = lat_in - d_lat, lng_in - d_lng
    inside = _is_shifted(lat_out, lng_out)
    return np.where(inside, lat_out, lat_in), np.where(inside, lng_out, lng_in)


def gcj02_to_bd09(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 (Baidu) of GCJ-02 degrees; defined everywhere."""
    y, x = _pair(lat, lng)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.sin(angle) + 0.006, radius * np.cos(angle) + 0.0065


def bd09_to_gcj02(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 of BD-09 degrees, by fixed point of the forward one."""
    lat_in, lng_in = _pair(lat, lng)
    lat_out, lng_out = lat_in - 0.006, lng_in - 0.0065
    for _ in range(_ROUNDS):
        lat_back, lng_back = gcj02_to_bd09(lat_out, lng_out)
        lat_out, lng_out = lat_out - (lat_back - lat_in), lng_out - (lng_back - lng_in)
    return lat_out, lng_out


def wgs84_to_bd09(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 of WGS-84 degrees."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lat, lng))


def bd09_to_wgs84(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS-84 of BD-09 degrees."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lat, lng))


def _pair(lat: ArrayLike, lng: ArrayLike) -> tuple[Floats, Floats]:
    lat_out, lng_out = np.broadcast_arrays(np.asarray(lat, np.float64), np.asarray(lng, np.float64))
    return lat_out, lng_out


def _is_shifted(lat: Floats, lng: Floats) -> NDArray[np.bool_]:
    south, north, west, east = _MAINLAND
    return (lat >= south) & (lat <= north) & (lng >= west) & (lng <= east)


def _shift(lat: Floats, lng: Floats) -> tuple[Floats, Floats]:
    x, y = lng - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian = _AXIS_M * (1.0 - _ECCENTRICITY2) / (magic * np.sqrt(magic)) * np.pi / 180.0
    parallel = _AXIS_M / np.sqrt(magic) * np.cos(phi) * np.pi / 180.0
    return north / meridian, east / parallel
