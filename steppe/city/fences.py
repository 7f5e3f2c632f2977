"""The fences of a city pack: borders of its districts, and everything its towns were generated with."""

from core.ids import DistrictCode, FenceId, OperatorId
from geofences.districts import district_drafts
from geofences.fences import FenceDraft, FenceHours, FenceRules, HourSpan
from steppe.city.build import CityBuild
from steppe.city.pack import CityPack
from steppe.city.places import Zone

KMH = 1 / 3.6


def border_source(pack: CityPack) -> str:
    """Return what fences of district borders name as their source."""
    return f"{pack.city.name}: {pack.city.attribution_en}"


def zone_source(pack: CityPack) -> str:
    """Return what generated fences name as their source."""
    return f"{pack.city.name}: synthetic"


def border_drafts(pack: CityPack) -> list[FenceDraft]:
    """Return one fence for each district, as vague as its border is drawn."""
    features = [
        {"properties": {"adcode": district.adcode}, "geometry": district.geometry}
        for district in pack.districts
    ]
    return district_drafts(
        {"type": "FeatureCollection", "features": features},
        [(d.adcode, d.code, d.name_zh, d.name_en) for d in pack.districts],
        source=border_source(pack),
        accuracy_m=pack.city.district_accuracy_m,
    )


def zone_drafts(pack: CityPack, build: CityBuild) -> list[FenceDraft]:
    """Return the fences of all towns."""
    return [_draft(pack, town.district, zone) for town in build.towns for zone in town.zones]


def operating_area(district: str) -> FenceId:
    """Return the fence that permits of a town bind."""
    return FenceId(f"{district}-operating-area")


def _draft(pack: CityPack, district: DistrictCode, zone: Zone) -> FenceDraft:
    rules = FenceRules(
        speed_limit_mps=None if zone.speed_limit_kmh is None else zone.speed_limit_kmh * KMH,
        no_entry=zone.no_entry,
        no_stopping=zone.no_stopping,
        capacity=zone.capacity,
    )
    return FenceDraft(
        fence_id=FenceId(zone.zone_id),
        kind=zone.kind,
        name_zh=zone.name_zh,
        name_en=zone.name_en,
        area=zone.area,
        district=district,
        operator=OperatorId(zone.operator) if zone.operator else None,
        services=frozenset(zone.services),
        rules=rules,
        hours=_hours(zone.hours, pack.city.time_zone),
        source=zone_source(pack),
        accuracy_m=0.0,
    )


def _hours(spans: tuple[str, ...], time_zone: str) -> FenceHours | None:
    if not spans:
        return None
    minutes = [tuple(60 * int(part[:2]) + int(part[3:]) for part in span.split("-")) for span in spans]
    return FenceHours(
        spans=tuple(HourSpan(start_minute=start, end_minute=end) for start, end in minutes),
        time_zone=time_zone,
    )
