"""Which 旗区 a place lies in, from the polygons that the city pack supplies."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import Invalid
from core.ids import DistrictCode, FenceId, FenceVersion
from geofences import shapes
from geofences.fences import Fence, FenceDraft, FenceKind, versioned
from geofences.index import FenceIndex

NOWHERE: Final = -1
"""Number of a place that lies in no district."""


class DistrictAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a place lies and whether the drawn border is too vague to say so for sure."""

    code: DistrictCode | None
    border_uncertain: bool


class Districts:
    """The districts of a city. Immutable; built once from the pack."""

    def __init__(self, drafts: Iterable[FenceDraft]) -> None:
        """Take fences of kind ``district``, each with its ``district`` code and ``accuracy_m``."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        fences = [versioned(draft, FenceVersion(1), epoch) for draft in drafts]
        self.codes: tuple[DistrictCode, ...] = tuple(_code(fence) for fence in fences)
        self._index = FenceIndex.build(fences)

    def __repr__(self) -> str:
        return f"Districts({', '.join(self.codes)})"

    def at(self, lat: float, lng: float) -> DistrictAnswer:
        """Return the district of one place; ``code`` None outside all of them."""
        number, uncertain = self.of(np.array([lat]), np.array([lng]))
        code = None if number[0] == NOWHERE else self.codes[number[0]]
        return DistrictAnswer(code=code, border_uncertain=bool(uncertain[0]))

    def of(
        self, lat: NDArray[np.float64], lng: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return (number of the district in ``codes`` or ``NOWHERE``, border_uncertain) of n places.

        Generalised neighbours overlap and leave slivers: of two the first in ``codes`` answers, and a
        place in neither is uncertain when a border is near.
        """
        offsets, numbers = self._index.match(lat, lng)
        found = np.full(len(lat), NOWHERE, np.int32)
        some = offsets[1:] > offsets[:-1]
        found[some] = numbers[offsets[:-1][some]]
        uncertain = np.zeros(len(lat), np.bool_)
        for number, accuracy_m in enumerate(self._index.accuracy_m.tolist()):
            rows = np.flatnonzero(((found == number) | (found == NOWHERE)) & ~uncertain)
            near = self._index.near_border(np.full(len(rows), number), lat[rows], lng[rows], accuracy_m)
            uncertain[rows] = near
        return found, uncertain


def district_drafts(
    collection: object, codes: Sequence[tuple[int, DistrictCode, str, str]], *, source: str, accuracy_m: float
) -> list[FenceDraft]:
    """Return one district fence for each row (adcode, code, name_zh, name_en) of the pack.

    ``collection``: a GeoJSON FeatureCollection whose features carry ``properties.adcode``. Raises
    ``Invalid`` when a row has no feature or a polygon is bad.
    """
    features = {f["properties"]["adcode"]: f for f in _features(collection)}
    drafts = []
    for adcode, code, name_zh, name_en in codes:
        if adcode not in features:
            raise Invalid(
                "shape-invalid", f"No polygon for {name_zh}", field="features", limit=f"adcode {adcode}"
            )
        drafts.append(
            FenceDraft(
                fence_id=FenceId(f"district-{code}"),
                kind=FenceKind.DISTRICT,
                name_zh=name_zh,
                name_en=name_en,
                area=shapes.area_from_geojson(features[adcode]["geometry"], field=f"{code}.geometry"),
                district=code,
                source=source,
                accuracy_m=accuracy_m,
            )
        )
    return drafts


def _features(collection: object) -> list[dict[str, dict[str, int]]]:
    if not isinstance(collection, dict) or not isinstance(collection.get("features"), list):
        raise Invalid("shape-invalid", "Not a FeatureCollection", field="features", limit="GeoJSON")
    features: list[dict[str, dict[str, int]]] = collection["features"]
    return features


def _code(fence: Fence) -> DistrictCode:
    if fence.district is None:
        raise ValueError(f"district fence {fence.fence_id} has no district code")
    return fence.district
