"""Cheapest insertion: runs within milliseconds, for when the solver is late or away."""

from services.dispatch.runs.problem import Answer, Carrier, Deed, Problem, Run, Visit
from services.dispatch.runs.timing import Judge

NAME = "insertion"
NEAREST = 40
"""Vehicles that an order is tried with at first; the others are tried when none of these can take it."""

Visits = tuple[Visit, ...]


def solve(problem: Problem) -> Answer:
    """Return runs built order by order, the longest waiting first, each where it adds the least cost.

    An order is left waiting when that is cheaper than any place for it; ties go to the vehicle that stands
    first. Pure and deterministic.
    """
    return answer_of(problem, start(Judge(problem)), NAME)


def start(judge: Judge) -> dict[int, Visits]:
    """Return the inserted runs by the vehicle's index."""
    runs: dict[int, Visits] = {}
    insert_all(judge, runs, longest_waiting_first(judge.problem))
    return runs


def longest_waiting_first(problem: Problem) -> list[int]:
    """Return the orders by index, the one that has waited longest first."""
    numbers = range(len(problem.shipments))
    return sorted(numbers, key=lambda number: (-problem.shipments[number].waited_s, number))


def standing(judge: Judge, runs: dict[int, Visits]) -> float:
    """Return what runs cost in seconds, lower is better, with what it costs to leave the other orders
    waiting."""
    problem = judge.problem
    carried = {visit.shipment for visits in runs.values() for visit in visits}
    left = [each for n, each in enumerate(problem.shipments) if n not in carried]
    cost_s = sum(judge.cost_s(problem.carriers[number], visits) for number, visits in runs.items())
    return cost_s + sum(judge.left_s(each) for each in left)


def insert_all(judge: Judge, runs: dict[int, Visits], shipments: list[int]) -> None:
    """Put each order into the run of ``runs`` (by the vehicle's index) that it makes least dearer, unless it
    is cheaper to leave it to a later round."""
    carriers = judge.problem.carriers
    costs = {number: judge.cost_s(carriers[number], visits) for number, visits in runs.items()}
    for shipment in shipments:
        near = _nearest_first(judge, runs, shipment)
        for block in (near[:NEAREST], near[NEAREST:]):
            found = [
                (way[1] - costs.get(number, 0.0), number, way)
                for number in block
                if (way := insert(judge, carriers[number], runs.get(number, ()), shipment)) is not None
            ]
            if found:
                more_s, number, way = min(found, key=lambda each: each[:2])
                if more_s <= judge.left_s(judge.problem.shipments[shipment]):
                    runs[number], costs[number] = way
                break


def _nearest_first(judge: Judge, runs: dict[int, Visits], shipment: int) -> list[int]:
    """Return the vehicles by index, the one that comes nearest to the order's shop on its way first."""
    carriers = judge.problem.carriers
    return sorted(
        range(len(carriers)),
        key=lambda number: judge.nearest_s(carriers[number], runs.get(number, ()), shipment),
    )


def insert(judge: Judge, carrier: Carrier, visits: Visits, shipment: int) -> tuple[Visits, float] | None:
    """Return the run with one more order in its cheapest place, and its cost; None when it has no room."""
    carried = [visit.shipment for visit in visits if visit.deed is Deed.LOAD]
    if not judge.fits(carrier, [*carried, shipment]):
        return None
    load, hand_over = Visit(deed=Deed.LOAD, shipment=shipment), Visit(deed=Deed.HAND_OVER, shipment=shipment)
    best: tuple[Visits, float] | None = None
    for first in range(len(visits) + 1):
        for second in range(first, len(visits) + 1):
            tried = (*visits[:first], load, *visits[first:second], hand_over, *visits[second:])
            cost_s = judge.cost_s(carrier, tried)
            if cost_s < (float("inf") if best is None else best[1]):
                best = tried, cost_s
    return best


def answer_of(problem: Problem, runs: dict[int, Visits], solver: str) -> Answer:
    """Return runs by the vehicle's index as an answer; empty ones are left out."""
    return Answer(
        runs=tuple(
            Run(vehicle_no=problem.carriers[number].vehicle_no, visits=visits)
            for number, visits in sorted(runs.items())
            if visits
        ),
        solver=solver,
    )
