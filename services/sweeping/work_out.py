"""Plans of whole zones, of streets, and of what an earlier run missed. Pure; takes a second a hectare.

Imports scipy (services.sweeping.streets): jobs call it, no process that people wait for.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane
from services.sweeping.cover import PieceKind, cover_again
from services.sweeping.curves import Pose
from services.sweeping.equipment import Equipment
from services.sweeping.ground import Ground, ground_of, polygons
from services.sweeping.plan import PathPiece, Plan, plan_zone, planned
from services.sweeping.streets import Drive, postman
from services.sweeping.zone import Drawing, ZoneKind

DECIMALS: Final = 8
"""Places of stored coordinates: a millimetre, which the slack of the planner forgives."""
OVERLAP_M: Final = 0.4
"""A line is swept again where its brush reaches so far into missed ground."""
LEAD_M: Final = 1.5
"""So much before and after it too: the brush is down before the ground begins."""
DETOUR_M: Final = 150.0
"""A longer way along streets with the brush up is left to the roads."""

type Flat = list[tuple[float, float]]


def work_out(drawing: Drawing) -> tuple[Plan, Area]:
    """Return the plan of a zone and the ground that it covers.

    Each polygon of a set is planned by itself; between two the vehicle drives on the roads. Raises Invalid
    ``sweeping-zone-too-narrow`` or ``sweeping-streets-apart``.
    """
    if drawing.kind is ZoneKind.STREETS:
        return _streets(drawing)
    plans, grounds = [], []
    for rings in drawing.area:
        plans.append(plan_zone((rings,), drawing.equipment, is_wet=drawing.uses_water))
        shape = shapes.to_geos((rings,))
        plane = LocalPlane.around(shape)
        grounds.append(plane.unproject(ground_of(plane.project(shape), drawing.equipment).reachable))
    ground = shapes.from_geos(shapely.union_all(grounds))
    return _summed(drawing, plans), ground


def work_out_repair(drawing: Drawing, whole: Plan, missed: Area) -> Plan:
    """Return the plan that sweeps missed ground along the lines of the whole plan.

    Raises Invalid("sweeping-zone-too-narrow") when no line reaches any of it.
    """
    pieces: list[PathPiece] = []
    skipped_m = 0.0
    if drawing.kind is ZoneKind.STREETS:
        pieces = _streets_again(drawing.equipment, whole, missed)
    else:
        for rings in drawing.area:
            found, skipped = _ground_again(drawing.equipment, whole, missed, (rings,))
            pieces += found
            skipped_m += skipped
    if not any(piece.kind is PieceKind.SWEEP for piece in pieces):
        raise Invalid("sweeping-zone-too-narrow", field="polygon", needed_m=drawing.equipment.width_m)
    shape = shapes.to_geos(missed)
    plane = LocalPlane.around(shape)
    wanted = plane.project(shape)
    return planned(
        _rounded(pieces),
        drawing.equipment,
        zone_m2=float(wanted.area),
        reachable_m2=float(wanted.area),
        covered_m2=float(_brushed(pieces, plane, drawing.equipment.width_m).intersection(wanted).area),
        skipped_m=skipped_m,
        temperature_c=None,
        is_wet=drawing.uses_water,
    )


def _summed(drawing: Drawing, plans: Sequence[Plan]) -> Plan:
    return planned(
        _rounded([piece for plan in plans for piece in plan.pieces]),
        drawing.equipment,
        zone_m2=sum(plan.zone_m2 for plan in plans),
        reachable_m2=sum(plan.reachable_m2 for plan in plans),
        covered_m2=sum(plan.covered_m2 for plan in plans),
        skipped_m=sum(plan.skipped_m for plan in plans),
        temperature_c=None,
        is_wet=drawing.uses_water,
    )


def _ground_again(
    equipment: Equipment, whole: Plan, missed: Area, part: Area
) -> tuple[list[PathPiece], float]:
    shape = shapes.to_geos(part)
    plane = LocalPlane.around(shape)
    ground = ground_of(plane.project(shape), equipment)
    wanted = plane.project(shapes.to_geos(missed)).intersection(ground.reachable)
    inside = [piece for piece in whole.pieces if _is_inside(ground, plane, piece)]
    lines = [
        line
        for piece in inside
        if piece.kind is PieceKind.SWEEP
        for line in _near(_flat(piece, plane), wanted, equipment.width_m)
    ]
    if not lines:
        return [], 0.0
    again = cover_again(ground, equipment, lines, _pose_at(_flat(inside[0], plane), inside[0]))
    found = [
        PathPiece(
            each.kind, each.is_backwards, tuple(plane.lat_lng(*point) for point in each.points), each.length_m
        )
        for each in again.pieces
    ]
    return found, again.skipped_m


def _is_inside(ground: Ground, plane: LocalPlane, piece: PathPiece) -> bool:
    middle = piece.points[len(piece.points) // 2]
    return bool(ground.zone.covers(shapely.Point(plane.east_north(*middle))))


def _pose_at(line: Flat, piece: PathPiece) -> Pose:
    (x, y), (other_x, other_y) = line[0], line[1]
    return Pose(x, y, math.atan2(other_y - y, other_x - x) + piece.is_backwards * math.pi)


def _near(line: Flat, wanted: BaseGeometry, width_m: float) -> list[Flat]:
    """Return the parts of a line along which its brush sweeps some of the wanted ground."""
    whole = shapely.LineString(line)
    parts = whole.intersection(wanted.buffer(width_m / 2 - OVERLAP_M))
    spans = []
    for part in shapely.get_parts(parts).tolist():
        if part.geom_type == "LineString" and part.length > 0:
            along = sorted(whole.project(shapely.Point(part.coords[n])) for n in (0, -1))
            spans.append((max(0.0, along[0] - LEAD_M), min(whole.length, along[1] + LEAD_M)))
    return [_cut(whole, begin, end) for begin, end in _merged(sorted(spans)) if end - begin > width_m / 4]


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1] + LEAD_M:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _cut(line: shapely.LineString, begin: float, end: float) -> Flat:
    part = shapely.ops.substring(line, begin, end)
    return [(float(x), float(y)) for x, y in part.coords]


def _streets(drawing: Drawing) -> tuple[Plan, Area]:
    equipment = drawing.equipment
    plane = LocalPlane(*drawing.streets[0].points[0])
    drives = postman(drawing.streets)
    pieces: list[PathPiece] = []
    for drive in drives:
        line = _driven(drive, plane, equipment)
        if pieces and math.dist(plane.east_north(*pieces[-1].points[-1]), line[0]) > 0.01:
            between = [plane.east_north(*pieces[-1].points[-1]), line[0]]
            pieces.append(_piece(PieceKind.MOVE, between, plane))
        pieces.append(_piece(PieceKind.SWEEP if drive.is_swept else PieceKind.MOVE, line, plane))
    while pieces[-1].kind is PieceKind.MOVE:
        pieces.pop()
    ground = _brushed(pieces, plane, equipment.width_m)
    area_m2 = float(ground.area)
    plan = planned(
        _rounded(pieces),
        equipment,
        zone_m2=area_m2,
        reachable_m2=area_m2,
        covered_m2=area_m2,
        skipped_m=0.0,
        temperature_c=None,
        is_wet=drawing.uses_water,
    )
    return plan, shapes.from_geos(plane.unproject(shapely.union_all(polygons(ground))))


def _driven(drive: Drive, plane: LocalPlane, equipment: Equipment) -> Flat:
    """Return the line that the middle of the vehicle drives: beside the kerb, brushes at its edge."""
    points = [plane.east_north(*point) for point in drive.street.points]
    if drive.is_reversed:
        points.reverse()
    aside_m = drive.street.width_m / 2 - equipment.clearance_m
    if aside_m <= 0:
        return points
    line = shapely.LineString(points).offset_curve(aside_m if drive.is_left_kerb else -aside_m)
    if line.geom_type != "LineString" or line.is_empty:
        return points
    return [(float(x), float(y)) for x, y in line.coords]


def _streets_again(equipment: Equipment, whole: Plan, missed: Area) -> list[PathPiece]:
    shape = shapes.to_geos(missed)
    plane = LocalPlane.around(shape)
    wanted = plane.project(shape)
    pieces: list[PathPiece] = []
    for piece in whole.pieces:
        line = _flat(piece, plane)
        spans = _near(line, wanted, equipment.width_m) if piece.kind is PieceKind.SWEEP else []
        pieces += _up_and_down(line, spans, plane)
    swept = [n for n, piece in enumerate(pieces) if piece.kind is PieceKind.SWEEP]
    kept: list[PathPiece] = []
    for before, number in pairwise([None, *swept]):
        between = [] if before is None or number is None else pieces[before + 1 : number]
        if sum(piece.length_m for piece in between) <= DETOUR_M:
            kept += between
        if number is not None:
            kept.append(pieces[number])
    return kept


def _up_and_down(line: Flat, swept: Sequence[Flat], plane: LocalPlane) -> list[PathPiece]:
    """Return a line as pieces: brush down along the swept parts, up along the others."""
    whole = shapely.LineString(line)
    pieces, at = [], 0.0
    for part in swept:
        begin = whole.project(shapely.Point(part[0]))
        end = begin + shapely.LineString(part).length
        if begin - at > 0.01:
            pieces.append(_piece(PieceKind.MOVE, _cut(whole, at, begin), plane))
        pieces.append(_piece(PieceKind.SWEEP, part, plane))
        at = end
    if whole.length - at > 0.01:
        pieces.append(_piece(PieceKind.MOVE, _cut(whole, at, whole.length), plane))
    return pieces


def _piece(kind: PieceKind, line: Flat, plane: LocalPlane) -> PathPiece:
    length_m = sum(math.dist(a, b) for a, b in pairwise(line))
    return PathPiece(kind, False, tuple(plane.lat_lng(*point) for point in line), length_m)


def _flat(piece: PathPiece, plane: LocalPlane) -> Flat:
    return [plane.east_north(*point) for point in piece.points]


def _brushed(pieces: Sequence[PathPiece], plane: LocalPlane, width_m: float) -> BaseGeometry:
    lines = [shapely.LineString(_flat(piece, plane)) for piece in pieces if piece.kind is PieceKind.SWEEP]
    return shapely.union_all(shapely.buffer(lines, width_m / 2, cap_style="flat"))


def _rounded(pieces: Sequence[PathPiece]) -> tuple[PathPiece, ...]:
    """Return pieces as they are stored, coordinates and lengths to the millimetre."""
    return tuple(
        msgspec.structs.replace(
            piece,
            points=tuple((round(lat, DECIMALS), round(lng, DECIMALS)) for lat, lng in piece.points),
            length_m=round(piece.length_m, 3),
        )
        for piece in pieces
    )
