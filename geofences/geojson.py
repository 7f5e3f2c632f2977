"""Fences as a GeoJSON FeatureCollection (RFC 7946), for maps and for other systems."""

from collections.abc import Iterable
from typing import Any

import msgspec

from geofences import shapes
from geofences.fences import Fence


def feature_collection(fences: Iterable[Fence]) -> dict[str, Any]:
    """Return the fences with what a map needs to draw and name them; camelCase properties."""
    return {"type": "FeatureCollection", "features": [_feature(fence) for fence in fences]}


def _feature(fence: Fence) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": fence.fence_id,
        "geometry": shapes.to_geojson(fence.area),
        "properties": {
            "fenceId": fence.fence_id,
            "version": fence.version,
            "kind": fence.kind,
            "nameZh": fence.name_zh,
            "nameEn": fence.name_en,
            "district": fence.district,
            "operator": fence.operator,
            "services": sorted(fence.services),
            "speedLimitMps": fence.rules.speed_limit_mps,
            "noEntry": fence.rules.no_entry,
            "noStopping": fence.rules.no_stopping,
            "capacity": fence.rules.capacity,
            "hours": msgspec.to_builtins(fence.hours),
            "source": fence.source,
            "accuracyM": fence.accuracy_m,
            "effectiveAt": fence.effective_at.isoformat(),
        },
    }
