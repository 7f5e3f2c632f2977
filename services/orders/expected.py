"""Where the vehicle of an order is on its way, and when it is expected: what a recipient watches."""

import math
from datetime import datetime, timedelta

import msgspec
import numpy as np

from fleet.vehicles.last_heard import LastHeard
from services.orders.order import Order
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S
from services.orders.states import OrderState
from services.routing.polyline import decode, encode, metres_along
from services.tasks.states import StopKind, StopState
from services.tasks.task import Leg, Stop, Task

ON_THE_WAY = frozenset({OrderState.ASSIGNED, OrderState.PICKING_UP, OrderState.IN_TRANSIT})
"""States in which a vehicle is coming."""


class WayLeft(msgspec.Struct, frozen=True, kw_only=True):
    """The rest of a leg from where a vehicle is: line, metres along the road, city seconds."""

    polyline6: str
    length_m: float
    duration_s: float


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """When the vehicle is expected at the pickup point and how far it still goes; None where nobody knows.

    ``polyline6`` is the way left to the pickup point, only while the goods are on it. ``stops_before`` are
    the doors that the vehicle goes to first.
    """

    eta_at: datetime | None = None
    remaining_m: float | None = None
    polyline6: str | None = None
    stops_before: int = 0


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
    """Return what is known of an order's arrival now; with nothing better the time it was last told.

    A vehicle that carries several orders comes by way of the stops before this one, which take the time
    that was planned for them.
    """
    if order.state is OrderState.ARRIVED:
        return Expected(eta_at=order.arrived_at, remaining_m=0.0)
    if order.state not in ON_THE_WAY:
        return Expected()
    stops = () if task is None else _stops_until_handover(task, order)
    if not stops or heard is None:
        return Expected(eta_at=order.eta_at)
    moment, metres = at, 0.0
    lines: list[tuple[float, float]] = []
    for number, stop in enumerate(stops):
        left = way_left(stop.leg, heard.lat, heard.lng) if number == 0 else _whole(stop.leg)
        if stop.reached_at is None:
            moment += timedelta(seconds=left.duration_s)
            metres += left.length_m
            lines += decode(left.polyline6)
        if number < len(stops) - 1:
            moment = _leaves_at(stop, moment, order)
    is_on_board = order.state is OrderState.IN_TRANSIT
    return Expected(
        eta_at=moment + timedelta(seconds=APPROACH_S),
        remaining_m=metres,
        polyline6=encode(lines) if is_on_board else None,
        stops_before=sum(stop.kind is StopKind.HANDOVER for stop in stops[:-1]),
    )


def _stops_until_handover(task: Task, order: Order) -> tuple[Stop, ...]:
    """Return the stops that are still to be made up to the order's own hand-over; empty when it has none."""
    open_stops = [stop for stop in task.stops if stop.state in (StopState.PLANNED, StopState.REACHED)]
    for number, stop in enumerate(open_stops):
        if stop.kind is StopKind.HANDOVER and order.order_id in stop.orders:
            return tuple(open_stops[: number + 1])
    return ()


def _leaves_at(stop: Stop, there_at: datetime, order: Order) -> datetime:
    """Return when the vehicle drives on from a stop before the order's own."""
    if stop.kind is not StopKind.LOAD:
        return there_at + timedelta(seconds=HANDOVER_S)
    ready_at = order.ready_at if order.order_id in stop.orders else None
    return max(there_at, ready_at or there_at) + timedelta(seconds=LOAD_S)


def _whole(leg: Leg) -> WayLeft:
    return WayLeft(polyline6=leg.polyline6, length_m=leg.length_m, duration_s=leg.duration_s)
