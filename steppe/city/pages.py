"""What web pages read of a city, written once when it is built: borders, roads, grounds, configuration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from geofences import shapes
from steppe.city.pack import CityPack, Town
from steppe.city.places import TownBuild


def write_pages(pack: CityPack, towns: Iterable[TownBuild], folder: Path) -> None:
    """Write districts.geojson, config.json, and of every town roads-CODE and grounds-CODE.geojson."""
    built = list(towns)
    _write(folder / "districts.geojson", districts_geojson(pack))
    _write(folder / "config.json", city_config(pack, built))
    for town in built:
        _write(folder / f"roads-{town.code}.geojson", town.network.geojson())
        _write(folder / f"grounds-{town.code}.geojson", grounds_geojson(town))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_bytes(msgspec.json.encode(content))


def districts_geojson(pack: CityPack) -> dict[str, Any]:
    """Return the borders of all districts as a FeatureCollection."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": district.adcode,
                "properties": {
                    "code": district.code,
                    "adcode": district.adcode,
                    "nameZh": district.name_zh,
                    "nameEn": district.name_en,
                    "kind": district.kind,
                },
                "geometry": district.geometry,
            }
            for district in pack.districts
        ],
    }


def grounds_geojson(town: TownBuild) -> dict[str, Any]:
    """Return what lies between the roads of a town; ``kind`` is water, compound, park or depot."""
    named: list[tuple[dict[str, str], Any]] = [
        (
            {"kind": ground.kind, "sort": ground.sort, "name": ground.name_zh, "nameEn": ground.name_en},
            ground.area,
        )
        for ground in town.grounds
    ]
    if town.water:
        named.append(({"kind": "water", "sort": "", "name": "", "nameEn": ""}, town.water))
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": properties, "geometry": shapes.to_geojson(area)}
            for properties, area in named
        ],
    }


def city_config(pack: CityPack, towns: list[TownBuild]) -> dict[str, Any]:
    """Return what a page must know of the city before anything else (camelCase)."""
    city = pack.city
    return {
        "city": {"name": city.name, "code": city.code, "nameZh": city.name_zh, "nameEn": city.name_en},
        "timeZone": city.time_zone,
        "attributionZh": city.attribution_zh,
        "attributionEn": city.attribution_en,
        "approvalNumber": city.approval_number,
        "isSynthetic": True,
        "syntheticLabelZh": city.synthetic_label_zh,
        "syntheticLabelEn": city.synthetic_label_en,
        "telephone": city.telephone,
        "towns": [_town(town, built) for town, built in zip(pack.towns, towns, strict=True)],
        "services": [
            {"kind": s.kind.value, "letter": s.letter, "nameZh": s.name_zh, "nameEn": s.name_en}
            for s in city.service
        ],
        "planned": [
            {"district": line.district, "service": line.service.value, "vehicles": line.planned}
            for line in pack.roster
        ],
    }


def _town(town: Town, built: TownBuild) -> dict[str, Any]:
    south, west, north, east = built.bbox
    return {
        "code": town.code,
        "district": town.district,
        "nameZh": town.name_zh,
        "nameEn": town.name_en,
        "bbox": [west, south, east, north],
        "centre": {"lat": town.lat, "lng": town.lng},
    }
