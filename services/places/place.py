"""Places vehicles go to between jobs: depots, chargers, and what a round visits."""

from enum import StrEnum

import msgspec

from core.ids import DistrictCode
from core.kinds import ServiceKind


class PlaceKind(StrEnum):
    """What a place is for."""

    DEPOT = "depot"
    CHARGER = "charger"
    VISIT = "visit"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place at (lat, lng), WGS 84, that a vehicle can be sent to.

    ``capacity`` is how many vehicles it takes at once: spots of a depot, bays of a charger, 1 for a visit.
    ``service`` narrows a visit to one service (vending spot, sweeping zone, patrol checkpoint); None is
    for all.
    """

    place_id: str
    kind: PlaceKind
    district: DistrictCode
    name_zh: str
    name_en: str
    lat: float
    lng: float
    capacity: int = 1
    service: ServiceKind | None = None
    is_active: bool = True
    is_synthetic: bool = False
