"""A plan as legs of a task: passes with the brush down where it sweeps, and where the path is left. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from geofences.geo import distance_m
from services.routing.polyline import encode
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment
from services.sweeping.estimate import Supply, SupplyStop
from services.sweeping.plan import PathPiece, point_at
from services.tasks.task import Leg, LegLimit, LegSpan

PASS_M: Final = 500.0
"""A pass ends with the piece on which it gets so long: then the vehicle says how far it is."""
GAP_M: Final = 2.0
"""Pieces that lie further apart are joined by the roads."""

type Point = tuple[float, float]


class Pass(Struct, frozen=True, kw_only=True):
    """Part of a path that is driven without leaving it; ``supplies`` are seen to at its end."""

    begin: Point
    end: Point
    leg: Leg
    supplies: tuple[Supply, ...] = ()


def passes_of(pieces: Sequence[PathPiece], stops: Sequence[SupplyStop], equipment: Equipment) -> list[Pass]:
    """Return the passes of a path with its supply stops, in order."""
    passes: list[Pass] = []
    open_: list[PathPiece] = []
    for piece, supplies in _parts(pieces, stops):
        if open_ and distance_m(*open_[-1].points[-1], *piece.points[0]) > GAP_M:
            passes.append(_pass(open_, (), equipment))
            open_ = []
        open_.append(piece)
        if supplies or sum(each.length_m for each in open_) >= PASS_M:
            passes.append(_pass(open_, supplies, equipment))
            open_ = []
    if open_:
        passes.append(_pass(open_, (), equipment))
    return passes


def _parts(
    pieces: Sequence[PathPiece], stops: Sequence[SupplyStop]
) -> list[tuple[PathPiece, tuple[Supply, ...]]]:
    """Return pieces cut where something runs out, each with what is seen to at its end."""
    found: list[tuple[PathPiece, tuple[Supply, ...]]] = []
    for number, piece in enumerate(pieces):
        along_m = 0.0
        for stop in stops:
            if stop.piece == number and stop.supplies:
                if stop.along_m - along_m > 0.05:
                    found.append((_cut(piece, along_m, stop.along_m), stop.supplies))
                elif found:
                    found[-1] = (found[-1][0], (*found[-1][1], *stop.supplies))
                along_m = stop.along_m
        if piece.length_m - along_m > 0.05:
            found.append((_cut(piece, along_m, piece.length_m), ()))
    return found


def _cut(piece: PathPiece, begin_m: float, end_m: float) -> PathPiece:
    """Return the part of a piece between two distances along it."""
    if begin_m <= 0 and end_m >= piece.length_m:
        return piece
    inner, at_m = [], 0.0
    for one, other in pairwise(piece.points):
        at_m += distance_m(*one, *other)
        if begin_m < at_m < end_m:
            inner.append(other)
    points = (point_at(piece, begin_m), *inner, point_at(piece, end_m))
    return PathPiece(piece.kind, piece.is_backwards, points, end_m - begin_m)


def _pass(pieces: Sequence[PathPiece], supplies: tuple[Supply, ...], equipment: Equipment) -> Pass:
    points: list[Point] = []
    limits: list[LegLimit] = []
    sweeps: list[LegSpan] = []
    at_m = duration_s = 0.0
    for piece in pieces:
        is_swept = piece.kind is PieceKind.SWEEP
        speed_mps = equipment.sweep_mps if is_swept else equipment.transit_mps
        points += piece.points[1:] if points and points[-1] == piece.points[0] else piece.points
        limits.append(LegLimit(from_m=at_m, to_m=at_m + piece.length_m, speed_mps=speed_mps))
        if is_swept:
            sweeps.append(LegSpan(from_m=at_m, to_m=at_m + piece.length_m))
        at_m += piece.length_m
        duration_s += piece.length_m / speed_mps
    leg = Leg(
        polyline6=encode(points),
        length_m=at_m,
        duration_s=duration_s,
        limits=tuple(limits),
        sweeps=tuple(sweeps),
    )
    return Pass(begin=points[0], end=points[-1], leg=leg, supplies=tuple(dict.fromkeys(supplies)))
