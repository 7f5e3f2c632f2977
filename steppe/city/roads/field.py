"""The direction streets take at every point of a town: a smooth tensor field.

After Chen et al., "Interactive Procedural Street Modeling" (SIGGRAPH 2008): a 2×2 symmetric traceless tensor
has two perpendicular eigenvectors, streets follow them, and tensors of several centres blend without seams.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from steppe.city.pack import Field, Town

CELL_M: Final = 50.0
"""Spacing of the raster the field is kept on; streets bend over hundreds of metres."""
BACKGROUND: Final = 0.12
"""Weight of the town's own direction where no centre reaches."""
WANDER_RAD: Final = math.radians(13)
"""How far low-frequency noise turns the field, so that no street is a ruler line."""
RIVER_REACH_M: Final = 420.0
RIVER_WEIGHT: Final = 1.6

type Floats = NDArray[np.float64]


class TensorField:
    """Directions on a square around the town's centre, in metres; outside it the border's value holds."""

    def __init__(self, cos2: Floats, sin2: Floats, half_m: float) -> None:
        self._half_m = half_m
        self._size = cos2.shape[0]
        self._cos2: list[list[float]] = cos2.tolist()
        self._sin2: list[list[float]] = sin2.tolist()

    def direction(self, x: float, y: float, *, crosswise: bool) -> tuple[float, float]:
        """Return the unit vector along the field, or across it; its sign is arbitrary."""
        last = self._size - 1.000001
        u = min(max((x + self._half_m) / CELL_M, 0.0), last)
        v = min(max((y + self._half_m) / CELL_M, 0.0), last)
        i, j = int(u), int(v)
        fu, fv = u - i, v - j
        w00, w10, w01, w11 = (1 - fu) * (1 - fv), fu * (1 - fv), (1 - fu) * fv, fu * fv
        c0, c1, s0, s1 = self._cos2[j], self._cos2[j + 1], self._sin2[j], self._sin2[j + 1]
        cos2 = w00 * c0[i] + w10 * c0[i + 1] + w01 * c1[i] + w11 * c1[i + 1]
        sin2 = w00 * s0[i] + w10 * s0[i + 1] + w01 * s1[i] + w11 * s1[i + 1]
        angle = 0.5 * math.atan2(sin2, cos2) + (math.pi / 2 if crosswise else 0.0)
        return math.cos(angle), math.sin(angle)


def town_field(town: Town, random: np.random.Generator) -> TensorField:
    """Return the field of a town: its own bearing, its centres, its river, and a seeded wander."""
    half_m = max(town.length_m, town.width_m) * 0.75 + 600
    axis = np.arange(-half_m, half_m + CELL_M, CELL_M)
    x, y = np.meshgrid(axis, axis)
    bearing = math.radians(town.bearing_deg)
    cos2 = np.full_like(x, BACKGROUND * math.cos(2 * bearing))
    sin2 = np.full_like(x, BACKGROUND * math.sin(2 * bearing))
    for field in town.field:
        angle, weight = _centre(field, x, y)
        cos2 += weight * np.cos(2 * angle)
        sin2 += weight * np.sin(2 * angle)
    if len(town.river) > 1:
        angle, weight = _along_river(town, x, y)
        cos2 += weight * np.cos(2 * angle)
        sin2 += weight * np.sin(2 * angle)
    turn = 2 * WANDER_RAD * _wander(x, y, random)
    turned_cos2 = cos2 * np.cos(turn) - sin2 * np.sin(turn)
    turned_sin2 = cos2 * np.sin(turn) + sin2 * np.cos(turn)
    return TensorField(turned_cos2, turned_sin2, half_m)


def _centre(field: Field, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    dx, dy = x - field.x_m, y - field.y_m
    weight: Floats = np.exp(-(dx**2 + dy**2) / field.reach_m**2)
    if field.kind == "radial":
        angle: Floats = np.arctan2(dy, dx)
        return angle, weight
    return np.full_like(x, math.radians(field.bearing_deg)), weight


def _along_river(town: Town, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the direction of the nearest stretch of the river and a weight that fades with distance."""
    nearest = np.full_like(x, np.inf)
    angle = np.zeros_like(x)
    for (ax, ay), (bx, by) in zip(town.river, town.river[1:], strict=False):
        ux, uy = bx - ax, by - ay
        along = np.clip(((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy), 0, 1)
        distance = np.hypot(x - ax - along * ux, y - ay - along * uy)
        closer = distance < nearest
        nearest = np.where(closer, distance, nearest)
        angle = np.where(closer, math.atan2(uy, ux), angle)
    return angle, RIVER_WEIGHT * np.exp(-((nearest / RIVER_REACH_M) ** 2))


def _wander(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    """Return smooth noise of about [-1, 1] with wave lengths of 1.5 to 4 km."""
    noise = np.zeros_like(x)
    for _ in range(6):
        wave = 2 * math.pi / random.uniform(1500, 4000)
        heading, phase = random.uniform(0, 2 * math.pi, 2)
        noise += np.sin(wave * (x * math.cos(heading) + y * math.sin(heading)) + phase)
    scaled: Floats = noise / 3
    return scaled
