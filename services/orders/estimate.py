"""What an order would be promised now: the way, the queue, the merchant's own time."""

import math

import msgspec

from core.errors import Unavailable
from geofences.geo import distance_m
from services.orders.draft import CheckedDraft
from services.orders.promise import Promise, PromiseInput, promise
from services.routing.route import GeoPoint
from services.tasks.roads import Hop, Roads

DETOUR = 1.4
"""Road distance over the straight line, when no route can be asked for (our own measure of the generated
towns)."""
SPEED_MPS = 4.5
"""Mean speed of a delivery vehicle with its stops at crossings, when no route can be asked for."""
MEAN_PICKUP_S = 420.0
"""Drive to the merchant when a single vehicle of the town is free."""
MEAN_JOB_S = 1800.0
"""How long a delivery holds its vehicle, from the claim to being free again."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A promise with the way it rests on. ``is_rough`` says that no route could be asked for."""

    promise: Promise
    way: Hop
    is_rough: bool


def straight(start: GeoPoint, end: GeoPoint) -> Hop:
    """Return a rough way: the straight line times a detour at a mean speed."""
    line_m = distance_m(start.lat, start.lng, end.lat, end.lng)
    return Hop(duration_s=DETOUR * line_m / SPEED_MPS, length_m=DETOUR * line_m)


async def estimate(checked: CheckedDraft, roads: Roads) -> Estimate:
    """Return what the draft would be promised; an absent router makes it rougher, never impossible."""
    start = GeoPoint(checked.merchant.lat, checked.merchant.lng)
    end = GeoPoint(checked.pickup_point.lat, checked.pickup_point.lng)
    try:
        way = await roads.hop(start, end)
    except Unavailable:
        way = None
    is_rough = way is None
    way = way or straight(start, end)
    load = checked.load
    made = promise(
        PromiseInput(
            prepare_s=checked.ready_s,
            pickup_drive_s=MEAN_PICKUP_S / math.sqrt(max(1, load.free)),
            delivery_drive_s=way.duration_s,
            free_vehicles=load.free,
            vehicles=len(load.numbers),
            waiting=load.waiting,
            job_s=MEAN_JOB_S,
        )
    )
    return Estimate(promise=made, way=way, is_rough=is_rough)
