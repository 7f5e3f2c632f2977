"""Driving from the end of one swept line to the beginning of the next without leaving the free ground."""

import heapq
import math
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from services.sweeping.curves import Pose, drive, least_m, words
from services.sweeping.ground import Ground

BACK_UPS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""How far a vehicle may go back before a turn, in turning radii."""
TOO_MANY = 40
"""Words tried for one pair of poses: the rest is longer by half."""

ROOM_M = 0.4
"""Corners are passed at this distance where there is room, so that one can turn there."""
TIGHT_M = 0.02
TIGHT_COST_M = 15.0
"""What a way through a corner without room costs besides its length."""

type Point = tuple[float, float]
type Run = tuple[bool, list[Point]]
"""(is backwards, points)."""


class Ways:
    """The shortest ways over free ground: straight where one can see, else by the corners that stand in the
    way."""

    def __init__(self, free: Polygon) -> None:
        """Take the free ground and look from each of its inward corners to the others."""
        self._seen = free
        shapely.prepare(self._seen)
        roomy = _corners(free.buffer(-ROOM_M, join_style="mitre", mitre_limit=2.0), ROOM_M / 4)
        tight = _corners(free.buffer(-TIGHT_M), 0.9 * TIGHT_M)
        self._corners = [*roomy, *tight]
        self._cost = [0.0] * len(roomy) + [TIGHT_COST_M] * len(tight)
        self._next: dict[int, list[tuple[int, float]]] = {n: [] for n in range(len(self._corners))}
        for one, first in enumerate(self._corners):
            for other in self._visible(first, range(one)):
                length = math.dist(first, self._corners[other])
                self._next[one].append((other, length + self._cost[other]))
                self._next[other].append((one, length + self._cost[one]))

    def between(self, start: Point, end: Point) -> list[Point] | None:
        """Return the corners of the shortest way with both ends, None when there is none."""
        if self._sees(start, end):
            return [start, end]
        every = range(len(self._corners))
        goals = {n: math.dist(self._corners[n], end) for n in self._visible(end, every)}
        best = [
            (math.dist(start, self._corners[n]) + self._cost[n], n, -1) for n in self._visible(start, every)
        ]
        heapq.heapify(best)
        came: dict[int, int] = {}
        found: tuple[float, int] = (math.inf, -1)
        while best and best[0][0] < found[0]:
            length, corner, before = heapq.heappop(best)
            if corner in came:
                continue
            came[corner] = before
            if corner in goals:
                found = min(found, (length + goals[corner], corner))
            for other, more in self._next[corner]:
                if other not in came:
                    heapq.heappush(best, (length + more, other, corner))
        if found[1] < 0:
            return None
        way, corner = [end], found[1]
        while corner >= 0:
            way.append(self._corners[corner])
            corner = came[corner]
        return [start, *reversed(way)]

    def lengths(self, places: Sequence[Point]) -> NDArray[np.float64]:
        """Return ``float64[n, n]``: metres from each place to each other, infinite where there is no way."""
        count, corners = len(places), len(self._corners)
        ends = np.array(places).reshape(count, 2)
        one, other = np.triu_indices(count, 1)
        found = np.zeros((count, count))
        lines = shapely.linestrings(np.stack((ends[one], ends[other]), axis=1))
        straight = np.hypot(*(ends[one] - ends[other]).T)
        found[one, other] = np.where((straight == 0) | shapely.covers(self._seen, lines), straight, math.inf)
        found = np.maximum(found, found.T)
        if not corners:
            return found
        between = np.full((corners, corners), math.inf)
        for here, ways in self._next.items():
            for there, length in ways:
                between[here, there] = length
        np.fill_diagonal(between, 0.0)
        for middle in range(corners):
            np.minimum(between, between[:, middle, None] + between[None, middle, :], out=between)
        seen = np.full((count, corners), math.inf)
        for number, place in enumerate(places):
            for corner in self._visible(place, range(corners)):
                seen[number, corner] = math.dist(place, self._corners[corner]) + self._cost[corner]
        to_corner = np.stack([(row[:, None] + between).min(axis=0) for row in seen])
        around = np.stack([(row[None, :] + seen).min(axis=1) for row in to_corner])
        shortest: NDArray[np.float64] = np.minimum(found, np.minimum(around, around.T))
        return shortest

    def _sees(self, start: Point, end: Point) -> bool:
        return start == end or bool(shapely.covers(self._seen, shapely.linestrings([start, end])))

    def _visible(self, place: Point, among: Iterable[int]) -> list[int]:
        numbers = list(among)
        if not numbers:
            return []
        lines = np.array([[place, self._corners[n]] for n in numbers])
        seen = shapely.covers(self._seen, shapely.linestrings(lines))
        return [n for n, is_seen in zip(numbers, seen, strict=True) if is_seen]


def _corners(ground: BaseGeometry, tolerance_m: float) -> list[Point]:
    parts = shapely.get_parts(ground.simplify(tolerance_m)).tolist()
    return [corner for part in parts if isinstance(part, Polygon) for corner in _inward(part)]


def _inward(part: Polygon) -> list[Point]:
    """Return the corners of a polygon about which a shortest way can bend."""
    part = shapely.orient_polygons(part)
    corners: list[Point] = []
    for ring in (part.exterior, *part.interiors):
        points = ring.coords[:-1]
        for number, here in enumerate(points):
            before, after = points[number - 1], points[(number + 1) % len(points)]
            cross = (here[0] - before[0]) * (after[1] - here[1]) - (here[1] - before[1]) * (
                after[0] - here[0]
            )
            if cross < 0:
                corners.append(here)
    return corners


def turn(ground: Ground, start: Pose, end: Pose, radius: float) -> list[Run] | None:
    """Return the shortest way between two poses that are near each other, None when nothing fits.

    The vehicle may first go back on the line that it came on, and reach the next line ahead of where that
    begins and go back to it.
    """
    best: tuple[float, list[Run]] | None = None
    steps = [step * radius for step in BACK_UPS]
    for before, after in sorted(((a, b) for a in steps for b in steps), key=sum):
        limit = math.inf if best is None else best[0] - before - after
        here, there = start.ahead(-before), end.ahead(after)
        if least_m(here, there, radius) >= limit:
            continue
        if not _is_straight(ground, start, here) or not _is_straight(ground, end, there):
            continue
        for length, word in islice(words(here, there, radius), TOO_MANY):
            if length >= limit:
                break
            runs = drive(here, word, radius)
            points = [point for _, run in runs for point in run]
            if len(points) < 2 or ground.allows(points):
                ways = [*_straight(start, here, True), *runs, *_straight(there, end, True)]
                best = length + before + after, ways
                break
    return None if best is None else best[1]


def _is_straight(ground: Ground, one: Pose, other: Pose) -> bool:
    return one == other or ground.allows([one[:2], other[:2]])


def _straight(one: Pose, other: Pose, is_backwards: bool) -> list[Run]:
    return [] if one[:2] == other[:2] else [(is_backwards, [one[:2], other[:2]])]


def gears(way: Sequence[Point], first: float, last: float) -> list[bool]:
    """Return for each part of a way whether it is driven backwards, so that the vehicle turns least.

    ``first`` and ``last`` are the headings before and after it.
    """
    headings = [math.atan2(b[1] - a[1], b[0] - a[0]) for a, b in pairwise(way)]
    costs = {False: _bend(first, headings[0]), True: _bend(first, headings[0] + math.pi)}
    chosen: list[dict[bool, bool]] = []
    for before, after in pairwise(headings):
        step: dict[bool, tuple[float, bool]] = {}
        for gear in (False, True):
            step[gear] = min(
                (costs[old] + _bend(before + old * math.pi, after + gear * math.pi), old)
                for old in (False, True)
            )
        chosen.append({gear: old for gear, (_, old) in step.items()})
        costs = {gear: cost for gear, (cost, _) in step.items()}
    gear = min((False, True), key=lambda g: costs[g] + _bend(headings[-1] + g * math.pi, last))
    found = [gear]
    for step_back in reversed(chosen):
        found.append(step_back[found[-1]])
    return found[::-1]


def _bend(one: float, other: float) -> float:
    return abs(math.remainder(other - one, 2 * math.pi))
