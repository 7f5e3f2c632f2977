"""Demo rounds: which places a vehicle visits next. Nothing is sold, swept or inspected by them."""

import hashlib
from collections.abc import Mapping, Sequence

from core.ids import VehicleNo
from core.kinds import ServiceKind
from geofences.geo import distance_m
from services.places.place import Place
from services.tasks.states import TaskKind

ROUND_KINDS: Mapping[ServiceKind, TaskKind] = {
    ServiceKind.VENDING: TaskKind.VENDING_ROUND,
    ServiceKind.SWEEPING: TaskKind.SWEEPING,
    ServiceKind.PATROL: TaskKind.PATROL,
}
"""Task kind of a demo round by service; other services drive none."""
VISITS = 5
"""Stops of one round."""
WAIT_S: Mapping[ServiceKind, float] = {
    ServiceKind.VENDING: 300.0,
    ServiceKind.SWEEPING: 20.0,
    ServiceKind.PATROL: 60.0,
}
"""How long a vehicle stays at each place, city seconds."""


def choose_visits(
    places: Sequence[Place], vehicle_no: VehicleNo, turn: int, lat: float, lng: float
) -> tuple[Place, ...]:
    """Return the places of a vehicle's next round, each once, nearest first from where the last one ended.

    The draw depends on the vehicle and its ``turn`` alone, so that vehicles of a town part ways and a
    repeated call gives the same round. Fewer places than a round has stops are all visited; none gives no
    round.
    """
    drawn = sorted(places, key=lambda place: _lot(vehicle_no, turn, place))[:VISITS]
    ordered: list[Place] = []
    while drawn:
        nearest = min(drawn, key=lambda place: distance_m(lat, lng, place.lat, place.lng))
        drawn.remove(nearest)
        ordered.append(nearest)
        lat, lng = nearest.lat, nearest.lng
    return tuple(ordered)


def _lot(vehicle_no: VehicleNo, turn: int, place: Place) -> bytes:
    return hashlib.sha256(f"{vehicle_no}:{turn}:{place.place_id}".encode()).digest()
