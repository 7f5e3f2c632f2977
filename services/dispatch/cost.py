"""What it costs to send one vehicle for one order, in city seconds, term by term."""

from datetime import datetime

import msgspec

from services.dispatch.candidate import PairTimes, WaitingOrder
from services.dispatch.weights import Weights
from services.orders.promise import APPROACH_S, LOAD_S

DEFAULT_WEIGHTS = Weights()


class CostTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One term of a cost, in seconds; negative terms speak for the pair.

    ``value`` in ``unit`` is what was found, ``weight`` what one unit of it costs: their product is
    ``seconds``. All three are missing in decisions from before they were kept.
    """

    name: str
    seconds: float
    value: float | None = None
    unit: str = ""
    weight: float | None = None


TERM_NAMES: dict[str, tuple[str, str]] = {
    "pickup": ("驶往商户", "drive to the merchant"),
    "idle": ("等待出货", "waiting for the goods"),
    "late": ("超出承诺", "past the promise"),
    "empty": ("空驶里程", "empty distance"),
    "battery": ("电量偏低", "low battery"),
    "waited": ("订单已等待", "order has waited"),
    "priority": ("优先级", "priority"),
}
"""(zh, en) of every term."""


def cost_terms(
    order: WaitingOrder,
    battery_ratio: float,
    times: PairTimes,
    *,
    at: datetime,
    weights: Weights = DEFAULT_WEIGHTS,
) -> tuple[CostTerm, ...]:
    """Return the terms of a feasible pair; what was not found at all is left out, ``pickup`` never is.

    Raises ValueError for times without a route: such a pair has no cost.
    """
    if times.pickup_s is None or times.delivery_s is None:
        raise ValueError("a pair without a route has no cost")
    ready_in_s = (order.ready_at - at).total_seconds()
    arrival_s = max(times.pickup_s, ready_in_s) + LOAD_S + times.delivery_s + APPROACH_S
    # a broken promise counts from now on: what is past would only speak against the order that waits longest
    late_s = max(0.0, arrival_s - max(0.0, (order.promised_p90_at - at).total_seconds()))
    waited_s = min(max(0.0, (at - order.accepted_at).total_seconds()), weights.waited_cap_s)
    missing = max(0.0, weights.low_battery_ratio - battery_ratio)
    level = weights.levels.get(order.merchant_kind, 0)
    terms = (
        weighed("pickup", times.pickup_s, "s", weights.start),
        weighed("idle", max(0.0, ready_in_s - times.pickup_s), "s", weights.idle),
        weighed("late", late_s, "s", weights.late),
        weighed("empty", (times.pickup_m or 0.0) / 1000.0, "km", weights.empty_s_per_km),
        weighed("battery", missing, "ratio", weights.low_battery_s),
        weighed("waited", waited_s, "s", -weights.waited),
        weighed("priority", float(level), "level", -weights.priority_s),
    )
    return tuple(term for term in terms if term.value or term.name == "pickup")


def favour_s(order: WaitingOrder, weights: Weights, *, at: datetime) -> float:
    """Return the seconds that waiting and the kind of its merchant speak for an order, whoever goes."""
    waited_s = min(max(0.0, (at - order.accepted_at).total_seconds()), weights.waited_cap_s)
    return weights.waited * waited_s + weights.priority_s * weights.levels.get(order.merchant_kind, 0)


def low_battery_s(battery_ratio: float, weights: Weights) -> float:
    """Return the seconds that a low battery speaks against a vehicle, whatever it carries."""
    return weights.low_battery_s * max(0.0, weights.low_battery_ratio - battery_ratio)


def weighed(name: str, value: float, unit: str, weight: float) -> CostTerm:
    """Return a term of what was found in ``unit`` and what one unit of it costs."""
    return CostTerm(name=name, seconds=value * weight, value=value, unit=unit, weight=weight)


def total_s(terms: tuple[CostTerm, ...]) -> float:
    """Return the sum of the terms in seconds."""
    return sum(term.seconds for term in terms)
