"""Maps as GeoJSON (RFC 7946): borders, roads, fences. Positions are longitude, latitude, WGS 84."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from dashboard.parts import CityFacts
from geofences.fences import KIND_NAMES, Fence
from geofences.store import FenceStore

GEOJSON: Final = "application/geo+json"


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on the map; property names are camelCase."""

    type: Literal["Feature"] = "Feature"
    properties: Mapping[str, Any]
    geometry: Mapping[str, Any]


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A FeatureCollection; without features it is an empty map, not an error."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: tuple[Feature, ...]


def district_map(city: CityFacts) -> Collection:
    """Return the borders of the 旗区."""
    return Collection(
        features=tuple(
            Feature(
                geometry=district.geometry,
                properties={
                    "code": district.code,
                    "adcode": district.adcode,
                    "nameZh": district.name_zh,
                    "nameEn": district.name_en,
                    "kind": district.kind,
                },
            )
            for district in city.districts
        )
    )


async def fence_map(tx: Transaction, reach: Reach, *, at: datetime) -> Collection:
    """Return the fences in force at a moment within the reach, by id."""
    fences = await FenceStore(tx).listed(at=at, reach=reach)
    return Collection(features=tuple(_fence(fence) for fence in fences))


def _fence(fence: Fence) -> Feature:
    zh, en = KIND_NAMES[fence.kind]
    return Feature(
        geometry={"type": "MultiPolygon", "coordinates": fence.area},
        properties={
            "fenceId": fence.fence_id,
            "version": fence.version,
            "kind": fence.kind.value,
            "kindZh": zh,
            "kindEn": en,
            "nameZh": fence.name_zh,
            "nameEn": fence.name_en,
            "district": fence.district,
            "operator": fence.operator,
            "services": sorted(fence.services),
            "speedLimitMps": fence.rules.speed_limit_mps,
            "noEntry": fence.rules.no_entry,
            "noStopping": fence.rules.no_stopping,
            "capacity": fence.rules.capacity,
            "hasHours": fence.hours is not None,
            "source": fence.source,
            "accuracyM": fence.accuracy_m,
            "effectiveAt": fence.effective_at,
        },
    )
