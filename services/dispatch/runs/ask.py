"""The problem of a round: which orders and vehicles go into it, and the ways between their places."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from core.ids import OrderId, VehicleNo
from services.dispatch.candidate import Candidate, WaitingOrder
from services.dispatch.cost import favour_s, low_battery_s
from services.dispatch.energy import reach_m
from services.dispatch.pair_times import door_of, shop_of
from services.dispatch.runs.problem import Carrier, Metrics, Problem, Shipment
from services.dispatch.travel import TravelTimes
from services.dispatch.weights import Weights
from services.orders.estimate import MEAN_JOB_S
from services.routing.route import GeoPoint, Vehicle

LEAST_DRIVE_WEIGHT = 0.1
"""Worth of a second of driving while vehicles stand: 0.4 Wh at 90 Wh/km and 15 km/h, and wear."""
NEVER_S = 86_400.0
"""A wait that nobody chooses."""
MOST_ORDERS = 400
"""Orders of one problem, the longest waiting first; the others are the next round's, seconds later."""


async def problem_of(
    travel: TravelTimes,
    orders: Sequence[WaitingOrder],
    candidates: Sequence[Candidate],
    feasible: Mapping[OrderId, frozenset[VehicleNo]],
    *,
    at: datetime,
    weights: Weights,
) -> Problem:
    """Return the problem of the orders that any vehicle can take and of the vehicles that can take any.

    ``orders`` come longest waiting first; ``feasible`` says who may take which order alone. Empty when
    nobody can take anything. Raises Unavailable while routing is down.
    """
    asked = [order for order in orders if feasible[order.order_id]][:MOST_ORDERS]
    able = {vehicle for order in asked for vehicle in feasible[order.order_id]}
    going = [each for each in candidates if each.vehicle_no in able and each.lat is not None]
    places: dict[GeoPoint, int] = {}
    starts = [places.setdefault(_start_of(each), len(places)) for each in going]
    shops = [places.setdefault(shop_of(order), len(places)) for order in asked]
    doors = [places.setdefault(door_of(order), len(places)) for order in asked]
    roads = list(dict.fromkeys(each.road for each in going))
    fixed = sorted({*shops, *doors})
    matrices = [await _matrices(travel, list(places), sorted(set(starts)), fixed, road) for road in roads]
    return Problem(
        shipments=tuple(
            _shipment(order, shop, door, weights, at)
            for order, shop, door in zip(asked, shops, doors, strict=True)
        ),
        carriers=tuple(
            Carrier(
                vehicle_no=each.vehicle_no,
                start=start,
                layout=each.layout,
                may=frozenset(o.order_id for o in asked if each.vehicle_no in feasible[o.order_id]),
                reach_m=reach_m(each.battery_ratio or 0.0, each.temperature_c) / 2.0,
                hours_left_s=each.hours_left_s,
                road=roads.index(each.road),
                burden_s=low_battery_s(each.battery_ratio or 0.0, weights),
            )
            for each, start in zip(going, starts, strict=True)
        ),
        duration_s=tuple(duration_s for duration_s, _ in matrices),
        length_m=tuple(length_m for _, length_m in matrices),
        start_weight=weights.start,
        late_weight=weights.late,
        empty_s_per_km=weights.empty_s_per_km,
        drive_weight=drive_weight(len(orders), len(candidates)),
        next_free_s=next_free_s(len(asked), len(going), sum(each.task_id is not None for each in candidates)),
    )


def drive_weight(waiting: int, vehicles: int) -> float:
    """Return what a second of driving counts while so many orders wait for so many vehicles of a zone.

    The second is one of wait for each of those behind, shared by all vehicles that come free; never nothing,
    because it takes energy too.
    """
    return max(LEAST_DRIVE_WEIGHT, waiting / max(1, vehicles))


def next_free_s(waiting: int, free: int, busy: int) -> float:
    """Return how long an order that is left waits for a vehicle: the busy ones come free evenly over a job.

    ``NEVER_S`` when none is busy: whoever could go stands already.
    """
    if busy == 0:
        return NEVER_S
    return MEAN_JOB_S / busy * (1.0 + max(0, waiting - free) / 2.0)


def _start_of(candidate: Candidate) -> GeoPoint:
    assert candidate.lat is not None, "only vehicles that were heard can take an order"
    assert candidate.lng is not None, "only vehicles that were heard can take an order"
    return GeoPoint(candidate.lat, candidate.lng)


def _shipment(order: WaitingOrder, shop: int, door: int, weights: Weights, at: datetime) -> Shipment:
    return Shipment(
        order_id=order.order_id,
        shop=shop,
        door=door,
        parcel=order.parcel,
        ready_s=max(0.0, (order.ready_at - at).total_seconds()),
        due_s=(order.promised_p90_at - at).total_seconds(),
        waited_s=max(0.0, (at - order.accepted_at).total_seconds()),
        favour_s=favour_s(order, weights, at=at),
    )


async def _matrices(
    travel: TravelTimes,
    places: Sequence[GeoPoint],
    starts: Sequence[int],
    fixed: Sequence[int],
    road: Vehicle,
) -> tuple[Metrics, Metrics]:
    """Return seconds and metres from every place to the shops and doors; nobody drives to a start."""
    duration_s = np.full((len(places), len(places)), np.inf)
    length_m = np.full((len(places), len(places)), np.inf)
    np.fill_diagonal(duration_s, 0.0)
    np.fill_diagonal(length_m, 0.0)
    ends = [places[n] for n in fixed]
    for origins in (starts, fixed):
        ways = await travel.between([places[n] for n in origins], ends, road)
        for start in origins:
            for end in fixed:
                hop = ways[places[start], places[end]]
                if hop is not None and start != end:
                    duration_s[start, end], length_m[start, end] = hop.duration_s, hop.length_m
    return duration_s, length_m
