"""Roads as OpenStreetMap PBF: written for the router, read from any extract. Nothing military is read."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geofences.geo import covers, to_position
from steppe.city.roads.network import DRIVABLE, RoadNetwork, Way

IDS_PER_TOWN: Final = 10_000_000
MADE_AT: Final = "2026-01-01T00:00:00Z"
"""Stamp of generated objects: constant, so that the same seed gives the same bytes."""


def write_pbf(networks: Iterable[RoadNetwork], path: Path) -> None:
    """Write roads as one sorted .osm.pbf; each network gets its own range of ids. Replaces the file."""
    towns = list(networks)
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for town, network in enumerate(towns):
            base = town * IDS_PER_TOWN + 1
            for node, (lat, lng) in enumerate(zip(network.lat, network.lng, strict=True)):
                writer.add_node(_Plain(id=base + node, location=to_position(lat, lng)))
        for town, network in enumerate(towns):
            base = town * IDS_PER_TOWN + 1
            for number, way in enumerate(network.ways):
                nodes = [base + node for node in way.nodes]
                writer.add_way(_Plain(id=base + number, nodes=nodes, tags=_tags(way)))


def read_pbf(path: Path) -> RoadNetwork:
    """Return the drivable roads of an OpenStreetMap extract.

    Drops every object with ``military`` or ``landuse=military`` and every road that touches such an area
    (assembled from ways and relations), roads under construction or closed to vehicles, and ways with a node
    that the extract does not hold. Raises Invalid ``city-pack-invalid`` when the file cannot be read.
    """
    if not path.is_file():
        raise Invalid("city-pack-invalid", f"{path}: there is no such file", file=str(path), field="-")
    try:
        military = _military_areas(path)
        return _roads(path, military)
    except RuntimeError as error:
        problem = f"cannot be read as OpenStreetMap PBF: {error}"
        raise Invalid("city-pack-invalid", f"{path.name}: {problem}", file=str(path), field="-") from error


def is_military(tags: Mapping[str, str] | Any) -> bool:
    """Tell whether an object's tags say that it is military."""
    return "military" in tags or tags.get("landuse") == "military" or tags.get("access") == "military"


class _Plain:
    """What osmium's writer reads attributes from."""

    version = 1
    visible = True
    changeset = 1
    timestamp = MADE_AT
    uid = 1
    user = "steppe"
    tags: Mapping[str, str] = {}

    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


def _tags(way: Way) -> dict[str, str]:
    tags = {"highway": way.highway, "source": "synthetic"}
    if way.name_zh:
        tags |= {"name": way.name_zh, "name:zh": way.name_zh, "name:en": way.name_en}
    if way.limit_kmh is not None:
        tags["maxspeed"] = str(way.limit_kmh)
    if way.one_way:
        tags["oneway"] = "yes"
    if way.is_roundabout:
        tags["junction"] = "roundabout"
    return tags


def _military_areas(path: Path) -> BaseGeometry:
    factory = osmium.geom.WKBFactory()
    wanted = osmium.filter.KeyFilter("military", "landuse")
    areas = [
        shapely.from_wkb(factory.create_multipolygon(thing))
        for thing in osmium.FileProcessor(str(path)).with_areas(wanted)
        if isinstance(thing, osmium.osm.Area) and is_military(thing.tags)
    ]
    union = shapely.union_all(areas)
    shapely.prepare(union)
    return union


def _roads(path: Path, military: BaseGeometry) -> RoadNetwork:
    lat: list[float] = []
    lng: list[float] = []
    number_of: dict[int, int] = {}
    ways = []
    for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations():
        if not isinstance(thing, osmium.osm.Way) or not _is_drivable(thing.tags):
            continue
        refs = [(node.ref, node.location) for node in thing.nodes]
        if len(refs) < 2 or not all(location.valid() for _, location in refs):
            continue
        if covers(military, [at.lat for _, at in refs], [at.lon for _, at in refs]).any():
            continue
        for ref, location in refs:
            if ref not in number_of:
                number_of[ref] = len(lat)
                lat.append(location.lat)
                lng.append(location.lon)
        ways.append(_way(thing.tags, [number_of[ref] for ref, _ in refs]))
    return RoadNetwork(lat=tuple(lat), lng=tuple(lng), ways=tuple(ways))


def _is_drivable(tags: Any) -> bool:
    if tags.get("highway", "").removesuffix("_link") not in DRIVABLE or is_military(tags):
        return False
    closed = tags.get("motor_vehicle", tags.get("vehicle", tags.get("access", "yes")))
    return closed not in ("no", "military") and tags.get("area") != "yes"


def _way(tags: Any, nodes: list[int]) -> Way:
    one_way = tags.get("oneway", "")
    is_roundabout = tags.get("junction") in ("roundabout", "circular")
    return Way(
        nodes=tuple(reversed(nodes)) if one_way == "-1" else tuple(nodes),
        highway=tags["highway"].removesuffix("_link"),
        name_zh=tags.get("name:zh", tags.get("name", "")),
        name_en=tags.get("name:en", ""),
        limit_kmh=_kmh(tags.get("maxspeed", "")),
        one_way=one_way in ("yes", "1", "true", "-1") or is_roundabout,
        is_roundabout=is_roundabout,
    )


def _kmh(text: str) -> int | None:
    """Return a limit as whole km/h; None for signals, walk and other words."""
    number = text.removesuffix("km/h").strip()
    return int(number) if number.isdigit() and 0 < int(number) <= 200 else None
