"""The fences that vehicles hold: each kept once, however many vehicles were sent it."""

import math
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from fleet.links.wire.commands import SpeedLimit, WireFence
from fleet.links.wire.fence_hours import holds_at
from simulator.vehicles.path import Path, Point

SAMPLE_M = 4.0
"""A way is tried against fences every so many metres: half a kerb ramp."""
MARGIN_M = 3.0
"""A limit is kept this far before a fence and behind it: receivers err."""

type Span = tuple[float, float]
"""From and to, metres along a way."""


class HeldFence(msgspec.Struct, frozen=True):
    """One part of a fence with its box, for quick refusals."""

    fence: WireFence
    west: float
    south: float
    east: float
    north: float

    def holds(self, place: Point) -> bool:
        """Whether a place lies inside (even-odd rule over all rings, so a hole is outside)."""
        lat, lng = place
        if not (self.west <= lng <= self.east and self.south <= lat <= self.north):
            return False
        inside = False
        for ring in self.fence.rings:
            for (x1, y1), (x2, y2) in pairwise(ring):
                if (y1 > lat) != (y2 > lat) and lng < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                    inside = not inside
        return inside


class FenceBook:
    """Fences by key. A key names the fence, its version and its part."""

    def __init__(self) -> None:
        self._held: dict[str, HeldFence] = {}
        self.fresh: list[str] = []
        """Keys that were added since somebody wrote them down."""

    def take(self, fences: Iterable[WireFence]) -> list[str]:
        """Keep fences and return their keys, in the order given."""
        keys: list[str] = []
        parts: dict[tuple[str, int], int] = {}
        for fence in fences:
            part = parts.get((fence.fence_id, fence.version), 0)
            parts[fence.fence_id, fence.version] = part + 1
            key = f"{fence.fence_id}@{fence.version}#{part}{'+hours' if fence.hours else ''}"
            if key not in self._held:
                self.put(key, fence)
                self.fresh.append(key)
            keys.append(key)
        return keys

    def put(self, key: str, fence: WireFence) -> None:
        """Keep one fence under a known key."""
        xs = [x for ring in fence.rings for x, _ in ring]
        ys = [y for ring in fence.rings for _, y in ring]
        self._held[key] = HeldFence(fence, min(xs), min(ys), max(xs), max(ys))

    def fence(self, key: str) -> WireFence:
        """Return a fence by its key; KeyError when it was never kept."""
        return self._held[key].fence

    def open_now(self, keys: Iterable[str], at_ms: int) -> frozenset[str]:
        """Return those of the fences with hours whose rules hold at a moment (city milliseconds)."""
        timed = ((key, held.fence.hours) for key in keys if (held := self._held.get(key)) is not None)
        return frozenset(key for key, hours in timed if hours and holds_at(hours, at_ms))

    def along(
        self, keys: Iterable[str], path: Path, at_ms: int
    ) -> tuple[tuple[SpeedLimit, ...], tuple[Span, ...]]:
        """Return (speed limits, stretches where nobody may stop) that fences lay on a way at a moment."""
        near = [
            held
            for held in self._near(keys, path)
            if not held.fence.hours or holds_at(held.fence.hours, at_ms)
        ]
        if not near:
            return (), ()
        steps = max(1, math.ceil(path.length_m / SAMPLE_M))
        limits: list[SpeedLimit] = []
        no_stopping: list[Span] = []
        places: list[tuple[float, Point]] = []
        segment = 0
        for step in range(steps + 1):
            at_m = path.length_m * step / steps
            segment = path.segment(at_m, segment)
            places.append((at_m, path.point(at_m, segment)))
        for held in near:
            for span in _spans(held, places):
                if held.fence.speed_limit_mps is not None:
                    limits.append(
                        SpeedLimit(from_m=span[0], to_m=span[1], speed_mps=held.fence.speed_limit_mps)
                    )
                if held.fence.no_stopping:
                    no_stopping.append(span)
        return tuple(limits), tuple(no_stopping)

    def _near(self, keys: Iterable[str], path: Path) -> list[HeldFence]:
        lats = [lat for lat, _ in path.points]
        lngs = [lng for _, lng in path.points]
        south, north, west, east = min(lats), max(lats), min(lngs), max(lngs)
        return [
            held
            for key in keys
            if (held := self._held.get(key)) is not None
            and (held.fence.speed_limit_mps is not None or held.fence.no_stopping)
            and held.west <= east
            and held.east >= west
            and held.south <= north
            and held.north >= south
        ]


def _spans(held: HeldFence, places: list[tuple[float, Point]]) -> list[Span]:
    spans: list[Span] = []
    begun: float | None = None
    last_m = 0.0
    for at_m, place in places:
        if held.holds(place):
            begun = at_m if begun is None else begun
            last_m = at_m
        elif begun is not None:
            spans.append((begun - SAMPLE_M - MARGIN_M, last_m + SAMPLE_M + MARGIN_M))
            begun = None
    if begun is not None:
        spans.append((begun - SAMPLE_M - MARGIN_M, last_m + SAMPLE_M + MARGIN_M))
    return spans
