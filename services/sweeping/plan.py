"""A coverage plan on the earth: a zone's path in (lat, lng), what it covers, costs and where it stops."""

import math
from itertools import pairwise
from typing import Any

from msgspec import Struct

from geofences import shapes
from geofences.fences import Area
from geofences.geo import LocalPlane
from services.sweeping.cover import Cover, PieceKind, cover
from services.sweeping.equipment import Equipment
from services.sweeping.estimate import Estimate, Part, SupplyStop, estimate, supply_stops


class PathPiece(Struct, frozen=True):
    """Part of a path in one gear; ``points`` are (lat, lng), WGS 84."""

    kind: PieceKind
    is_backwards: bool
    points: tuple[tuple[float, float], ...]
    length_m: float


class Plan(Struct, frozen=True, kw_only=True):
    """What a vehicle drives to sweep a zone or a set of streets, and what is known of it beforehand.

    ``zone_m2`` is all of the ground that was asked for, ``reachable_m2`` what the body can physically sweep,
    ``covered_m2`` what the path sweeps of it.
    """

    pieces: tuple[PathPiece, ...]
    width_m: float
    zone_m2: float
    reachable_m2: float
    covered_m2: float
    skipped_m: float
    estimate: Estimate
    stops: tuple[SupplyStop, ...]


def plan_zone(
    area: Area,
    equipment: Equipment,
    *,
    start: tuple[float, float] | None = None,
    temperature_c: float | None = None,
    is_wet: bool = True,
) -> Plan:
    """Return the plan of a zone. ``start`` is the (lat, lng) from which the vehicle comes.

    Raises Invalid("sweeping-zone-too-narrow") when the vehicle fits nowhere into the zone. Takes about a
    second a hectare: call it where that holds up nobody.
    """
    shape = shapes.to_geos(area)
    plane = LocalPlane.around(shape)
    covered = cover(plane.project(shape), equipment, None if start is None else plane.east_north(*start))
    ground = covered.ground
    return planned(
        tuple(_on_earth(covered, plane)),
        equipment,
        zone_m2=float(ground.zone.area),
        reachable_m2=float(ground.reachable.area),
        covered_m2=covered.covered_ratio() * float(ground.reachable.area),
        skipped_m=covered.skipped_m,
        temperature_c=temperature_c,
        is_wet=is_wet,
    )


def planned(
    pieces: tuple[PathPiece, ...],
    equipment: Equipment,
    *,
    temperature_c: float | None,
    is_wet: bool,
    **ground: Any,
) -> Plan:
    """Return a path with its estimate and stops; ``ground`` are the remaining fields of Plan."""
    parts = [Part(piece.kind, piece.is_backwards, piece.length_m) for piece in pieces]
    return Plan(
        pieces=pieces,
        width_m=equipment.width_m,
        estimate=estimate(parts, equipment, temperature_c=temperature_c, is_wet=is_wet),
        stops=supply_stops(parts, equipment, temperature_c=temperature_c, is_wet=is_wet),
        **ground,
    )


def _on_earth(covered: Cover, plane: LocalPlane) -> list[PathPiece]:
    return [
        PathPiece(
            piece.kind,
            piece.is_backwards,
            tuple(plane.lat_lng(x, y) for x, y in piece.points),
            piece.length_m,
        )
        for piece in covered.pieces
    ]


def point_at(piece: PathPiece, along_m: float) -> tuple[float, float]:
    """Return the (lat, lng) so far along a piece; its ends for less and more."""
    left = along_m
    plane = LocalPlane(*piece.points[0])
    flat = [plane.east_north(lat, lng) for lat, lng in piece.points]
    for one, other in pairwise(flat):
        step = math.dist(one, other)
        if left <= step and step > 0:
            share = max(0.0, left) / step
            return plane.lat_lng(one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1]))
        left -= step
    return piece.points[-1]
