"""A street between two junctions, as it is drawn and swept."""

from collections.abc import Sequence

from msgspec import Struct

from geofences.geo import distance_m

type Point = tuple[float, float]

SAME_PLACE_DEG = 1e-5
"""Streets whose ends lie within a metre of each other meet there."""


class Street(Struct, frozen=True, kw_only=True):
    """A street between two junctions. Traffic keeps to the right.

    ``points`` run from ``start`` to ``end``, (lat, lng). A two-way street has a kerb for each direction; a
    one-way street is driven from start to end along both of its kerbs. Streets that are not ``is_swept`` are
    there to be driven through. ``width_m``: from kerb to kerb.
    """

    street_id: str
    start: int
    end: int
    length_m: float
    points: tuple[Point, ...]
    is_one_way: bool = False
    is_swept: bool = True
    width_m: float = 8.0


class StreetLine(Struct, frozen=True, kw_only=True):
    """A street as somebody draws it: (lat, lng), its junctions not yet found."""

    street_id: str
    points: tuple[Point, ...]
    is_one_way: bool = False
    is_swept: bool = True
    width_m: float = 8.0


def joined(lines: Sequence[StreetLine]) -> tuple[Street, ...]:
    """Return streets that meet where their ends lie in one place."""
    junctions: dict[tuple[int, int], int] = {}
    return tuple(
        Street(
            street_id=line.street_id,
            start=_junction(junctions, line.points[0]),
            end=_junction(junctions, line.points[-1]),
            length_m=sum(distance_m(*a, *b) for a, b in zip(line.points, line.points[1:], strict=False)),
            points=line.points,
            is_one_way=line.is_one_way,
            is_swept=line.is_swept,
            width_m=line.width_m,
        )
        for line in lines
    )


def _junction(known: dict[tuple[int, int], int], point: Point) -> int:
    place = (round(point[0] / SAME_PLACE_DEG), round(point[1] / SAME_PLACE_DEG))
    return known.setdefault(place, len(known))
