"""Zones of a town: where vehicles may work, must be slow, may not enter or may not stand."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from core.kinds import ServiceKind
from geofences import shapes
from geofences.fences import Area, FenceKind
from geofences.geo import LocalPlane
from steppe.city.pack import CityPack, Town
from steppe.city.places import Ground, Place, Zone
from steppe.city.roads.graph import Point, StreetGraph
from steppe.city.roads.naming import NamePool
from steppe.city.sites import Blocks, Site, ground_of
from steppe.city.stops import stop_along

GROUND_FENCES = {"compound": FenceKind.COMMUNITY, "park": FenceKind.PARK, "depot": FenceKind.DEPOT}
PLACE_FENCES = {
    "pickup_point": (FenceKind.PICKUP_POINT, 12.0),
    "charger": (FenceKind.CHARGER, 14.0),
    "vending_spot": (FenceKind.VENDING_SPOT, 15.0),
}
"""Kind of the fence around a place and its radius in metres."""
OUTSKIRTS_M = 150.0
"""The operating area reaches this far beyond the last street, so that a sound vehicle never leaves it."""
CLEAR_OF_STOPS_M = 22.0
"""keep_clear zones keep away from every place where vehicles are told to stop."""
HECTARE_M2 = 10_000.0


@dataclass(slots=True)
class Layout:
    """A town under construction, in metres; ``stops`` are the places where vehicles are told to stop."""

    pack: CityPack
    town: Town
    plane: LocalPlane
    outline: Polygon
    district: BaseGeometry
    graph: StreetGraph
    blocks: Blocks
    sites: dict[str, Site]
    stops: list[Point]
    names: NamePool
    random: np.random.Generator

    def area(self, ground: BaseGeometry) -> Area:
        """Return a shape in degrees."""
        return shapes.from_geos(self.plane.unproject(ground))

    def zone_id(self, kind: str, number: int) -> str:
        """Return the id of the nth zone of a kind in this town."""
        return f"{self.town.code}-{kind}-{number:02d}"


def zones_of(layout: Layout, grounds: list[Ground], places: list[Place]) -> list[Zone]:
    """Return every zone of a town, the operating area first."""
    zones = [_operating_area(layout)]
    zones += [_around_ground(ground) for ground in grounds]
    zones += [_around_place(place) for place in places if place.kind in PLACE_FENCES]
    zones += _no_go(layout)
    zones += _slow_zones(layout)
    zones += _work_zones(layout)
    zones += _keep_clear(layout)
    return zones


def _operating_area(layout: Layout) -> Zone:
    reach = layout.outline.buffer(OUTSKIRTS_M).simplify(5).intersection(layout.district.buffer(-30))
    return Zone(
        zone_id=f"{layout.town.code}-operating-area",
        kind=FenceKind.OPERATING_AREA,
        name_zh=f"{layout.town.name_zh}运行区域（合成）",
        name_en=f"{layout.town.name_en} operating area (synthetic)",
        area=layout.area(max(shapely.get_parts(reach), key=lambda part: part.area)),
    )


def _around_ground(ground: Ground) -> Zone:
    return Zone(
        zone_id=ground.ground_id,
        kind=GROUND_FENCES[ground.kind],
        name_zh=ground.name_zh,
        name_en=ground.name_en,
        area=ground.area,
        operator=ground.operator if ground.kind == "depot" else "",
        speed_limit_kmh=15 if ground.kind == "compound" else None,
    )


def _around_place(place: Place) -> Zone:
    kind, radius_m = PLACE_FENCES[place.kind]
    return Zone(
        zone_id=place.place_id,
        kind=kind,
        name_zh=place.name_zh,
        name_en=place.name_en,
        area=shapes.circle(place.lat, place.lng, radius_m),
        capacity=place.capacity if place.capacity > 1 else None,
    )


def _no_go(layout: Layout) -> list[Zone]:
    """Return blocks that nobody may drive into; no street leads through them."""
    blocks = layout.blocks.take_spread(
        layout.pack.places.no_go, 0.6 * HECTARE_M2, 6 * HECTARE_M2, layout.random
    )
    zones = []
    for number, block in enumerate(blocks, 1):
        name_zh, name_en = layout.names.take("no-go", "禁行区", "No-go Zone")
        zones.append(
            Zone(
                zone_id=layout.zone_id("no-go", number),
                kind=FenceKind.NO_GO,
                name_zh=name_zh,
                name_en=name_en,
                area=layout.area(ground_of(block)),
                no_entry=True,
            )
        )
    return zones


def _slow_zones(layout: Layout) -> list[Zone]:
    """Return schools with the streets around them."""
    numbers = layout.pack.places
    blocks = layout.blocks.take_spread(numbers.slow_zones, 0.8 * HECTARE_M2, 5 * HECTARE_M2, layout.random)
    zones = []
    for number, block in enumerate(blocks, 1):
        school_zh, school_en = layout.names.take("school", "小学", "Primary School")
        zones.append(
            Zone(
                zone_id=layout.zone_id("slow", number),
                kind=FenceKind.SLOW_ZONE,
                name_zh=f"{school_zh}限速区",
                name_en=f"{school_en} slow zone",
                area=layout.area(block.buffer(14).simplify(1.0)),
                speed_limit_kmh=numbers.slow_zone_limit_kmh,
            )
        )
        if number <= numbers.keep_clear_school:
            zones += _school_gate(layout, block, number, (school_zh, school_en))
    return zones


def _school_gate(layout: Layout, block: Polygon, number: int, school: tuple[str, str]) -> list[Zone]:
    """Return the stretch of street before a school gate, clear when school begins and ends."""
    for share in np.linspace(0.1, 0.9, 9):
        stop = stop_along(LineString(block.exterior.coords), block.length * float(share), 0.0)
        gate = _box(stop.x, stop.y, 30.0, 14.0, stop.heading_deg)
        if _is_clear(layout, gate):
            return [
                _keep_clear_zone(
                    layout, "school", number, gate, f"{school[0]}校门", f"{school[1]} Gate", True
                )
            ]
    return []


def _work_zones(layout: Layout) -> list[Zone]:
    """Return what sweepers sweep and patrols walk: blocks with the streets around them."""
    numbers = layout.pack.places
    zones = []
    kinds = (
        (
            "sweep",
            FenceKind.SWEEPING_ZONE,
            ServiceKind.SWEEPING,
            numbers.sweeping_zones,
            5,
            "清扫区",
            "Sweeping Zone",
        ),
        ("beat", FenceKind.PATROL_BEAT, ServiceKind.PATROL, numbers.patrol_beats, 9, "巡逻区", "Patrol Beat"),
    )
    for slug, kind, service, count, blocks, zh, en in kinds:
        for number in range(1, count + 1):
            turn = 2 * math.pi * (number - 0.5 + (0.3 if slug == "beat" else 0.0)) / count
            x = layout.town.length_m * 0.3 * math.cos(turn)
            y = layout.town.width_m * 0.3 * math.sin(turn)
            faces = layout.blocks.around(x, y, blocks)
            ground = shapely.union_all(faces).buffer(25).buffer(-15).simplify(1.0)
            name_zh, name_en = layout.names.take(slug, zh, en)
            zones.append(
                Zone(
                    zone_id=layout.zone_id(slug, number),
                    kind=kind,
                    name_zh=name_zh,
                    name_en=name_en,
                    area=layout.area(ground),
                    services=(service,),
                )
            )
    return zones


def _keep_clear(layout: Layout) -> list[Zone]:
    """Return kerb ramps, tactile paving, crossings at junctions, and fire lanes in grounds."""
    numbers = layout.pack.places
    junctions = [node for node in layout.graph.nodes() if layout.graph.degree(node) >= 3]
    order = [junctions[index] for index in layout.random.permutation(len(junctions))]
    sorts = (
        ("crossing", numbers.keep_clear_crossing, 11.0, 0.0, (4.0, 13.0), "人行横道", "Crossing"),
        ("kerb", numbers.keep_clear_kerb, 9.0, 7.5, (3.0, 3.0), "无障碍坡道", "Kerb Ramp"),
        ("tactile", numbers.keep_clear_tactile, 30.0, 8.5, (28.0, 2.0), "盲道", "Tactile Paving"),
    )
    zones: list[Zone] = []
    for sort, count, along, aside, (length, width), zh, en in sorts:
        made = 0
        while order and made < count:
            zone = _beside_junction(layout, order.pop(), along, aside, length, width)
            if zone is not None:
                made += 1
                name_zh, name_en = layout.names.take(sort, zh, en)
                zones.append(_keep_clear_zone(layout, sort, made, zone, name_zh, name_en))
    return zones + _fire_lanes(layout)


def _beside_junction(
    layout: Layout, node: int, along: float, aside: float, length: float, width: float
) -> Polygon | None:
    for number in layout.graph.at(node):
        edge = layout.graph.edges[number]
        if edge.highway == "service" or edge.length_m() < 70:
            continue
        line = LineString(edge.line if edge.a == node else edge.line[::-1])
        place = stop_along(line, along, aside)
        zone = _box(place.x, place.y, length, width, place.heading_deg)
        if _is_clear(layout, zone):
            return zone
    return None


def _fire_lanes(layout: Layout) -> list[Zone]:
    compounds = [(site_id, site) for site_id, site in layout.sites.items() if "-compound-" in site_id]
    zones: list[Zone] = []
    for _, site in compounds:
        if len(zones) == layout.pack.places.keep_clear_fire:
            break
        loop = LineString(site.loop)
        for share in np.linspace(0.05, 0.95, 19):
            place = stop_along(loop, loop.length * float(share), 0.0)
            lane = _box(place.x, place.y, 18.0, 6.0, place.heading_deg)
            if _is_clear(layout, lane):
                name_zh, name_en = layout.names.take("fire", "消防通道", "Fire Lane")
                zones.append(_keep_clear_zone(layout, "fire", len(zones) + 1, lane, name_zh, name_en))
                break
    return zones


def _keep_clear_zone(
    layout: Layout, sort: str, number: int, zone: Polygon, name_zh: str, name_en: str, by_hours: bool = False
) -> Zone:
    return Zone(
        zone_id=layout.zone_id(f"clear-{sort}", number),
        kind=FenceKind.KEEP_CLEAR,
        name_zh=name_zh,
        name_en=name_en,
        area=layout.area(zone),
        no_stopping=True,
        hours=layout.pack.places.school_hours if by_hours else (),
    )


def _is_clear(layout: Layout, zone: Polygon) -> bool:
    gaps = shapely.distance(zone, shapely.points(np.array(layout.stops).reshape(-1, 2)))
    return bool(gaps.size == 0 or gaps.min() > CLEAR_OF_STOPS_M)


def _box(x: float, y: float, length: float, width: float, heading_deg: float) -> Polygon:
    """Return a rectangle around a point, its length along a heading (clockwise from north)."""
    turn = math.radians(90 - heading_deg)
    along, across = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    corners = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    return Polygon(
        [
            (
                x + along[0] * u * length / 2 + across[0] * v * width / 2,
                y + along[1] * u * length / 2 + across[1] * v * width / 2,
            )
            for u, v in corners
        ]
    )
