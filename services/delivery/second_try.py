"""Where a vehicle waits once more for goods that nobody collected: the nearest other legal place."""

from collections.abc import Iterable

from geofences.geo import distance_m
from services.delivery.catalogue import PickupPoint

FARTHEST_M = 1500.0
"""Nobody is asked to walk farther than this from the point that she chose."""
SECOND_WAIT_S = 300.0
"""How long the vehicle waits there, city seconds, beside what the recipient needs longer."""


def second_point(first: PickupPoint, points: Iterable[PickupPoint]) -> PickupPoint | None:
    """Return the nearest other active point of the district within reach on foot, or None."""
    near = [
        (distance_m(first.lat, first.lng, point.lat, point.lng), point.pickup_point_id, point)
        for point in points
        if point.is_active
        and point.district == first.district
        and point.pickup_point_id != first.pickup_point_id
    ]
    reachable = [found for found in near if 0 < found[0] <= FARTHEST_M]
    return min(reachable)[2] if reachable else None
