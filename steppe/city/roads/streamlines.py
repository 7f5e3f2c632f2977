"""Traces streets along a field: evenly spaced streamlines, wide roads first, lanes between them.

After Jobard and Lefer, "Creating Evenly-Spaced Streamlines of Arbitrary Density" (1997).
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from steppe.city.roads.field import TensorField

STEP_M: Final = 16.0
TOO_CLOSE: Final = 0.46
"""A street ends where another of its direction is nearer than this part of the spacing."""
FULL_TURN: Final = math.radians(340)
"""A street that has turned this far closes into a ring or ends, or it would wind into a spiral."""
CLOSING_GAP_M: Final = 170.0

type Point = tuple[float, float]
type Inside = Callable[[float, float], bool]


class Spacing:
    """Points of streets of one direction on a hash grid; tells how near the next one is."""

    def __init__(self, cell_m: float) -> None:
        self._cell_m = cell_m
        self._cells: dict[tuple[int, int], list[Point]] = {}

    def add(self, points: list[Point]) -> None:
        """Remember the points of a street."""
        for x, y in points:
            self._cells.setdefault((int(x // self._cell_m), int(y // self._cell_m)), []).append((x, y))

    def is_free(self, x: float, y: float, distance_m: float) -> bool:
        """Tell whether no remembered point is nearer than a distance."""
        reach = math.ceil(distance_m / self._cell_m)
        ci, cj = int(x // self._cell_m), int(y // self._cell_m)
        limit = distance_m * distance_m
        for i in range(ci - reach, ci + reach + 1):
            for j in range(cj - reach, cj + reach + 1):
                for px, py in self._cells.get((i, j), ()):
                    if (px - x) ** 2 + (py - y) ** 2 < limit:
                        return False
        return True


class Tracer:
    """Streets of one town, level by level; keeps apart those along the field and those across it."""

    def __init__(self, field: TensorField, inside: Inside, random: np.random.Generator) -> None:
        self._field = field
        self._inside = inside
        self._random = random
        self._taken = {False: Spacing(80.0), True: Spacing(80.0)}

    def limit_to(self, inside: Inside) -> None:
        """Trace what follows only where ``inside`` says so."""
        self._inside = inside

    def trace(self, spacing_m: float, seeds: list[Point], shortest_m: float) -> list[list[Point]]:
        """Return new streets at least a spacing apart from each other and from those traced before."""
        streets = []
        order = self._random.permutation(len(seeds))
        for count, index in enumerate(order):
            x, y = seeds[index]
            for crosswise in (False, True) if count % 2 else (True, False):
                taken = self._taken[crosswise]
                if not self._inside(x, y) or not taken.is_free(x, y, spacing_m):
                    continue
                line = self._both_ways(x, y, crosswise, spacing_m)
                if (len(line) - 1) * STEP_M >= shortest_m:
                    taken.add(line)
                    streets.append(line)
        return streets

    def keep(self, line: list[Point], *, crosswise: bool) -> None:
        """Take a street from elsewhere into account."""
        self._taken[crosswise].add(line)

    def _both_ways(self, x: float, y: float, crosswise: bool, spacing_m: float) -> list[Point]:
        dx, dy = self._field.direction(x, y, crosswise=crosswise)
        back, closed = self._one_way(x, y, -dx, -dy, crosswise, spacing_m)
        if closed:
            return [(x, y), *back]
        forth, _ = self._one_way(x, y, dx, dy, crosswise, spacing_m)
        return [*reversed(back), (x, y), *forth]

    def _one_way(
        self, x: float, y: float, dx: float, dy: float, crosswise: bool, spacing_m: float
    ) -> tuple[list[Point], bool]:
        """Return the points after the start, and whether the street came back to it."""
        taken, start, turned = self._taken[crosswise], (x, y), 0.0
        points: list[Point] = []
        for _ in range(1500):
            mx, my = self._towards(x + dx * STEP_M / 2, y + dy * STEP_M / 2, dx, dy, crosswise)
            x, y = x + mx * STEP_M, y + my * STEP_M
            if not self._inside(x, y) or not taken.is_free(x, y, spacing_m * TOO_CLOSE):
                return points, False
            points.append((x, y))
            ux, uy = self._towards(x, y, mx, my, crosswise)
            turned += math.asin(max(-1.0, min(1.0, dx * uy - dy * ux)))
            dx, dy = ux, uy
            if abs(turned) > FULL_TURN:
                closes = math.dist((x, y), start) < CLOSING_GAP_M
                return ([*points[:-3], start], True) if closes else (points, False)
        return points, False

    def _towards(self, x: float, y: float, dx: float, dy: float, crosswise: bool) -> Point:
        ux, uy = self._field.direction(x, y, crosswise=crosswise)
        return (ux, uy) if ux * dx + uy * dy >= 0 else (-ux, -uy)
