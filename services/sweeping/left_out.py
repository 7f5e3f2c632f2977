"""Ground of a zone that its plan does not sweep, and why not. Pure; quick beside planning."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane
from services.sweeping.cover import PieceKind
from services.sweeping.ground import ground_of, polygons
from services.sweeping.plan import Plan
from services.sweeping.zone import Drawing, ZoneKind

SLIVER_M2: Final = 2.0
"""Smaller leavings between lanes are within what a plan forgives (services.sweeping.cover)."""
SIMPLER_M: Final = 0.05


class Why(StrEnum):
    """Why ground stays unswept."""

    NARROW = "narrow"
    CUT_OFF = "cut_off"
    NO_WAY = "no_way"


WHY_NAMES: dict[Why, tuple[str, str]] = {
    Why.NARROW: ("车身或扫刷到不了的边角", "corners and strips into which vehicle or brush does not fit"),
    Why.CUT_OFF: ("入口窄于车身", "the way in is narrower than the vehicle"),
    Why.NO_WAY: ("车辆无法驶到", "no line that the vehicle can drive to"),
}


class LeftOut(Struct, frozen=True, kw_only=True):
    """All ground that stays unswept for one reason; ``area`` is it drawn, to 5 cm."""

    why: Why
    m2: float
    area: Area


def left_out(drawing: Drawing, plan: Plan) -> tuple[LeftOut, ...]:
    """Return what a plan leaves of a zone, by reason; empty where it sweeps everything, and for streets,
    whose kerbs are swept whole or refused."""
    if drawing.kind is ZoneKind.STREETS:
        return ()
    found: dict[Why, list[BaseGeometry]] = {}
    square_m: dict[Why, float] = {}
    for rings in drawing.area:
        shape = shapes.to_geos((rings,))
        plane = LocalPlane.around(shape)
        for why, part in _of_polygon(drawing, plan, plane.project(shape), plane):
            found.setdefault(why, []).append(plane.unproject(part.simplify(SIMPLER_M)))
            square_m[why] = square_m.get(why, 0.0) + float(part.area)
    return tuple(
        LeftOut(why=why, m2=round(square_m[why], 1), area=_drawn(found[why])) for why in Why if why in found
    )


def _of_polygon(
    drawing: Drawing, plan: Plan, zone: BaseGeometry, plane: LocalPlane
) -> Iterator[tuple[Why, shapely.Polygon]]:
    equipment = drawing.equipment
    ground = ground_of(zone, equipment)
    behind = ground.cut_off.buffer(equipment.width_m / 2).intersection(zone).difference(ground.reachable)
    lines = [
        shapely.LineString([plane.east_north(*point) for point in piece.points])
        for piece in plan.pieces
        if piece.kind is PieceKind.SWEEP
    ]
    swept = shapely.union_all(shapely.buffer(lines, equipment.width_m / 2))
    for part in polygons(behind):
        yield Why.CUT_OFF, part
    for part in polygons(zone.difference(ground.reachable).difference(behind)):
        yield Why.NARROW, part
    for part in polygons(ground.reachable.difference(swept)):
        if part.area > SLIVER_M2:
            yield Why.NO_WAY, part


def _drawn(parts: list[BaseGeometry]) -> Area:
    """Return parts as drawn. Not checked as what people draw is: none of it is enforced."""
    return tuple(
        tuple(
            tuple((float(x), float(y)) for x, y in ring.coords) for ring in (part.exterior, *part.interiors)
        )
        for part in parts
        if isinstance(part, shapely.Polygon) and not part.is_empty
    )
