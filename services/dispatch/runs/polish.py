"""Making runs better by moving one order at a time, as long as it pays and there is work left to spend."""

from services.dispatch.runs.insertion import Visits, insert
from services.dispatch.runs.sequence import MOST_EXACT, best_sequence
from services.dispatch.runs.timing import Judge

LEAST_GAIN_S = 1.0
"""A move that saves less is not worth the unrest."""
MOST_TRIES = 4_000
"""Insertions tried in one polish; about a second."""


def polish(judge: Judge, runs: dict[int, Visits], *, most_tries: int = MOST_TRIES) -> None:
    """Improve ``runs`` (by the vehicle's index) in place until no single move helps or the tries are spent.

    Moves every order, the dearest first, to where it costs least, also to a vehicle that stands or to a
    later round; then puts the few orders of each run into their best sequence. Deterministic; never makes
    the sum dearer.
    """
    for number, visits in runs.items():
        runs[number] = _best_order(judge, number, visits)
    tries, improved = 0, True
    while improved and tries < most_tries:
        improved = False
        for shipment in _dearest_first(judge, runs):
            if tries >= most_tries:
                return
            tries += len(judge.problem.carriers)
            improved |= _moved(judge, runs, shipment)


def _moved(judge: Judge, runs: dict[int, Visits], shipment: int) -> bool:
    carriers = judge.problem.carriers
    home = next(n for n, visits in runs.items() if any(v.shipment == shipment for v in visits))
    rest = tuple(visit for visit in runs[home] if visit.shipment != shipment)
    rest = _best_order(judge, home, rest)
    before_s = judge.cost_s(carriers[home], runs[home])
    saved_s = before_s - judge.cost_s(carriers[home], rest)
    best_gain_s: float = LEAST_GAIN_S
    best: tuple[int, Visits] | None = None
    left_gain_s = saved_s - judge.left_s(judge.problem.shipments[shipment])
    for number, carrier in enumerate(carriers):
        visits = rest if number == home else runs.get(number, ())
        way = insert(judge, carrier, visits, shipment)
        if way is None:
            continue
        gain_s = saved_s - (way[1] - judge.cost_s(carrier, visits))
        if gain_s > best_gain_s:
            best_gain_s, best = gain_s, (number, way[0])
    if left_gain_s > best_gain_s:
        runs[home] = rest
        return True
    if best is None:
        return False
    runs[home] = rest
    runs[best[0]] = _best_order(judge, best[0], best[1])
    return True


def _best_order(judge: Judge, number: int, visits: Visits) -> Visits:
    carried = frozenset(visit.shipment for visit in visits)
    if not 1 < len(carried) <= MOST_EXACT:
        return visits
    carrier = judge.problem.carriers[number]
    best = best_sequence(judge, carrier, carried)
    return best[0] if best is not None and best[1] < judge.cost_s(carrier, visits) else visits


def _dearest_first(judge: Judge, runs: dict[int, Visits]) -> list[int]:
    """Return the orders on board, those of the runs that cost most an order first."""
    ranked = []
    for number, visits in runs.items():
        carried = sorted({visit.shipment for visit in visits})
        if not carried:
            continue
        cost_s = judge.cost_s(judge.problem.carriers[number], visits)
        ranked += [(-cost_s / len(carried), shipment) for shipment in carried]
    return [shipment for _, shipment in sorted(ranked)]
