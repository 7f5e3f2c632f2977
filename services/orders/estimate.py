"""What an order would be promised now: the way, the queue, the merchant's own time."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from core.errors import Unavailable
from core.ids import VehicleNo
from fleet.vehicles.last_heard import LastHeard
from geofences.geo import distance_m
from services.orders.draft import CheckedDraft
from services.orders.promise import DISPATCH_S, Promise, PromiseInput, promise
from services.routing.route import GeoPoint, Vehicle
from services.tasks.roads import Hop

DETOUR = 1.4
"""Road distance over the straight line, when no route can be asked for (our own measure of the generated
towns)."""
SPEED_MPS = 4.5
"""Mean speed of a delivery vehicle with its stops at crossings, when no route can be asked for."""
NEAREST = 8
"""Free vehicles whose way to the merchant is asked for: dispatch takes one of the nearest."""
UNKNOWN_PICKUP_S = 900.0
"""Drive to the merchant while no free vehicle's place is known: half across a town of seven kilometres."""
MERCHANT_ANSWER_S = 90.0
"""How long a merchant usually takes to accept an order (simulated merchants: 126 s at 10×, polls
included)."""
MEAN_JOB_S = 1800.0
"""How long a delivery holds its vehicle, from the claim to being free again."""


STANDS_DECIMALS = 4
"""Decimals of a degree (11 m) to which a vehicle's place counts: one that stands is asked about once."""


class Travel(Protocol):
    """Who knows how long and far it is between places."""

    async def between(
        self, starts: Sequence[GeoPoint], ends: Sequence[GeoPoint], vehicle: Vehicle
    ) -> Mapping[tuple[GeoPoint, GeoPoint], Hop | None]:
        """Return the way from every start to every end, None where there is none; raises Unavailable."""
        ...


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A promise with the way it rests on. ``is_rough`` says that no route could be asked for."""

    promise: Promise
    way: Hop
    is_rough: bool


def straight(start: GeoPoint, end: GeoPoint) -> Hop:
    """Return a rough way: the straight line times a detour at a mean speed."""
    line_m = distance_m(start.lat, start.lng, end.lat, end.lng)
    return Hop(duration_s=DETOUR * line_m / SPEED_MPS, length_m=DETOUR * line_m)


async def estimate(
    checked: CheckedDraft, travel: Travel, heard: Mapping[VehicleNo, LastHeard], *, rate: float = 1.0
) -> Estimate:
    """Return what the draft would be promised; an absent router makes it rougher, never impossible.

    heard: where the zone's vehicles last were; those that hold a task are not counted on. rate: city
    seconds a wall second, by which our own seconds count more in a city that runs fast.
    """
    shop = GeoPoint(checked.merchant.lat, checked.merchant.lng)
    door = GeoPoint(checked.pickup_point.lat, checked.pickup_point.lng)
    load = checked.load
    free = [_place(heard[number]) for number in load.free if number in heard]
    near = sorted(dict.fromkeys(free), key=lambda place: straight(place, shop).length_m)[:NEAREST]
    way, approach = None, None
    try:
        way = (await travel.between([shop], [door], load.road))[shop, door]
        approach = _quickest(await travel.between(near, [shop], load.road)) if near else None
    except Unavailable:
        approach = min((straight(place, shop).duration_s for place in near), default=None)
    is_rough = way is None
    way = way or straight(shop, door)
    made = promise(
        PromiseInput(
            prepare_s=checked.ready_s,
            pickup_drive_s=UNKNOWN_PICKUP_S if approach is None else approach,
            delivery_drive_s=way.duration_s,
            free_vehicles=len(load.free),
            vehicles=len(load.numbers),
            waiting=load.waiting,
            job_s=MEAN_JOB_S,
            answer_s=0.0 if checked.merchant.accepts_itself else MERCHANT_ANSWER_S,
            dispatch_s=DISPATCH_S * rate,
        )
    )
    return Estimate(promise=made, way=way, is_rough=is_rough)


def _place(heard: LastHeard) -> GeoPoint:
    return GeoPoint(round(heard.lat, STANDS_DECIMALS), round(heard.lng, STANDS_DECIMALS))


def _quickest(ways: Mapping[tuple[GeoPoint, GeoPoint], Hop | None]) -> float | None:
    return min((hop.duration_s for hop in ways.values() if hop is not None), default=None)
