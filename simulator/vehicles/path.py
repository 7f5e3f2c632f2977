"""The way to a stop: a line on the ground with the speed allowed at every metre of it."""

import itertools
import math
from collections.abc import Iterable, Sequence

from fleet.links.wire.commands import SpeedLimit

EARTH_RADIUS_M = 6_371_008.8
BRAKE_MPS2 = 0.9
"""Comfortable braking of a vehicle with goods or a water tank on board."""
OFF_ROAD_MPS = 1.5
"""Speed over the metres between a street and a door or a parking spot."""
_TURN_MPS = ((35.0, 4.0), (60.0, 2.5), (100.0, 1.8), (150.0, 1.0))
"""Change of direction at a corner in degrees, from which on a speed is the highest."""

type Point = tuple[float, float]
"""(lat, lng) degrees, WGS-84."""


def decode_polyline6(text: str) -> list[Point]:
    """Return the points of an encoded polyline with six decimals. Raises ValueError for a broken text.

    >>> decode_polyline6("_p~iF~ps|U_ulLnnqC_mqNvxq`@")[0]
    (3.85, -12.02)
    """
    points: list[Point] = []
    lat = lng = at = 0
    while at < len(text):
        d_lat, at = _number(text, at)
        d_lng, at = _number(text, at)
        lat, lng = lat + d_lat, lng + d_lng
        points.append((lat / 1e6, lng / 1e6))
    return points


