"""One dispatch round as a pure function: orders, vehicles and travel times in; pairs and explanations out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import OrderId, VehicleNo
from services.dispatch.assignment import assign
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.cost import CostTerm, cost_terms, total_s
from services.dispatch.explanation import Explanation, explain
from services.dispatch.rules import Exclusion, exclusions

TravelTimes = Mapping[tuple[OrderId, VehicleNo], PairTimes]


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round decided: a vehicle for some orders, an explanation for every order."""

    chosen: dict[OrderId, VehicleNo]
    explanations: dict[OrderId, Explanation]


def may_drive(candidate: Candidate, orders: Sequence[WaitingOrder]) -> bool:
    """Return whether any of the orders could go to this vehicle, as far as is known without a route."""
    return any(not exclusions(order, candidate, None) for order in orders)


def plan_round(
    orders: Sequence[WaitingOrder], candidates: Sequence[Candidate], times: TravelTimes, *, at: datetime
) -> Round:
    """Return who goes for what, and why, for every order given.

    ``times`` holds the pairs that were worth a route; a pair without times that nothing else excludes is
    unreachable. Pure and deterministic: equal inputs give equal rounds.
    """
    feasible: dict[OrderId, dict[VehicleNo, tuple[CostTerm, ...]]] = {}
    excluded: dict[OrderId, dict[VehicleNo, tuple[Exclusion, ...]]] = {}
    for order in orders:
        costs, refusals = _judge(order, candidates, times, at=at)
        feasible[order.order_id] = costs
        excluded[order.order_id] = refusals
    chosen = assign(
        [order.order_id for order in orders],
        [candidate.vehicle_no for candidate in candidates],
        {(o, v): total_s(terms) for o, costs in feasible.items() for v, terms in costs.items()},
    )
    taken = {vehicle: order for order, vehicle in chosen.items()}
    return Round(
        chosen=chosen,
        explanations={
            order.order_id: explain(
                order, candidates, feasible[order.order_id], excluded[order.order_id], taken, at=at
            )
            for order in orders
        },
    )


def _judge(
    order: WaitingOrder, candidates: Sequence[Candidate], times: TravelTimes, *, at: datetime
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
            costs[candidate.vehicle_no] = cost_terms(order, battery, pair, at=at)
    return costs, refusals
