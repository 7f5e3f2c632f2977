"""Areas that may become fences: checked once at the edge, trusted by everything behind it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from core.errors import Invalid
from geofences import geo
from geofences.fences import Area, Position, Ring

MAX_POSITIONS: Final = 50_000
"""Positions in one area; a 旗区 of Tianditu has 240, a surveyed one some thousands."""
MAX_SPAN_DEG: Final = 10.0
"""Width and height; Ordos spans 5. Also keeps areas from crossing the antimeridian."""
MIN_AREA_M2: Final = 1.0
"""Below this a fence is smaller than the error of any position."""
MAX_ABS_LAT: Final = 85.0
"""Nearer to a pole the flat border between two positions is no longer where anybody would draw it."""


def area_from_geojson(geometry: object, *, field: str = "geometry") -> Area:
    """Return the area of a GeoJSON Polygon or MultiPolygon.

    Rings are turned the right way round (RFC 7946 section 3.1.6 asks readers to accept both) and heights
    are dropped. Raises ``Invalid`` with code ``shape-invalid``, the ``field`` (such as
    ``geometry.coordinates[0][0][3]``), the ``limit`` and, where one place is at fault, ``lat``/``lng``.
    """
    if not isinstance(geometry, Mapping):
        raise _invalid("A geometry is an object", field, "GeoJSON Polygon or MultiPolygon")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise _invalid(f"A fence cannot be a {kind}", f"{field}.type", "Polygon or MultiPolygon")
    path = f"{field}.coordinates"
    if kind == "Polygon":
        return check_area((_polygon(coordinates, path),), field=path)
    parts = _sequence(coordinates, path, "a list of polygons")
    return check_area(tuple(_polygon(p, f"{path}[{i}]") for i, p in enumerate(parts)), field=path)


def polygon_of(corners: Sequence[tuple[float, float]], *holes: Sequence[tuple[float, float]]) -> Area:
    """Return the area of one polygon given by (lat, lng) corners, closed or not, checked.

    Raises ``Invalid`` as ``area_from_geojson`` does.
    """
    rings = [tuple(geo.to_position(lat, lng) for lat, lng in ring) for ring in (corners, *holes)]
    closed = [ring if ring and ring[0] == ring[-1] else (*ring, *ring[:1]) for ring in rings]
    return check_area((tuple(closed),), field="polygon")


def circle(lat: float, lng: float, radius_m: float, corners: int = 24) -> Area:
    """Return a regular polygon inside the circle, first corner to the north."""
    step = 360.0 / corners
    return polygon_of([geo.offset(lat, lng, step * k, radius_m) for k in range(corners)])


def rectangle(lat: float, lng: float, length_m: float, width_m: float, bearing_deg: float = 0.0) -> Area:
    """Return a rectangle around its centre, its length along ``bearing_deg``."""
    half = math.hypot(length_m, width_m) / 2
    turn = math.degrees(math.atan2(width_m, length_m))
    bearings = (bearing_deg + turn, bearing_deg + 180 - turn, bearing_deg + 180 + turn, bearing_deg - turn)
    return polygon_of([geo.offset(lat, lng, bearing % 360, half) for bearing in bearings])


def corridor(line: Sequence[tuple[float, float]], half_width_m: float) -> Area:
    """Return the strip around a line of (lat, lng), with flat ends; a crossing, a street, a beat."""
    plane = geo.LocalPlane(*line[0])
    path = shapely.LineString([plane.east_north(lat, lng) for lat, lng in line])
    return from_geos(plane.unproject(path.buffer(half_width_m, cap_style="flat", join_style="mitre")))


def from_geos(shape: Any) -> Area:
    """Return the area of a GEOS (multi)polygon in degrees, checked. Raises ``Invalid``."""
    parts = [part for part in getattr(shape, "geoms", (shape,)) if not part.is_empty]
    return check_area(
        tuple(
            tuple(tuple((float(x), float(y)) for x, y in ring.coords) for ring in (p.exterior, *p.interiors))
            for p in parts
        ),
        field="polygon",
    )


def to_geos(area: Area) -> Any:
    """Return the GEOS geometry of an area in degrees: a Polygon when it has one part."""
    parts = [shapely.Polygon(rings[0], rings[1:]) for rings in area]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def to_geojson(area: Area) -> dict[str, Any]:
    """Return the GeoJSON geometry of an area: a Polygon when it has one part."""
    if len(area) == 1:
        return {"type": "Polygon", "coordinates": area[0]}
    return {"type": "MultiPolygon", "coordinates": area}


def areas_m2(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each GEOS geometry in degrees, in m²: right to 1 %, for ranking."""
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    squeeze = np.cos(np.radians((bounds[:, 1] + bounds[:, 3]) / 2))
    result: NDArray[np.float64] = shapely.area(shapes) * squeeze * geo.METRES_PER_DEGREE**2
    return result


