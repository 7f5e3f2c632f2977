"""Where the middle of a vehicle may be so that no part of it leaves a zone, and what it can reach from there.

Everything here is flat, in metres. *Reachable* is what the vehicle's disc touches from the largest connected
part of the free ground; corners sharper than the disc are not, nor what lies behind a gap that it does not
fit through.
"""

from typing import Any

import shapely
from msgspec import Struct
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from services.sweeping.equipment import Equipment

FINE = 32
"""Chords of a quarter circle: at 1 m the chord is 0.3 mm from the arc."""
CHORD_SLACK_M = 0.001
"""The free ground keeps this much more from the border, so that chords do not come nearer than the arc."""
SLACK_M = 0.004
"""Lines that are driven along keep this much, so that rounding never puts an end of theirs outside."""
LANE_SLACK_M = 0.012
"""What is swept along keeps this much more again, so that its corners may be simplified."""
CRUMB_M2 = 0.05


class Ground(Struct, frozen=True, kw_only=True):
    """``free``: where the middle may be; ``course``: the same with corners instead of arcs, for driving
    along; ``reachable`` of ``zone``; ``cut_off``: free ground in other parts than the largest."""

    zone: BaseGeometry
    free: Polygon
    course: BaseGeometry
    reachable: BaseGeometry
    cut_off: BaseGeometry

    @property
    def cut_off_m2(self) -> float:
        """Return how much free ground no way leads to."""
        return float(self.cut_off.area)

    @property
    def unreachable_m2(self) -> float:
        """Return how much of the zone no part of the vehicle comes to."""
        return float(self.zone.area - self.reachable.area)

    def allows(self, points: Any) -> bool:
        """Return whether a way through these points stays on the free ground."""
        return bool(shapely.covers(self.free, shapely.linestrings(points)))


def ground_of(zone: BaseGeometry, equipment: Equipment) -> Ground:
    """Return the ground of a zone in metres for a vehicle.

    Raises Invalid("sweeping-zone-too-narrow") when the vehicle fits nowhere into it.
    """
    clearance = equipment.clearance_m
    parts = polygons(zone.buffer(-(clearance + CHORD_SLACK_M), quad_segs=FINE))
    if not parts:
        raise Invalid("sweeping-zone-too-narrow", field="polygon", needed_m=round(2 * clearance, 2))
    free = max(parts, key=lambda part: part.area)
    inner = zone.buffer(-(clearance + LANE_SLACK_M), join_style="mitre", mitre_limit=1.5)
    course = inner.simplify(LANE_SLACK_M - SLACK_M).intersection(free.buffer(CHORD_SLACK_M - SLACK_M))
    shapely.prepare(free)
    reach = equipment.width_m / 2 + CHORD_SLACK_M
    return Ground(
        zone=zone,
        free=free,
        course=shapely.union_all(polygons(course)) if polygons(course) else free,
        reachable=free.buffer(reach, quad_segs=FINE).intersection(zone),
        cut_off=shapely.union_all([part for part in parts if part is not free]),
    )


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a shape, crumbs left out."""
    parts = shapely.get_parts(shape).tolist()
    return [part for part in parts if part.geom_type == "Polygon" and part.area > CRUMB_M2]
