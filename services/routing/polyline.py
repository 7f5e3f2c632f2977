"""Google's encoded polyline algorithm with six decimals, as Valhalla writes it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from geofences.geo import distances_m

type Floats = NDArray[np.float64]


def decode(polyline6: str) -> list[tuple[float, float]]:
    """Return the (lat, lng) points of an encoded polyline; an empty text gives no points.

    >>> decode(encode([(39.6, 109.78), (39.6001, 109.7802)]))
    [(39.6, 109.78), (39.6001, 109.7802)]
    """
    values: list[int] = []
    shift = accumulated = 0
    for character in polyline6.encode("ascii"):
        chunk = character - 63
        accumulated |= (chunk & 0x1F) << shift
        shift += 5
        if chunk < 0x20:
            values.append(~(accumulated >> 1) if accumulated & 1 else accumulated >> 1)
            shift = accumulated = 0
    points = np.cumsum(np.array(values, dtype=np.int64).reshape(-1, 2), axis=0)
    return [(lat / 1e6, lng / 1e6) for lat, lng in points.tolist()]


def encode(points: Iterable[tuple[float, float]]) -> str:
    """Return (lat, lng) points as an encoded polyline, rounded to 1e-6 degrees (11 cm)."""
    text: list[str] = []
    last = [0, 0]
    for point in points:
        for axis in (0, 1):
            value = round(point[axis] * 1e6)
            delta, last[axis] = value - last[axis], value
            left = ~(delta << 1) if delta < 0 else delta << 1
            while left >= 0x20:
                text.append(chr((0x20 | (left & 0x1F)) + 63))
                left >>= 5
            text.append(chr(left + 63))
    return "".join(text)


def metres_along(points: list[tuple[float, float]]) -> Floats:
    """Return ``float64[n]``: for each point the metres from the first one along the line; empty for none."""
    if not points:
        return np.zeros(0)
    lat, lng = np.array(points).T
    steps = distances_m(lat[:-1], lng[:-1], lat[1:], lng[1:])
    return np.concatenate([[0.0], np.cumsum(steps)])
