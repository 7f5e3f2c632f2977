"""Whether the permits of a vehicle cover where its work would lead it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from core.ids import FenceId
from services.dispatch.candidate import WaitingOrder
from services.dispatch.fleet_member import FleetMember
from services.dispatch.rules import Exclusion, Rule
from services.places.place import Place

OUTSIDE_PERMIT: Final = "outside_permit"
"""Why work that waits was not given: no permit of the vehicle that was free covers where it is."""
type AreasAt = Callable[[float, float], frozenset[FenceId]]
"""Who knows which operating areas hold a (lat, lng)."""


def outside_permit(member: FleetMember, place: Place, areas_at: AreasAt | None) -> Exclusion | None:
    """Return the exclusion of a place that no permit of the vehicle covers, None for one that is covered.

    Every operating area that a place lies in must be permitted, as for orders; a place in none is outside.
    Without ``areas_at`` nothing is.
    """
    if areas_at is None or member.areas is None:
        return None
    needed = areas_at(place.lat, place.lng)
    if needed and needed <= member.areas:
        return None
    value, wanted = ", ".join(sorted(member.areas)), ", ".join(sorted(needed))
    return Exclusion(rule=Rule.AREA_FOR_JOB.value, value=value or None, needed=wanted or None)


def covers(
    areas: frozenset[FenceId] | None, points: Iterable[tuple[float, float]], areas_at: AreasAt | None
) -> bool:
    """Return whether permitted areas cover every (lat, lng); a place in no area is outside.

    Where nobody looked (None) nothing is outside.
    """
    if areas_at is None or areas is None:
        return True
    needed_at = (areas_at(lat, lng) for lat, lng in points)
    return all(bool(needed) and needed <= areas for needed in needed_at)


def placed(view: WaitingOrder, areas_at: AreasAt | None) -> WaitingOrder:
    """Return an order with the operating areas that a vehicle needs for it."""
    if areas_at is None:
        return view
    shop = areas_at(view.merchant_lat, view.merchant_lng)
    door = areas_at(view.pickup_lat, view.pickup_lng)
    needed = shop | door if shop and door else frozenset[FenceId]()
    return msgspec.structs.replace(view, areas=needed)


def permitted(member: FleetMember, places: Iterable[Place], areas_at: AreasAt | None) -> list[Place]:
    """Return the places that the permits of a vehicle cover."""
    return [place for place in places if outside_permit(member, place, areas_at) is None]


def together(areas: Sequence[frozenset[FenceId] | None]) -> frozenset[FenceId] | None:
    """Return the operating areas of several orders; empty when one lies in none, None when nobody looked."""
    known = [each for each in areas if each is not None]
    if len(known) < len(areas):
        return None
    return frozenset[FenceId]().union(*known) if all(known) else frozenset()
