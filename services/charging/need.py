"""When a vehicle without a task drives to a charger, and to which."""

from collections.abc import Mapping, Sequence

from geofences.geo import distance_m
from services.places.place import Place

CHARGE_BELOW_RATIO = 0.35
"""An idle vehicle below this drives to a charger: two long deliveries in winter are still left in it."""


def needs_charge(battery_ratio: float | None, *, is_charging: bool) -> bool:
    """Return whether an idle vehicle should go and charge; one that charges or never said is left alone."""
    return battery_ratio is not None and not is_charging and battery_ratio < CHARGE_BELOW_RATIO


def nearest_free(chargers: Sequence[Place], taken: Mapping[str, int], lat: float, lng: float) -> Place | None:
    """Return the charger with a free bay that lies nearest by straight line, or None.

    ``taken`` counts vehicles that stand at a charger or are on the way to it, by place id.
    """
    free = [place for place in chargers if taken.get(place.place_id, 0) < place.capacity]
    return min(free, key=lambda p: (distance_m(lat, lng, p.lat, p.lng), p.place_id), default=None)
