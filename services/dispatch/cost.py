"""What it costs to send one vehicle for one order, in city seconds, term by term."""

from datetime import datetime

import msgspec

from services.dispatch.candidate import PairTimes, WaitingOrder
from services.orders.promise import APPROACH_S, LOAD_S

IDLE_WEIGHT = 0.25
"""A second of standing at the merchant before the goods are ready, against a second of driving."""
LATE_WEIGHT = 2.0
"""A second past the P90 promise, against a second of driving."""
WAITED_WEIGHT = 0.5
"""Each second an order has waited; decides who goes first when vehicles are fewer than orders."""
WAITED_CAP_S = 3600.0
"""Past an hour of waiting the order does not gain further, so that one that nobody can reach hurts no
other."""
LOW_BATTERY_RATIO = 0.35
"""Below this an equally near vehicle with more battery is preferred."""
LOW_BATTERY_S = 600.0
"""Seconds that an empty battery would cost; in proportion above it."""


class CostTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One term of a cost, in seconds; negative terms speak for the pair."""

    name: str
    seconds: float


TERM_NAMES: dict[str, tuple[str, str]] = {
    "pickup": ("驶往商户", "drive to the merchant"),
    "idle": ("等待出货", "waiting for the goods"),
    "late": ("超出承诺", "past the promise"),
    "battery": ("电量偏低", "low battery"),
    "waited": ("订单已等待", "order has waited"),
}
"""(zh, en) of every term."""


def cost_terms(
    order: WaitingOrder, battery_ratio: float, times: PairTimes, *, at: datetime
) -> tuple[CostTerm, ...]:
    """Return the terms of a feasible pair; zero terms are left out, ``pickup`` never is.

    Raises ValueError for times without a route: such a pair has no cost.
    """
    if times.pickup_s is None or times.delivery_s is None:
        raise ValueError("a pair without a route has no cost")
    ready_in_s = (order.ready_at - at).total_seconds()
    start_s = max(times.pickup_s, ready_in_s)
    arrival_s = start_s + LOAD_S + times.delivery_s + APPROACH_S
    late_s = arrival_s - (order.promised_p90_at - at).total_seconds()
    waited_s = min(max(0.0, (at - order.accepted_at).total_seconds()), WAITED_CAP_S)
    terms = (
        CostTerm(name="pickup", seconds=times.pickup_s),
        CostTerm(name="idle", seconds=IDLE_WEIGHT * max(0.0, ready_in_s - times.pickup_s)),
        CostTerm(name="late", seconds=LATE_WEIGHT * max(0.0, late_s)),
        CostTerm(name="battery", seconds=LOW_BATTERY_S * max(0.0, LOW_BATTERY_RATIO - battery_ratio)),
        CostTerm(name="waited", seconds=-WAITED_WEIGHT * waited_s),
    )
    return tuple(term for term in terms if term.seconds != 0.0 or term.name == "pickup")


def total_s(terms: tuple[CostTerm, ...]) -> float:
    """Return the sum of the terms in seconds."""
    return sum(term.seconds for term in terms)
