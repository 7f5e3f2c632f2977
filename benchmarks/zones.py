"""Zones to be swept, made from a seed: squares, streets' corners and yards with holes, notches and necks."""

import math

import numpy as np
import shapely
import shapely.affinity
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

KINDS = ("concave", "holes", "narrow")


def generated_zones(seed: int, count: int) -> list[tuple[str, Polygon]]:
    """Return ``count`` zones in metres with their kind, the same for the same seed.

    *concave*: a star-shaped outline with deep bays; *holes*: a skewed block with trees, beds and houses;
    *narrow*: two or three yards joined by corridors 2.6 to 6 m wide, with a blind alley. 0.2 to 4 hectares.
    """
    random = np.random.default_rng(seed)
    makers = {"concave": _concave, "holes": _with_holes, "narrow": _narrow}
    return [(kind, makers[kind](random)) for kind in (KINDS[n % len(KINDS)] for n in range(count))]


def _concave(random: np.random.Generator) -> Polygon:
    while True:
        count = int(random.integers(7, 15))
        angles = np.sort(2 * math.pi * (np.arange(count) + random.uniform(-0.3, 0.3, count)) / count)
        radii = random.uniform(35, 90) * random.uniform(0.45, 1.0, count)
        zone = Polygon(np.column_stack((radii * np.cos(angles), radii * np.sin(angles))))
        if zone.is_valid:
            return zone


def _with_holes(random: np.random.Generator) -> Polygon:
    width, depth = random.uniform(50, 160), random.uniform(45, 120)
    skew = random.uniform(-20, 20, 4)
    zone: BaseGeometry = Polygon(
        [(skew[0], 0), (width, skew[1]), (width + skew[2], depth), (0, depth + skew[3])]
    )
    for number in range(int(random.integers(2, 7))):
        x, y = random.uniform(8, width - 8), random.uniform(8, depth - 8)
        if number % 2:
            hole: BaseGeometry = shapely.Point(x, y).buffer(random.uniform(0.6, 8), quad_segs=4)
        else:
            hole = _box(x, y, random.uniform(3, 25), random.uniform(2, 12), random.uniform(0, math.pi))
        zone = zone.difference(hole)
    return _largest(zone)


def _narrow(random: np.random.Generator) -> Polygon:
    x, parts = 0.0, []
    for number in range(int(random.integers(2, 4))):
        width, depth = random.uniform(30, 70), random.uniform(25, 70)
        parts.append(_box(x + width / 2, random.uniform(-8, 8), width, depth, random.uniform(-0.2, 0.2)))
        reach = random.uniform(20, 45)
        corridor = _box(
            x + width + reach / 2 - 6, 0, reach + 24, random.uniform(2.6, 6), random.uniform(-0.1, 0.1)
        )
        parts.append(corridor)
        x += width + reach
        if number == 0:
            parts.append(
                _box(width / 2, depth / 2 + 8, random.uniform(2.6, 5), 40, random.uniform(-0.3, 0.3))
            )
    return _largest(shapely.union_all(parts))


def _box(x: float, y: float, width: float, depth: float, angle: float) -> Polygon:
    box = shapely.box(x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)
    return shapely.affinity.rotate(box, angle, use_radians=True)


def _largest(zone: BaseGeometry) -> Polygon:
    largest: Polygon = max(shapely.get_parts(zone).tolist(), key=lambda part: part.area)
    return largest
