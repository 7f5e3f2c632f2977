"""The best sequence of a few orders for one vehicle, found exactly."""

from services.dispatch.runs.problem import Carrier, Deed, Visit
from services.dispatch.runs.timing import Judge

MOST_EXACT = 3
"""Orders whose sequences are all tried: 90 of three. Of four there are 2,520."""

Visits = tuple[Visit, ...]


def best_sequence(judge: Judge, carrier: Carrier, shipments: frozenset[int]) -> tuple[Visits, float] | None:
    """Return the cheapest sequence that loads every order before it hands it over, and its cost in seconds.

    None when no sequence can be driven. Tries everything: for at most ``MOST_EXACT`` orders.
    """
    best: tuple[Visits, float] | None = None

    def extend(visits: Visits, waiting: frozenset[int], aboard: frozenset[int]) -> None:
        nonlocal best
        cost_s = judge.cost_s(carrier, visits)
        if cost_s == float("inf") or (best is not None and cost_s >= best[1]):
            return
        if not waiting and not aboard:
            best = visits, cost_s
            return
        for each in sorted(aboard):
            extend((*visits, Visit(deed=Deed.HAND_OVER, shipment=each)), waiting, aboard - {each})
        for each in sorted(waiting):
            extend((*visits, Visit(deed=Deed.LOAD, shipment=each)), waiting - {each}, aboard | {each})

    extend((), shipments, frozenset())
    return best
