"""How long and far every vehicle that may go has to go for every waiting order."""

from collections.abc import Mapping, Sequence

from core.ids import OrderId, VehicleNo
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.plan import may_drive
from services.dispatch.travel import TravelTimes
from services.routing.route import GeoPoint, Vehicle
from services.tasks.roads import Hop


async def pair_times(
    travel: TravelTimes, orders: Sequence[WaitingOrder], candidates: Sequence[Candidate]
) -> dict[tuple[OrderId, VehicleNo], PairTimes]:
    """Return the times of vehicles that could take any of the orders; those of one speed are asked together.

    A vehicle that is excluded from all of them is absent. Raises Unavailable while routing is down.
    """
    starts: dict[Vehicle, dict[VehicleNo, GeoPoint]] = {}
    for candidate in candidates:
        if candidate.lat is not None and candidate.lng is not None and may_drive(candidate, orders):
            place = GeoPoint(candidate.lat, candidate.lng)
            starts.setdefault(candidate.road, {})[candidate.vehicle_no] = place
    found: dict[tuple[OrderId, VehicleNo], PairTimes] = {}
    for road, alike in starts.items():
        found |= await _of_road(travel, orders, road, alike)
    return found


async def _of_road(
    travel: TravelTimes,
    orders: Sequence[WaitingOrder],
    road: Vehicle,
    starts: Mapping[VehicleNo, GeoPoint],
) -> dict[tuple[OrderId, VehicleNo], PairTimes]:
    shops = list(dict.fromkeys(shop_of(order) for order in orders))
    to_shop = await travel.between(list(dict.fromkeys(starts.values())), shops, road)
    doors: dict[GeoPoint, dict[GeoPoint, None]] = {}
    for order in orders:
        doors.setdefault(shop_of(order), {})[door_of(order)] = None
    to_door: dict[tuple[GeoPoint, GeoPoint], Hop | None] = {}
    for shop, its_doors in doors.items():
        to_door |= await travel.between([shop], list(its_doors), road)
    found = {}
    for order in orders:
        shop = shop_of(order)
        delivery = to_door[shop, door_of(order)]
        for vehicle, start in starts.items():
            pickup = to_shop[start, shop]
            found[order.order_id, vehicle] = PairTimes(
                pickup_s=None if pickup is None else pickup.duration_s,
                pickup_m=None if pickup is None else pickup.length_m,
                delivery_s=None if delivery is None else delivery.duration_s,
                delivery_m=None if delivery is None else delivery.length_m,
            )
    return found


def shop_of(order: WaitingOrder) -> GeoPoint:
    """Return where an order is loaded."""
    return GeoPoint(order.merchant_lat, order.merchant_lng)


def door_of(order: WaitingOrder) -> GeoPoint:
    """Return where an order is handed over."""
    return GeoPoint(order.pickup_lat, order.pickup_lng)
