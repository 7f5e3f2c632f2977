"""Fences and points for tests: small builders, and the hard set that the oracle judges."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3i
import numpy as np
import shapely
from numpy.typing import NDArray

from core.ids import DistrictCode, FenceId, FenceVersion
from geofences import shapes
from geofences.fences import Area, Fence, FenceDraft, FenceKind, FenceRules, versioned
from geofences.geo import LocalPlane, positions_to_lat_lng

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
KANGBASHI = LocalPlane(39.6087, 109.7816)
EASTERN_ORDOS = LocalPlane(39.72, 111.12)
"""East of 110.9° E the cells of Ordos belong to base cell 24, a pentagon's."""
PACK = Path(__file__).parents[1] / "steppe" / "ordos"

type Floats = NDArray[np.float64]


def a_draft(fence_id: str = "f", area: Area | None = None, **fields: Any) -> FenceDraft:
    defaults: dict[str, Any] = {
        "kind": FenceKind.SLOW_ZONE,
        "name_zh": "限速区",
        "name_en": "Slow zone",
        "source": "test",
    }
    return FenceDraft(fence_id=FenceId(fence_id), area=area or a_square(), **(defaults | fields))


def a_fence(fence_id: str = "f", area: Area | None = None, version: int = 1, **fields: Any) -> Fence:
    effective_at = fields.pop("effective_at", EPOCH)
    return versioned(a_draft(fence_id, area, **fields), FenceVersion(version), effective_at)


def a_square(half_m: float = 50.0, east_m: float = 0.0, north_m: float = 0.0) -> Area:
    """A square around a place given in metres from Kangbashi."""
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)]
    return shapes.polygon_of([KANGBASHI.lat_lng(east_m + e, north_m + n) for e, n in corners])


def a_limit(speed_mps: float) -> FenceRules:
    return FenceRules(speed_limit_mps=speed_mps)


def the_districts() -> list[Fence]:
    collection = json.loads((PACK / "districts.geojson").read_text())
    return [
        a_fence(
            f"district-{feature['properties']['adcode']}",
            shapes.area_from_geojson(feature["geometry"]),
            kind=FenceKind.DISTRICT,
            district=DistrictCode(str(feature["properties"]["adcode"])),
            accuracy_m=190.0,
        )
        for feature in collection["features"]
    ]


def hard_fences(seed: int, per_town: int) -> list[Fence]:
    """Everything that has been wrong in some fence index: see the kinds in ``_hard_area``."""
    random = np.random.default_rng(seed)
    fences = the_districts()
    for town, plane in (("kb", KANGBASHI), ("east", EASTERN_ORDOS)):
        for number in range(per_town):
            area = _hard_area(random, plane, number)
            fences.append(a_fence(f"{town}-{number}", area))
    return fences


def hard_points(seed: int, fences: list[Fence], scattered: int) -> tuple[Floats, Floats]:
    """Scattered points, and those where a rounding or a wrong cell would show: on and beside every border,
    at corners, at the corners and centres of H3 cells."""
    random = np.random.default_rng(seed)
    lats, lngs = [], []
    for plane in (KANGBASHI, EASTERN_ORDOS):
        lats.append(plane.lat + random.uniform(-0.06, 0.06, scattered))
        lngs.append(plane.lng + random.uniform(-0.08, 0.08, scattered))
    lats.append(random.uniform(37.5, 41.0, scattered))
    lngs.append(random.uniform(106.5, 112.0, scattered))
    for fence in fences:
        lat, lng = _border_points(random, shapes.to_geos(fence.area), 12)
        lats += [lat, lat + random.normal(0, 1e-8, len(lat)), lat + random.normal(0, 1e-4, len(lat))]
        lngs += [lng, lng + random.normal(0, 1e-8, len(lat)), lng + random.normal(0, 1e-4, len(lat))]
        lat, lng = _cell_points(lat, lng)
        lats.append(lat)
        lngs.append(lng)
    return np.concatenate(lats), np.concatenate(lngs)


def oracle(fences: list[Fence], lat: Floats, lng: Floats) -> list[NDArray[np.intp]]:
    """For each fence the rows of the points it holds, by GEOS alone: every point against every fence."""
    found = []
    for fence in fences:
        shape = shapes.to_geos(fence.area)
        shapely.prepare(shape)
        found.append(np.flatnonzero(shapely.intersects_xy(shape, lng, lat)))
    return found


