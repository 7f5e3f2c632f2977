"""Where the vehicle of an order is on its way, and when it is expected: what a recipient watches."""

import math
from datetime import datetime, timedelta

import msgspec
import numpy as np

from fleet.vehicles.last_heard import LastHeard
from services.orders.order import Order
from services.orders.promise import APPROACH_S, LOAD_S
from services.orders.states import OrderState
from services.routing.polyline import decode, encode, metres_along
from services.tasks.states import StopKind
from services.tasks.task import Leg, Stop, Task


class WayLeft(msgspec.Struct, frozen=True, kw_only=True):
    """The rest of a leg from where a vehicle is: line, metres along the road, city seconds."""

    polyline6: str
    length_m: float
    duration_s: float


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """When the vehicle is expected at the pickup point and how far it still goes; None where nobody knows.

    ``polyline6`` is the way left to the pickup point, only while the goods are on it.
    """

    eta_at: datetime | None = None
    remaining_m: float | None = None
    polyline6: str | None = None


def way_left(leg: Leg, lat: float, lng: float) -> WayLeft:
    """Return what is left of a leg from a position, from the stretch of it that lies nearest.

    Seconds are the leg's own in proportion to its metres. A leg that cannot be drawn is left as a whole.
    """
    points = decode(leg.polyline6)
    if len(points) < 2 or leg.length_m <= 0:
        return WayLeft(polyline6=leg.polyline6, length_m=leg.length_m, duration_s=leg.duration_s)
    rest = [(lat, lng), *points[_nearest_stretch(points, lat, lng) + 1 :]]
    metres = float(metres_along(rest)[-1])
    share = min(1.0, metres / leg.length_m)
    return WayLeft(polyline6=encode(rest), length_m=metres, duration_s=leg.duration_s * share)


def _nearest_stretch(points: list[tuple[float, float]], lat: float, lng: float) -> int:
    """Return the index of the vertex where the nearest stretch begins; of equally near ones the last.

    Flat around the position, which is exact to centimetres over a town. A way that crosses itself may be
    cut short or long until the vehicle has left the crossing.
    """
    north_east = (np.array(points) - (lat, lng)) * (1.0, math.cos(math.radians(lat)))
    starts, stretches = north_east[:-1], np.diff(north_east, axis=0)
    squares = np.maximum((stretches**2).sum(axis=1), 1e-18)
    along = np.clip(-(starts * stretches).sum(axis=1) / squares, 0.0, 1.0)
    gaps = ((starts + along[:, None] * stretches) ** 2).sum(axis=1)
    return int(np.flatnonzero(gaps <= gaps.min() + 1e-16)[-1])


def expected(order: Order, task: Task | None, heard: LastHeard | None, *, at: datetime) -> Expected:
    """Return what is known of an order's arrival now; with nothing better the time it was last told."""
    to_shop, to_door = _leg(task, StopKind.LOAD), _leg(task, StopKind.HANDOVER)
    if order.state is OrderState.ARRIVED:
        return Expected(eta_at=order.arrived_at, remaining_m=0.0)
    if to_door is None or to_shop is None or heard is None:
        return Expected(eta_at=order.eta_at)
    if order.state is OrderState.IN_TRANSIT:
        left = way_left(to_door.leg, heard.lat, heard.lng)
        eta_at = at + timedelta(seconds=left.duration_s + APPROACH_S)
        return Expected(eta_at=eta_at, remaining_m=left.length_m, polyline6=left.polyline6)
    if order.state in (OrderState.ASSIGNED, OrderState.PICKING_UP):
        is_there = to_shop.reached_at is not None
        left_s = 0.0 if is_there else way_left(to_shop.leg, heard.lat, heard.lng).duration_s
        left_m = 0.0 if is_there else way_left(to_shop.leg, heard.lat, heard.lng).length_m
        loads_at = max(at + timedelta(seconds=left_s), order.ready_at or at)
        rest_s = LOAD_S + to_door.leg.duration_s + APPROACH_S
        return Expected(
            eta_at=loads_at + timedelta(seconds=rest_s), remaining_m=left_m + to_door.leg.length_m
        )
    return Expected()


def _leg(task: Task | None, kind: StopKind) -> Stop | None:
    return None if task is None else next((stop for stop in task.stops if stop.kind is kind), None)