def check_area(area: Area, *, field: str) -> Area:
    """Return the area with its rings the right way round, or raise ``Invalid``.

    Checks finite and in range, closed rings of at least three corners, size, span, and that no border
    crosses itself, another part or a hole.
    """
    if not area:
        raise _invalid("An area needs at least one polygon", field, "at least 1 polygon")
    total = sum(len(ring) for rings in area for ring in rings)
    if total > MAX_POSITIONS:
        raise _invalid(f"The area has {total} positions", field, f"at most {MAX_POSITIONS} positions")
    for part, rings in enumerate(area):
        for number, ring in enumerate(rings):
            _check_ring(ring, f"{field}[{part}][{number}]")
    turned = tuple(
        tuple(_turned(ring, anticlockwise=number == 0) for number, ring in enumerate(rings)) for rings in area
    )
    _check_shape(to_geos(turned), field)
    return turned


def _check_ring(ring: Ring, path: str) -> None:
    for number, (lng, lat) in enumerate(ring):
        if not (math.isfinite(lng) and math.isfinite(lat)):
            raise _invalid("A coordinate is not a number", f"{path}[{number}]", "finite degrees")
        if abs(lng) > 180 or abs(lat) > MAX_ABS_LAT:
            raise _invalid(
                f"The position {lng:g}, {lat:g} is out of range",
                f"{path}[{number}]",
                f"longitude -180 to 180, latitude -{MAX_ABS_LAT:g} to {MAX_ABS_LAT:g}",
            )
    if len(ring) < 4 or len(set(ring)) < 3:
        raise _invalid("A ring needs three corners", path, "at least 3 different corners, closed")
    if ring[0] != ring[-1]:
        raise _invalid("A ring ends where it began", path, "last position equals the first")


def _check_shape(shape: Any, field: str) -> None:
    west, south, east, north = shapely.bounds(shape)
    if east - west > MAX_SPAN_DEG or north - south > MAX_SPAN_DEG:
        raise _invalid(
            f"The area spans {east - west:.1f} by {north - south:.1f} degrees",
            field,
            f"at most {MAX_SPAN_DEG:g} degrees each way",
        )
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        words, _, place = reason.partition("[")
        raise _invalid(f"The border is not simple: {words.strip()}", field, "no crossing", **_place(place))
    square = float(areas_m2(np.array([shape], object))[0])
    if square < MIN_AREA_M2:
        raise _invalid(f"The area measures {square:.2g} m²", field, f"at least {MIN_AREA_M2:g} m²")


def _place(text: str) -> dict[str, float]:
    """Return the place that GEOS names in a reason such as ``Self-intersection[109.8 39.6]``."""
    numbers = text.rstrip("]").split()
    if len(numbers) < 2:
        return {}
    lat, lng = geo.from_position((float(numbers[0]), float(numbers[1])))
    return {"lat": lat, "lng": lng}


def _turned(ring: Ring, *, anticlockwise: bool) -> Ring:
    return ring if bool(shapely.is_ccw(shapely.LinearRing(ring))) == anticlockwise else ring[::-1]


def _polygon(value: object, path: str) -> tuple[Ring, ...]:
    rings = _sequence(value, path, "a list of rings")
    if not rings:
        raise _invalid("A polygon needs an outer ring", path, "at least 1 ring")
    return tuple(_ring(ring, f"{path}[{i}]") for i, ring in enumerate(rings))


def _ring(value: object, path: str) -> Ring:
    return tuple(
        _position(position, f"{path}[{i}]")
        for i, position in enumerate(_sequence(value, path, "a list of positions"))
    )


def _position(value: object, path: str) -> Position:
    numbers = list(_sequence(value, path, "[longitude, latitude]"))
    if not 2 <= len(numbers) <= 3 or not all(_is_number(number) for number in numbers):
        raise _invalid("A position is two numbers", path, "[longitude, latitude]")
    return float(numbers[0]), float(numbers[1])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sequence(value: object, path: str, what: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _invalid(f"Expected {what}", path, what)
    if len(value) > MAX_POSITIONS:
        raise _invalid(f"The list holds {len(value)} items", path, f"at most {MAX_POSITIONS}")
    return value


def _invalid(message: str, field: str, limit: str, **fields: float) -> Invalid:
    return Invalid("shape-invalid", message, field=field, limit=limit, **fields)


def bounding_box(areas: Iterable[Area]) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of areas, GeoJSON order; ``ValueError`` when there are none."""
    corners = np.array([position for area in areas for rings in area for position in rings[0]])
    if not len(corners):
        raise ValueError("no areas, no box")
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    return float(west), float(south), float(east), float(north)
