"""One dispatch round as pure functions: orders, vehicles and travel times in; pairs and explanations out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import OrderId, VehicleNo
from services.dispatch.assignment import assign
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.cost import CostTerm, cost_terms, total_s
from services.dispatch.explanation import Explanation, explain
from services.dispatch.rules import Exclusion, exclusions
from services.dispatch.weights import ZoneWeights

TravelTimes = Mapping[tuple[OrderId, VehicleNo], PairTimes]
DEFAULTS = ZoneWeights()


def may_drive(candidate: Candidate, orders: Sequence[WaitingOrder]) -> bool:
    """Return whether any of the orders could go to this vehicle, as far as is known without a route."""
    return any(not exclusions(order, candidate, None) for order in orders)


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """Every order with every vehicle: what it costs where it can go, why not where it cannot."""

    feasible: dict[OrderId, dict[VehicleNo, tuple[CostTerm, ...]]]
    excluded: dict[OrderId, dict[VehicleNo, tuple[Exclusion, ...]]]
    weights_version: int = 0

    def able(self) -> dict[OrderId, frozenset[VehicleNo]]:
        """Return the vehicles that could take each order alone."""
        return {order: frozenset(costs) for order, costs in self.feasible.items()}


def judge_pairs(
    orders: Sequence[WaitingOrder],
    candidates: Sequence[Candidate],
    times: TravelTimes,
    *,
    at: datetime,
    held: ZoneWeights = DEFAULTS,
) -> Pairs:
    """Return the cost terms of every pair that is feasible and the reasons of every other.

    ``held`` are the zone's weights, whose version each explanation names.
    """
    judged = {order.order_id: _judge(order, candidates, times, held, at=at) for order in orders}
    return Pairs(
        weights_version=held.version,
        feasible={order: costs for order, (costs, _) in judged.items()},
        excluded={order: refusals for order, (_, refusals) in judged.items()},
    )


def assign_alone(
    orders: Sequence[WaitingOrder], candidates: Sequence[Candidate], pairs: Pairs
) -> dict[OrderId, VehicleNo]:
    """Return the pairs that serve the most orders at the lowest total cost, one order a vehicle."""
    return assign(
        [order.order_id for order in orders],
        [candidate.vehicle_no for candidate in candidates],
        {(o, v): total_s(terms) for o, costs in pairs.feasible.items() for v, terms in costs.items()},
    )


def explain_all(
    orders: Sequence[WaitingOrder],
    candidates: Sequence[Candidate],
    pairs: Pairs,
    rides: Mapping[VehicleNo, tuple[OrderId, ...]],
    *,
    at: datetime,
) -> dict[OrderId, Explanation]:
    """Return why each order goes with its vehicle, or waits; ``rides`` are the orders of each vehicle that
    goes, in the order in which they are loaded."""
    return {
        order.order_id: explain(
            order,
            candidates,
            pairs.feasible[order.order_id],
            pairs.excluded[order.order_id],
            rides,
            at=at,
            weights_version=pairs.weights_version,
        )
        for order in orders
    }


def _judge(
    order: WaitingOrder,
    candidates: Sequence[Candidate],
    times: TravelTimes,
    held: ZoneWeights,
    *,
    at: datetime,
) -> tuple[dict[VehicleNo, tuple[CostTerm, ...]], dict[VehicleNo, tuple[Exclusion, ...]]]:
    nowhere = PairTimes(pickup_s=None, pickup_m=None, delivery_s=None, delivery_m=None)
    costs: dict[VehicleNo, tuple[CostTerm, ...]] = {}
    refusals: dict[VehicleNo, tuple[Exclusion, ...]] = {}
    for candidate in candidates:
        reasons = exclusions(order, candidate, None)
        pair = times.get((order.order_id, candidate.vehicle_no), nowhere)
        reasons = reasons or exclusions(order, candidate, pair)
        if reasons:
            refusals[candidate.vehicle_no] = reasons
        else:
            battery = candidate.battery_ratio or 0.0
            costs[candidate.vehicle_no] = cost_terms(order, battery, pair, at=at, weights=held.weights)
    return costs, refusals