def disagreements(index: Any, fences: list[Fence], lat: Floats, lng: Floats) -> tuple[int, int]:
    """Return (memberships by GEOS, memberships on which the index says otherwise)."""
    offsets, numbers = index.match(lat, lng)
    row = np.repeat(np.arange(len(lat)), np.diff(offsets))
    total = wrong = 0
    for number, expected in enumerate(oracle(fences, lat, lng)):
        total += len(expected)
        wrong += len(np.setxor1d(expected, row[numbers == number]))
    return total, wrong


def _hard_area(random: np.random.Generator, plane: LocalPlane, number: int) -> Area:
    east, north = random.uniform(-5000, 5000, 2)
    size = float(10 ** random.uniform(0.7, 3.3))
    match number % 7:
        case 0:  # a star: thin arms, many concave corners
            angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            radii = np.where(np.arange(24) % 2, size * random.uniform(0.2, 0.9), size)
            ring = _ring(plane, east, north, angles, radii)
            return shapes.polygon_of(ring)
        case 1:  # a hole, and sometimes an island's worth of it
            angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
            outer = _ring(plane, east, north, angles, np.full(40, size))
            inner = _ring(plane, east, north, angles, np.full(40, size * random.uniform(0.3, 0.95)))
            return shapes.polygon_of(outer, inner)
        case 2:  # several parts, one with a hole
            parts = [shapely.Point(east + k * size * 4.0, north).buffer(size * (1 + k / 4)) for k in range(3)]
            parts[1] = parts[1].difference(shapely.Point(east + size * 4.0, north).buffer(size / 2))
            return shapes.from_geos(plane.unproject(shapely.MultiPolygon(parts)))
        case 3:  # a street
            turns = np.cumsum(random.uniform(-size, size, (6, 2)), axis=0)
            line = [plane.lat_lng(east + e, north + n) for e, n in turns]
            return shapes.from_geos(
                plane.unproject(
                    shapely.LineString([plane.east_north(*p) for p in line]).buffer(max(3.0, size / 30))
                )
            )
        case 4:  # an H3 cell itself: the border of the fence is the border of a cell
            resolution = int(random.integers(8, 13))
            cell = h3i.latlng_to_cell(*plane.lat_lng(east, north), resolution)
            return shapes.polygon_of(h3i.cell_to_boundary(cell))
        case 5:  # a row of plots that share their borders
            return shapes.rectangle(*plane.lat_lng((number % 30) * 40.0, -3000.0), 40.0, 40.0)
        case _:
            return shapes.circle(*plane.lat_lng(east, north), size, int(random.integers(3, 90)))


def _ring(
    plane: LocalPlane, east: float, north: float, angles: Floats, radii: Floats
) -> list[tuple[float, float]]:
    return [
        plane.lat_lng(east + float(r * np.sin(a)), north + float(r * np.cos(a)))
        for a, r in zip(angles, radii, strict=True)
    ]


def _border_points(random: np.random.Generator, shape: Any, wanted: int) -> tuple[Floats, Floats]:
    """Corners, points that rounding leaves on or beside an edge, and exact middles of edges."""
    corners = shapely.get_coordinates(shape)
    corners = corners[random.integers(0, len(corners), wanted)]
    along = shapely.line_interpolate_point(shape.boundary, random.uniform(0, 1, wanted), normalized=True)
    ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape))[0])
    middles = (ring[:-1] + ring[1:]) / 2
    middles = middles[random.integers(0, len(middles), wanted)]
    return positions_to_lat_lng(np.concatenate((corners, shapely.get_coordinates(along), middles)))


def _cell_points(lat: Floats, lng: Floats) -> tuple[Floats, Floats]:
    places = []
    for resolution in (7, 9, 12):
        for cell in {h3i.latlng_to_cell(a, b, resolution) for a, b in zip(lat[:4], lng[:4], strict=True)}:
            places += [h3i.cell_to_latlng(cell), *h3i.cell_to_boundary(cell)]
    found = np.array(places)
    return found[:, 0], found[:, 1]
