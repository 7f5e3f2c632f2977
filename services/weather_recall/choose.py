"""What a vehicle does while its service is recalled, and who is called first. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from fleet.vehicles.kinds import Connection, Duty, Lifecycle
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.recall import Deed, Recalled
from geofences.geo import distance_m
from services.dispatch.energy import reach_m
from services.places.place import Place, PlaceKind
from services.tasks.states import TaskKind, TaskState
from services.tasks.task import Task

AT_SHELTER_M = 80.0
"""Nearer than this to a depot or charger a vehicle is in; the idle keeper's measure of home."""
STANDS_MPS = 0.5
ROAD_FACTOR = 1.4
"""Roads are longer than the straight line; before a route is asked for. Ours."""
SLOW_MPS = 2.0
"""How fast a vehicle that must hand over goods first drives in weather that it does not bear."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of a recalled service at one moment."""

    vehicle: Vehicle
    heard: LastHeard
    task: Task | None = None
    has_goods: bool = False
    recalled: Recalled | None = None
    """What it was told before; None when it was not called yet."""

    @property
    def range_m(self) -> float:
        """How far its battery carries it at the temperature around it; what it does not say is nothing."""
        ratio = self.heard.battery_ratio
        return 0.0 if ratio is None else reach_m(ratio, self.heard.outside_c)


def can_be_called(vehicle: Vehicle, heard: LastHeard | None) -> bool:
    """Return whether a vehicle takes commands at all: others are a person's business already."""
    return (
        heard is not None
        and vehicle.lifecycle is Lifecycle.IN_SERVICE
        and heard.connection in (Connection.ONLINE, Connection.STALE)
        and vehicle.duty is not Duty.FAULT
        and not vehicle.is_held_by_stop
        and not vehicle.is_scene_held
    )


def is_sheltered(heard: LastHeard, shelters: Iterable[Place]) -> bool:
    """Return whether a vehicle stands at a depot or charger."""
    if heard.is_charging:
        return True
    return heard.speed_mps <= STANDS_MPS and any(
        distance_m(heard.lat, heard.lng, place.lat, place.lng) <= AT_SHELTER_M for place in shelters
    )


def next_deed(seen: Seen, *, sheltered: bool) -> Deed | None:
    """Return what the vehicle is to do now, None when it does so already or has nothing to do.

    One on its way to a charger is on its way to shelter, and one at home has no further to go.
    """
    task, told = seen.task, None if seen.recalled is None else seen.recalled.deed
    if task is not None and task.kind is TaskKind.CHARGING:
        return None
    if sheltered and task is None:
        return None if told in (None, Deed.SHELTERED) else Deed.SHELTERED
    if task is not None and task.state is TaskState.NEEDS_PERSON:
        return None if told is Deed.STAY else Deed.STAY
    if seen.has_goods:
        return None if told is Deed.FINISH else Deed.FINISH
    is_coming = task is None and seen.vehicle.duty is Duty.RETURNING
    return None if told is Deed.HOME and is_coming else Deed.HOME


def in_turn(seen: Iterable[Seen]) -> list[Seen]:
    """Return the vehicles in the order in which they are called: who can go least far comes first."""
    return sorted(seen, key=lambda each: (each.range_m, each.vehicle.vehicle_no))


def shelter_for(seen: Seen, shelters: Sequence[Place]) -> Place | None:
    """Return the nearest depot that the battery surely reaches by road, else the nearest such charger: bays
    are few. None when nothing is within reach."""

    def metres(place: Place) -> float:
        return distance_m(seen.heard.lat, seen.heard.lng, place.lat, place.lng)

    within = [place for place in shelters if metres(place) * ROAD_FACTOR <= seen.range_m]
    return min(
        within,
        key=lambda place: (place.kind is not PlaceKind.DEPOT, metres(place), place.place_id),
        default=None,
    )
