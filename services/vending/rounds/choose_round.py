"""Which stops a roaming vehicle makes next: where demand was, and now and then a place nobody tried. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from core.ids import VehicleNo
from geofences.geo import distance_m
from services.places.place import Place
from services.vending.rounds.heat import heat_at

STOPS = 5
"""Stops of one round."""
TRIED_ANEW = 1
"""So many of them are drawn by lot: demand is only known where a vehicle has been."""
WAIT_S = 300.0
HOT_WAIT_S = 600.0
"""How long a vehicle stays at a stop that was drawn, and at one that is warm; city seconds."""


class RoundStop(msgspec.Struct, frozen=True, kw_only=True):
    """One stop of a round, its heat, and whether heat or the lot chose it."""

    place: Place
    heat: float
    is_drawn: bool

    @property
    def wait_s(self) -> float:
        """Return how long the vehicle stays."""
        return WAIT_S if self.is_drawn else HOT_WAIT_S


def choose_round(
    places: Sequence[Place],
    heat: Mapping[int, float],
    taken: AbstractSet[str],
    vehicle_no: VehicleNo,
    turn: int,
    lat: float,
    lng: float,
) -> tuple[RoundStop, ...]:
    """Return the stops of a vehicle's next round, nearest first from where the last one ended.

    ``taken`` are places that other vehicles go to already. Without any heat all stops are drawn. The draw
    depends on the vehicle and its ``turn`` alone, so that a repeated call gives the same round.
    """
    free = [place for place in places if place.place_id not in taken] or list(places)
    warm = sorted(
        (
            RoundStop(place=place, heat=round(found, 3), is_drawn=False)
            for place in free
            if (found := heat_at(heat, place.lat, place.lng)) > 0
        ),
        key=lambda stop: (-stop.heat, stop.place.place_id),
    )[: STOPS - TRIED_ANEW]
    known = {stop.place.place_id for stop in warm}
    lots = sorted(
        (place for place in free if place.place_id not in known),
        key=lambda place: _lot(vehicle_no, turn, place),
    )
    drawn = [RoundStop(place=place, heat=0.0, is_drawn=True) for place in lots[: STOPS - len(warm)]]
    return _nearest_first([*warm, *drawn], lat, lng)


def _nearest_first(stops: list[RoundStop], lat: float, lng: float) -> tuple[RoundStop, ...]:
    ordered: list[RoundStop] = []
    rest = list(stops)
    while rest:
        nearest = min(rest, key=lambda stop: distance_m(lat, lng, stop.place.lat, stop.place.lng))
        rest.remove(nearest)
        ordered.append(nearest)
        lat, lng = nearest.place.lat, nearest.place.lng
    return tuple(ordered)


def _lot(vehicle_no: VehicleNo, turn: int, place: Place) -> bytes:
    return hashlib.sha256(f"{vehicle_no}:{turn}:{place.place_id}".encode()).digest()
