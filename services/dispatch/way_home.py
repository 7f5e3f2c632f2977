"""Whether a vehicle comes back from its work: to the depot or charger nearest to its end. Pure."""

from collections.abc import Iterable
from typing import Final

from geofences.geo import distance_m
from services.dispatch.energy import battery_needed_ratio
from services.dispatch.fleet_member import FleetMember
from services.places.place import Place

ROAD_FACTOR: Final = 1.4
"""Roads are longer than the straight line; before a route is asked for. Ours."""


def home_m(lat: float, lng: float, shelters: Iterable[Place]) -> float | None:
    """Return about how far it is by road from a place to the nearest depot or charger, None without any."""
    straight = min((distance_m(lat, lng, place.lat, place.lng) for place in shelters), default=None)
    return None if straight is None else straight * ROAD_FACTOR


def comes_back(member: FleetMember, out_m: float, last: Place, shelters: Iterable[Place]) -> bool:
    """Return whether the battery does work of ``out_m`` metres that ends at ``last`` and carries the vehicle
    home at its temperature.

    Without a depot or charger the way home is taken as long as the work.
    """
    heard = member.heard
    if heard is None or heard.battery_ratio is None:
        return False
    back_m = home_m(last.lat, last.lng, shelters)
    needed = battery_needed_ratio(out_m + (out_m if back_m is None else back_m), heard.outside_c)
    return heard.battery_ratio >= needed
