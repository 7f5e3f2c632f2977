"""One dispatch round as pure functions: orders, vehicles and travel times in; pairs and explanations out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import OrderId, VehicleNo
from services.dispatch.assignment import assign
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.cost import CostTerm, cost_terms, total_s
from services.dispatch.explanation import Explanation, explain
from services.dispatch.rules import Exclusion, own_exclusions, parcel_exclusions, road_exclusions
from services.dispatch.weights import ZoneWeights

TravelTimes = Mapping[tuple[OrderId, VehicleNo], PairTimes]
DEFAULTS = ZoneWeights()


def may_drive(candidate: Candidate, orders: Sequence[WaitingOrder]) -> bool:
    """Return whether any of the orders could go to this vehicle, as far as is known without a route."""
    return not own_exclusions(candidate) and any(not parcel_exclusions(order, candidate) for order in orders)


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
    refusals = _Refusals(candidates)
    judged = {
        order.order_id: _judge(order, candidates, refusals.of(order), times, held, at=at) for order in orders
    }
    return Pairs(
        weights_version=held.version,
        feasible={order: costs for order, (costs, _) in judged.items()},
        excluded={order: why for order, (_, why) in judged.items()},
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


class _Refusals:
    """What keeps vehicles from orders before any route is asked for, judged once for orders alike."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._own = [own_exclusions(candidate) for candidate in candidates]
        self._known: dict[tuple[object, object], list[tuple[Exclusion, ...]]] = {}

    def of(self, order: WaitingOrder) -> list[tuple[Exclusion, ...]]:
        """Return what keeps each candidate, in their order."""
        alike = (order.parcel, order.areas)
        if alike not in self._known:
            self._known[alike] = [
                (*own, *parcel_exclusions(order, candidate))
                for own, candidate in zip(self._own, self._candidates, strict=True)
            ]
        return self._known[alike]


def _judge(
    order: WaitingOrder,
    candidates: Sequence[Candidate],
    refused: Sequence[tuple[Exclusion, ...]],
    times: TravelTimes,
    held: ZoneWeights,
    *,
    at: datetime,
) -> tuple[dict[VehicleNo, tuple[CostTerm, ...]], dict[VehicleNo, tuple[Exclusion, ...]]]:
    nowhere = PairTimes(pickup_s=None, pickup_m=None, delivery_s=None, delivery_m=None)
    costs: dict[VehicleNo, tuple[CostTerm, ...]] = {}
    refusals: dict[VehicleNo, tuple[Exclusion, ...]] = {}
    for candidate, why in zip(candidates, refused, strict=True):
        pair = times.get((order.order_id, candidate.vehicle_no), nowhere)
        reasons = why or road_exclusions(order, candidate, pair)
        if reasons:
            refusals[candidate.vehicle_no] = reasons
        else:
            battery = candidate.battery_ratio or 0.0
            costs[candidate.vehicle_no] = cost_terms(order, battery, pair, at=at, weights=held.weights)
    return costs, refusals
