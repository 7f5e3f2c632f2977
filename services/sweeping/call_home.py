"""A sweeper whose run is over before its end: it raises its brush and drives to the nearest depot."""

from datetime import datetime

from msgspec import Struct

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.ids import VehicleNo
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, SafeStop
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.last_heard import LastHeardReader
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.take_reports import move_duty_if_it_can
from geofences.geo import distance_m
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.routing.route import GeoPoint
from services.tasks.home import return_body
from services.tasks.roads import Roads
from services.tasks.task import Leg


class WayHome(Struct, frozen=True, kw_only=True):
    """The nearest depot and the way to it."""

    depot: Place
    leg: Leg


class WaysHome:
    """Who knows the way home of a vehicle."""

    def __init__(self, database: Database, roads: Roads, last_heard: LastHeardReader) -> None:
        """Take the depots, the roads, and who knows where vehicles are."""
        self._database = database
        self._roads = roads
        self._last_heard = last_heard

    async def of(self, vehicle_no: VehicleNo) -> WayHome | None:
        """Return the way; None for a vehicle that was never heard or that no road brings to a depot.

        Raises Unavailable while routing is down.
        """
        heard = (await self._last_heard.last_heard([vehicle_no])).get(vehicle_no)
        async with self._database.read() as tx:
            vehicle = await VehicleStore(tx).get(vehicle_no, EVERYTHING)
            depots = await PlaceStore(tx).of_kind(PlaceKind.DEPOT, vehicle.district)
        if heard is None or not depots:
            return None
        depot = min(depots, key=lambda p: (distance_m(heard.lat, heard.lng, p.lat, p.lng), p.place_id))
        leg = await self._roads.leg(GeoPoint(heard.lat, heard.lng), GeoPoint(depot.lat, depot.lng))
        return None if leg is None else WayHome(depot=depot, leg=leg)


async def call_home(
    tx: Transaction, vehicle_no: VehicleNo, way: WayHome | None, reason: str, *, at: datetime, clock: Clock
) -> None:
    """Send a vehicle without a task home, in the transaction that ended its task; without a way it stops
    where it may stand. Raises Conflict when no remote operator has room to watch it."""
    if way is None:
        wish = Wish(vehicle_no=vehicle_no, kind=CommandKind.SAFE_STOP, body=SafeStop(), reason=reason)
        await queue_command(tx, wish, at=at, rate=clock.rate)
        return
    body = return_body(way.depot, way.leg)
    wish = Wish(vehicle_no=vehicle_no, kind=CommandKind.RETURN_TO_DEPOT, body=body, reason=reason)
    await queue_command(tx, wish, at=at, rate=clock.rate)
    await move_duty_if_it_can(tx, vehicle_no, DutyEvent.RETURN_STARTED, at)
    await bind_vehicle(tx, await VehicleStore(tx).get(vehicle_no, EVERYTHING), clock)