def _number(text: str, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(text):
            raise ValueError("the polyline ends in the middle of a number")
        bits = ord(text[at]) - 63
        if not 0 <= bits < 64:
            raise ValueError(f"{text[at]!r} does not belong into a polyline")
        at += 1
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits < 0x20:
            return (~(value >> 1) if value & 1 else value >> 1), at


def distance_m(a: Point, b: Point) -> float:
    """Return the distance of two near points (flat earth, 0.1 % within a town)."""
    north = math.radians(b[0] - a[0])
    east = math.radians(b[1] - a[1]) * math.cos(math.radians((a[0] + b[0]) / 2))
    return EARTH_RADIUS_M * math.hypot(north, east)


def bearing_deg(a: Point, b: Point) -> float:
    """Return the direction from one near point to another, clockwise from north, [0, 360)."""
    north = b[0] - a[0]
    east = (b[1] - a[1]) * math.cos(math.radians((a[0] + b[0]) / 2))
    return math.degrees(math.atan2(east, north)) % 360


class Path:
    """A polyline with, at each corner, how far along it lies and how fast it may be passed.

    ``limits`` are measured from the first of ``points``; where there is none, ``top_mps`` holds. The
    profile brakes in time for every lower limit, corner and the end.
    """

    def __init__(self, points: Sequence[Point], limits: Iterable[SpeedLimit], top_mps: float) -> None:
        corners = [points[0]]
        corners += [b for a, b in itertools.pairwise(points) if distance_m(a, b) > 0.05]
        corners = _with_limit_ends(corners, limits)
        self.points = corners
        self.at_m = [0.0]
        for a, b in itertools.pairwise(corners):
            self.at_m.append(self.at_m[-1] + distance_m(a, b))
        self.headings = [bearing_deg(a, b) for a, b in itertools.pairwise(corners)]
        self._limit = [_limit_at(limits, (a + b) / 2, top_mps) for a, b in _pairs(self.at_m)]
        self._pass = self._profile()

    @property
    def length_m(self) -> float:
        """Length of the whole way."""
        return self.at_m[-1]

    def segment(self, at_m: float, hint: int = 0) -> int:
        """Return the number of the segment that holds a distance; ``hint``: where it was a moment ago."""
        last = len(self.at_m) - 2
        while hint < last and self.at_m[hint + 1] <= at_m:
            hint += 1
        return max(0, min(hint, last))

    def point(self, at_m: float, segment: int) -> Point:
        """Return the place at a distance along the way."""
        if len(self.points) == 1:
            return self.points[0]
        (lat1, lng1), (lat2, lng2) = self.points[segment], self.points[segment + 1]
        long_m = self.at_m[segment + 1] - self.at_m[segment]
        share = min(1.0, max(0.0, (at_m - self.at_m[segment]) / long_m)) if long_m else 0.0
        return lat1 + (lat2 - lat1) * share, lng1 + (lng2 - lng1) * share

    def heading(self, segment: int) -> float:
        """Return the direction of a segment."""
        return self.headings[segment] if self.headings else 0.0

    def allowed_mps(self, at_m: float, segment: int) -> float:
        """Return the highest speed at a distance from which everything ahead can still be kept."""
        if len(self.points) == 1:
            return 0.0
        ahead_m = max(0.0, self.at_m[segment + 1] - at_m)
        braking = math.sqrt(self._pass[segment + 1] ** 2 + 2 * BRAKE_MPS2 * ahead_m)
        return min(self._limit[segment], braking)

    def limit_mps(self, segment: int) -> float:
        """Return the speed limit of a segment."""
        return self._limit[segment] if self._limit else 0.0

    def _profile(self) -> list[float]:
        """Return for each corner the speed at which it may be passed, from the end backwards."""
        allowed = [0.0] * len(self.points)
        for number in range(len(self.points) - 2, -1, -1):
            long_m = self.at_m[number + 1] - self.at_m[number]
            braking = math.sqrt(allowed[number + 1] ** 2 + 2 * BRAKE_MPS2 * long_m)
            allowed[number] = min(braking, self._limit[number], self._turn_mps(number))
        return allowed

    def _turn_mps(self, number: int) -> float:
        if number == 0:
            return math.inf
        turn = abs((self.headings[number] - self.headings[number - 1] + 180) % 360 - 180)
        speeds = [speed for from_deg, speed in _TURN_MPS if turn >= from_deg]
        return min(speeds, default=math.inf)


def way_from(here: Point, leg: Sequence[Point], stop: Point) -> tuple[list[Point], float]:
    """Return (points from where the vehicle stands along a leg to the stop, metres before the leg's start).

    A leg was computed a moment ago: where the vehicle has driven on meanwhile it joins the leg ahead, and
    the second value is negative by what is left out. Gaps at both ends are driven straight.
    """
    points = list(leg) or [here]
    skipped_m, points = _joined(here, points)
    gap_m = distance_m(here, points[0])
    if gap_m > 0.5:
        points = [here, *points]
    if distance_m(points[-1], stop) > 0.5:
        points.append(stop)
    return points, (gap_m if gap_m > 0.5 else 0.0) - skipped_m


def shifted(limits: Iterable[SpeedLimit], by_m: float, end_m: float) -> tuple[SpeedLimit, ...]:
    """Return limits moved along a way that begins ``by_m`` before the leg (or inside it, negative).

    What lies before and after the leg is driven at ``OFF_ROAD_MPS``.
    """
    moved = [
        SpeedLimit(from_m=max(0.0, limit.from_m + by_m), to_m=limit.to_m + by_m, speed_mps=limit.speed_mps)
        for limit in limits
        if limit.to_m + by_m > 0
    ]
    if by_m > 0.5:
        moved.insert(0, SpeedLimit(from_m=0.0, to_m=by_m, speed_mps=OFF_ROAD_MPS))
    last_m = max((limit.to_m for limit in moved), default=end_m)
    if moved and end_m - last_m > 0.5:
        moved.append(SpeedLimit(from_m=last_m, to_m=end_m, speed_mps=OFF_ROAD_MPS))
    return tuple(moved)


_JOIN_WITHIN_M = 25.0
_JOIN_AHEAD_M = 200.0


def _joined(here: Point, points: list[Point]) -> tuple[float, list[Point]]:
    """Return (metres of the leg left out, the rest) when the vehicle already stands beside it."""
    best, best_m, best_at = None, _JOIN_WITHIN_M, 0.0
    along_m = 0.0
    for number, (a, b) in enumerate(itertools.pairwise(points)):
        long_m = distance_m(a, b)
        share = _foot(here, a, b)
        foot = (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
        away_m = distance_m(here, foot)
        if away_m < best_m - 1.0:
            best, best_m, best_at = (number, foot), away_m, along_m + long_m * share
        along_m += long_m
        if along_m > _JOIN_AHEAD_M:
            break
    if best is None:
        return 0.0, points
    number, foot = best
    return best_at, [foot, *points[number + 1 :]]


def _foot(p: Point, a: Point, b: Point) -> float:
    """Return where on the segment, 0-1, the point nearest to ``p`` lies."""
    squeeze = math.cos(math.radians(a[0]))
    north, east = b[0] - a[0], (b[1] - a[1]) * squeeze
    square = north * north + east * east
    if square == 0:
        return 0.0
    share = ((p[0] - a[0]) * north + (p[1] - a[1]) * squeeze * east) / square
    return min(1.0, max(0.0, share))


def _pairs(values: Sequence[float]) -> list[tuple[float, float]]:
    return list(itertools.pairwise(values))


def _limit_at(limits: Iterable[SpeedLimit], at_m: float, top_mps: float) -> float:
    here = [limit.speed_mps for limit in limits if limit.from_m <= at_m < limit.to_m]
    return min([top_mps, *here])


def _with_limit_ends(points: Sequence[Point], limits: Iterable[SpeedLimit]) -> list[Point]:
    """Return the points with one more wherever a limit begins or ends, so that no segment has two."""
    ends = sorted({end for limit in limits for end in (limit.from_m, limit.to_m)})
    found = [points[0]]
    along_m = 0.0
    for a, b in itertools.pairwise(points):
        long_m = distance_m(a, b)
        for end in ends:
            if along_m + 0.1 < end < along_m + long_m - 0.1:
                share = (end - along_m) / long_m
                found.append((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share))
        found.append(b)
        along_m += long_m
    return found
