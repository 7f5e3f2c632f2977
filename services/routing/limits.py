"""How fast a vehicle may drive along a route: the road's limit, its own top speed, slow zones."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import shapely
from msgspec import Struct

from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane, to_position
from services.routing.polyline import metres_along
from services.routing.route import SpeedSpan

SHORTEST_SPAN_M: Final = 0.5


class SlowZone(Struct, frozen=True, kw_only=True):
    """An area and the speed allowed inside."""

    area: Area
    speed_mps: float


def spans_of(metres: Sequence[float], speeds_mps: Sequence[float]) -> tuple[SpeedSpan, ...]:
    """Return stretches of equal speed; ``speeds_mps[i]`` holds from ``metres[i]`` to ``metres[i + 1]``."""
    spans: list[SpeedSpan] = []
    for (start, end), speed in zip(pairwise(metres), speeds_mps, strict=True):
        if end <= start:
            continue
        if spans and spans[-1].speed_mps == speed:
            spans[-1] = SpeedSpan(spans[-1].from_m, end, speed)
        else:
            spans.append(SpeedSpan(start, end, speed))
    return tuple(spans)


class SlowZones:
    """Slow zones behind a spatial index: a city has some hundred and a route crosses a few."""

    def __init__(self, zones: Sequence[SlowZone] = ()) -> None:
        """Take the zones; none is fine."""
        self._zones = tuple(zones)
        self._shapes = [shapes.to_geos(zone.area) for zone in zones]
        self._tree = shapely.STRtree(self._shapes)

    def __repr__(self) -> str:
        return f"SlowZones({len(self._zones)} zones)"

    def applied_to(
        self, points: list[tuple[float, float]], spans: tuple[SpeedSpan, ...]
    ) -> tuple[SpeedSpan, ...]:
        """Return the spans of a route through (lat, lng) points, slower inside zones; the tightest wins."""
        if not self._zones or len(points) < 2:
            return spans
        line = shapely.LineString([to_position(lat, lng) for lat, lng in points])
        crossed = self._tree.query(line, predicate="intersects")
        if not len(crossed):
            return spans
        plane = LocalPlane(*points[0])
        flat = plane.project(line)
        scale = float(metres_along(points)[-1]) / flat.length if flat.length else 1.0
        for number in sorted(crossed.tolist()):
            area = plane.project(self._shapes[number])
            for inside in shapely.get_parts(flat.intersection(area)):
                if inside.geom_type == "LineString" and inside.length > SHORTEST_SPAN_M:
                    ends = [flat.project(shapely.Point(inside.coords[end])) * scale for end in (0, -1)]
                    spans = _capped(spans, min(ends), max(ends), self._zones[number].speed_mps)
        return spans


def _capped(
    spans: tuple[SpeedSpan, ...], from_m: float, to_m: float, speed_mps: float
) -> tuple[SpeedSpan, ...]:
    """Return the spans with nothing faster than a speed between two distances."""
    cuts: list[float] = [spans[0].from_m] if spans else []
    speeds: list[float] = []
    for span in spans:
        inner = [cut for cut in (from_m, to_m) if span.from_m < cut < span.to_m]
        for start, end in pairwise([span.from_m, *inner, span.to_m]):
            middle = (start + end) / 2
            speeds.append(min(span.speed_mps, speed_mps) if from_m < middle < to_m else span.speed_mps)
            cuts.append(end)
    return spans_of(cuts, speeds)


def drive_s(spans: Sequence[SpeedSpan]) -> float:
    """Return the seconds it takes to drive spans at their limits, without turns and stops."""
    return sum((span.to_m - span.from_m) / span.speed_mps for span in spans)
