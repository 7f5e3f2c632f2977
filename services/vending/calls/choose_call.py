"""Which of the stops that residents called for an idle vehicle drives to. Pure.

A stop is first offered to vehicles nearby; the longer its callers wait, the farther it is offered. So the
nearest idle vehicle goes as a rule, and nobody waits in vain for one that never becomes idle.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from geofences.geo import distance_m
from services.vending.calls.call import VendingCall

FIRST_REACH_M = 800.0
REACH_GROWS_MPS = 12.0
"""How far a stop is offered at once, and by how much more for each city second of waiting."""
DRIVES_MPS = 4.0
"""Speed by which a way is turned into seconds here: a town at 20 km/h with its turns."""
NEIGHBOUR_S = 120.0
"""What each further caller of a stop counts, in seconds of waiting."""


class CalledStop(msgspec.Struct, frozen=True, kw_only=True):
    """A stop with the calls that wait for a vehicle there, the oldest first; never none."""

    calls: tuple[VendingCall, ...]

    @property
    def first(self) -> VendingCall:
        """Return the call that waits longest."""
        return self.calls[0]


def called_stops(waiting: Sequence[VendingCall]) -> list[CalledStop]:
    """Return the waiting calls by their stops, in the order of their first call."""
    found: dict[str, list[VendingCall]] = {}
    for call in sorted(waiting, key=lambda one: (one.placed_at, one.call_id)):
        found.setdefault(call.place_id, []).append(call)
    return [CalledStop(calls=tuple(calls)) for calls in found.values()]


def choose_call(stops: Sequence[CalledStop], lat: float, lng: float, *, at: datetime) -> CalledStop | None:
    """Return the stop that a vehicle at (lat, lng) serves next, or None when none is offered so far away.

    Least wins of: seconds of driving, less seconds that the first caller has waited, less two minutes for
    each further caller.
    """
    offered = [stop for stop in stops if way_m(stop, lat, lng) <= reach_m(stop, at)]
    return min(offered, key=lambda stop: (_cost_s(stop, lat, lng, at), stop.first.place_id), default=None)


def reach_m(stop: CalledStop, at: datetime) -> float:
    """Return how far away a vehicle may stand to be offered the stop now."""
    return FIRST_REACH_M + REACH_GROWS_MPS * waited_s(stop, at)


def _cost_s(stop: CalledStop, lat: float, lng: float, at: datetime) -> float:
    return way_m(stop, lat, lng) / DRIVES_MPS - waited_s(stop, at) - NEIGHBOUR_S * (len(stop.calls) - 1)


def waited_s(stop: CalledStop, at: datetime) -> float:
    """Return for how long the first caller of a stop has waited, city seconds."""
    return max(0.0, (at - stop.first.placed_at).total_seconds())


def way_m(stop: CalledStop, lat: float, lng: float) -> float:
    """Return how far a place is from the stop, in a straight line."""
    return distance_m(lat, lng, stop.first.lat, stop.first.lng)
