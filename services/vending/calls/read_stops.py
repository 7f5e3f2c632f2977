"""Which stops there are around a caller, and which of them the fences forbid."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.database import Transaction
from core.ids import DistrictCode
from core.kinds import ServiceKind
from geofences.fences import FenceKind
from geofences.rules import EffectiveRule
from services.delivery.catalogue import PickupPoint, PickupPointKind
from services.delivery.store import CatalogueStore
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore

type RuleAt = Callable[[float, float, datetime], EffectiveRule]
"""The rule that holds at a place and moment for a vending vehicle."""
BY_THE_ROAD = frozenset({PickupPointKind.GATE, PickupPointKind.PUBLIC})
"""Pickup points at which a vending vehicle stops too; it does not drive into compounds."""


async def stops_of(tx: Transaction, district: DistrictCode) -> list[Place]:
    """Return where a vending vehicle may be called to: its own spots, compound gates and roadside points."""
    spots = await PlaceStore(tx).of_kind(PlaceKind.VISIT, district, service=ServiceKind.VENDING)
    points = await CatalogueStore(tx).pickup_points(district)
    return [*spots, *(_place(point) for point in points if point.kind in BY_THE_ROAD)]


def forbidden_stops(places: Sequence[Place], rule_at: RuleAt, *, at: datetime) -> Mapping[str, str]:
    """Return by place id the rule that keeps a vending vehicle from stopping there now."""
    said = {place.place_id: _why_not(rule_at(place.lat, place.lng, at)) for place in places}
    return {place_id: word for place_id, word in said.items() if word}


def _why_not(rule: EffectiveRule) -> str:
    """Permits bind operating areas: outside all of them no vehicle may go."""
    if not any(fence.kind is FenceKind.OPERATING_AREA for fence in rule.fences):
        return "outside_area"
    if rule.no_entry:
        return "no_entry"
    if rule.no_stopping:
        return "no_stopping"
    return "" if rule.is_service_allowed else "service_not_allowed"


def _place(point: PickupPoint) -> Place:
    return Place(
        place_id=point.pickup_point_id,
        kind=PlaceKind.VISIT,
        district=point.district,
        name_zh=point.name_zh,
        name_en=point.name_en,
        lat=point.lat,
        lng=point.lng,
    )
