"""A round in which every vehicle takes one order, put together from the parts of dispatch as it does."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.ids import OrderId, VehicleNo
from services.dispatch.candidate import Candidate, WaitingOrder
from services.dispatch.explanation import Explanation
from services.dispatch.plan import DEFAULTS, TravelTimes, assign_alone, explain_all, judge_pairs
from services.dispatch.weights import ZoneWeights


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle for some orders, an explanation for every order."""

    chosen: dict[OrderId, VehicleNo]
    explanations: dict[OrderId, Explanation]


def plan_round(
    orders: Sequence[WaitingOrder],
    candidates: Sequence[Candidate],
    times: TravelTimes,
    *,
    at: datetime,
    held: ZoneWeights = DEFAULTS,
) -> Round:
    """Return who goes for what and why; ``times`` holds the pairs that were worth a route."""
    pairs = judge_pairs(orders, candidates, times, at=at, held=held)
    chosen = assign_alone(orders, candidates, pairs)
    rides = {vehicle: (order,) for order, vehicle in chosen.items()}
    return Round(chosen=chosen, explanations=explain_all(orders, candidates, pairs, rides, at=at))
