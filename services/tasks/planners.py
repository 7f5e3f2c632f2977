"""Bodies of commands that a person gives and the platform works out: the way home, a new way to the same
stops."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId
from fleet.links.wire.commands import Reroute, ReturnToDepot
from fleet.vehicles.last_heard import LastHeardReader
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.papers import permitted_speed_mps
from fleet.vehicles.vehicle import Vehicle
from geofences.geo import distance_m
from services.delegation.vehicle_codes import verifiers_of
from services.delivery.keypad import keypad_key
from services.orders.store import OrderStore
from services.places.place import PlaceKind
from services.places.store import PlaceStore
from services.routing.route import GeoPoint, vehicle_of
from services.routing.route import Vehicle as RoadVehicle
from services.tasks.home import return_body
from services.tasks.plan import remaining_stops, reroute_body
from services.tasks.roads import Roads
from services.tasks.states import StopKind
from services.tasks.store import TaskStore


class ReturnPlanner:
    """Plans ``return_to_depot``: the way to the nearest depot of the vehicle's district."""

    def __init__(self, roads: Roads, last_heard: LastHeardReader) -> None:
        """Take the roads and who knows where vehicles are."""
        self._roads = roads
        self._last_heard = last_heard

    async def __call__(
        self, tx: Transaction, vehicle: Vehicle, _params: bytes, *, at: datetime
    ) -> ReturnToDepot:
        """Return the body. Raises Conflict while a task holds the vehicle, without a depot, or without a
        way."""
        if await TaskStore(tx).active_ids([vehicle.vehicle_no]):
            raise Conflict("conflict", "a task holds the vehicle", vehicle_no=vehicle.vehicle_no, at=str(at))
        here = await _where(self._last_heard, vehicle)
        own = await _own(tx, vehicle, at)
        depots = await PlaceStore(tx).of_kind(PlaceKind.DEPOT, vehicle.district)
        depot = min(depots, key=lambda p: distance_m(here.lat, here.lng, p.lat, p.lng), default=None)
        leg = None if depot is None else await self._roads.leg(here, GeoPoint(depot.lat, depot.lng), own)
        if depot is None or leg is None:
            raise Conflict("route-not-found", "there is no way to a depot", vehicle_no=vehicle.vehicle_no)
        return return_body(depot, leg)


class ReroutePlanner:
    """Plans ``reroute``: new legs to the stops that remain, around what is closed now."""

    def __init__(self, roads: Roads, last_heard: LastHeardReader, *, keypad_root: str) -> None:
        """Take the roads, who knows where vehicles are, and the root of their keypad keys."""
        self._roads = roads
        self._last_heard = last_heard
        self._keypad_root = keypad_root

    async def __call__(self, tx: Transaction, vehicle: Vehicle, _params: bytes, *, at: datetime) -> Reroute:
        """Return the body. Raises Conflict without a task or without a way."""
        task = await TaskStore(tx).active_of(vehicle.vehicle_no, EVERYTHING)
        if task is None:
            raise Conflict("conflict", "no task holds the vehicle", vehicle_no=vehicle.vehicle_no, at=str(at))
        here = await _where(self._last_heard, vehicle)
        remaining = remaining_stops(task)
        if any(stop.kind is StopKind.SWEEP for stop in remaining):
            raise Conflict("conflict", "a sweeping run keeps its passes", vehicle_no=vehicle.vehicle_no)
        places = (here, *(GeoPoint(stop.lat, stop.lng) for stop in remaining))
        legs = await self._roads.legs(places, await _own(tx, vehicle, at)) if remaining else None
        if legs is None:
            raise Conflict("route-not-found", "there is no way on", vehicle_no=vehicle.vehicle_no)
        orders = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
        boxes = {OrderId(o.order_id): o.compartment for o in orders.values() if o.compartment is not None}
        key = keypad_key(self._keypad_root, vehicle.vehicle_no)
        verifiers = await verifiers_of(tx, list(boxes), key, at=at)
        return reroute_body(task, remaining, legs, boxes, verifiers)


async def _own(tx: Transaction, vehicle: Vehicle, at: datetime) -> RoadVehicle:
    """Return what matters of the vehicle to its way: how fast it may drive."""
    permits = (await PaperStore(tx).permits_of([vehicle.vehicle_no])).get(vehicle.vehicle_no, ())
    return vehicle_of(permitted_speed_mps(permits, at))


async def _where(last_heard: LastHeardReader, vehicle: Vehicle) -> GeoPoint:
    heard = (await last_heard.last_heard([vehicle.vehicle_no])).get(vehicle.vehicle_no)
    if heard is None:
        raise Conflict("conflict", "the vehicle was never heard", vehicle_no=vehicle.vehicle_no)
    return GeoPoint(heard.lat, heard.lng)
