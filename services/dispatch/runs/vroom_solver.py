"""Runs by VROOM (pyvroom), checked against every rule and polished.

Only the solver's process imports this module: VROOM and what it brings take 120 MB.
"""

import math

import numpy as np
import vroom

from services.dispatch.runs import insertion
from services.dispatch.runs.insertion import Visits, answer_of, insert_all, longest_waiting_first, standing
from services.dispatch.runs.polish import polish
from services.dispatch.runs.problem import (
    MOST_ORDERS_A_RUN,
    Answer,
    Carrier,
    Deed,
    Metrics,
    Problem,
    Shipment,
    Visit,
)
from services.dispatch.runs.timing import MORE_LOAD_S, Judge
from services.orders.promise import HANDOVER_S, LOAD_S

NAME = "vroom"
EXPLORATION = 0
"""VROOM's effort, 0 to 5. 200 vehicles with 400 orders: see docs/benchmarks.md."""
NO_WAY_S = 100_000
"""A way that does not exist: above any vehicle's ``MOST_S`` (VROOM refuses sums that could overflow)."""
COST_STEPS = 10
"""VROOM counts in whole numbers, and a second of driving may be worth a tenth."""
PRIORITY_STEP_S = 600.0
"""Every ten minutes of waiting are one step of priority (VROOM has 100)."""
MOST_S = 86_400
LARGE_PAIRS = 8_000
"""Orders times vehicles above which there is time for one question alone (200 by 400: about a second)."""
LARGE_SLACK_S = 900.0
SLACKS_S = (300.0, 1_200.0, MOST_S)
"""How long after the soonest possible an order may come whose promise cannot be kept."""


def solve(problem: Problem) -> Answer:
    """Return the cheapest runs found with several ideas of how late an order may come, polished.

    VROOM knows roads, battery, who may carry what, how many orders and hard times, and what the zone's
    weights make of a way; what a late order costs against a longer way it does not know, so it is asked once
    for each ``SLACKS_S`` and the one measure of all solvers (``Judge``) decides, with cheapest insertion
    among the candidates. Which boxes fit together is checked here; an order that does not fit is inserted
    elsewhere. A large problem is asked once.
    """
    if not problem.shipments or not problem.carriers:
        return Answer(runs=(), solver=NAME)
    judge = Judge(problem)
    if len(problem.shipments) * len(problem.carriers) > LARGE_PAIRS:
        return answer_of(problem, _checked(judge, _ask(judge, LARGE_SLACK_S)), NAME)
    starts = [insertion.start(judge), *(_checked(judge, _ask(judge, slack_s)) for slack_s in SLACKS_S)]
    best = min(starts, key=lambda runs: standing(judge, runs))
    polish(judge, best)
    return answer_of(problem, best, NAME)


def _checked(judge: Judge, found: dict[int, list[Visit]]) -> dict[int, Visits]:
    """Return what VROOM found with every rule kept, and the orders it left inserted where they can be."""
    runs: dict[int, Visits] = {}
    for number, visits in found.items():
        kept = _that_fit(judge, judge.problem.carriers[number], visits)
        if kept:
            runs[number] = kept
    carried = {visit.shipment for visits in runs.values() for visit in visits}
    insert_all(judge, runs, [n for n in longest_waiting_first(judge.problem) if n not in carried])
    return runs


def _ask(judge: Judge, slack_s: float) -> dict[int, list[Visit]]:
    problem = judge.problem
    question = vroom.Input()
    for road, (duration_s, length_m) in enumerate(zip(problem.duration_s, problem.length_m, strict=True)):
        question.set_durations_matrix(_profile(road), _whole(duration_s))
        question.set_distances_matrix(_profile(road), _whole(length_m))
        question.set_costs_matrix(_profile(road), _costs(problem, road, duration_s, length_m))
    for number, carrier in enumerate(problem.carriers):
        question.add_vehicle(_vehicle(problem, number, carrier))
    for number in range(len(problem.shipments)):
        _add_shipment(question, judge, number, slack_s)
    routes = question.solve(exploration_level=EXPLORATION, nb_threads=1).to_dict()["routes"]
    deeds = {"pickup": Deed.LOAD, "delivery": Deed.HAND_OVER}
    return {
        int(route["vehicle"]): [
            Visit(deed=deeds[step["type"]], shipment=int(step["id"]))
            for step in route["steps"]
            if step["type"] in deeds
        ]
        for route in routes
    }


def _vehicle(problem: Problem, number: int, carrier: Carrier) -> vroom.Vehicle:
    """Return a vehicle; each order is a skill, so that exactly those it may carry are open to it."""
    may = {n for n, each in enumerate(problem.shipments) if each.order_id in carrier.may}
    return vroom.Vehicle(
        number,
        start=carrier.start,
        profile=_profile(carrier.road),
        capacity=vroom.Amount([min(MOST_ORDERS_A_RUN, len(carrier.layout))]),
        skills=may,
        max_tasks=2 * min(MOST_ORDERS_A_RUN, len(carrier.layout)),
        max_travel_time=MOST_S,
        max_distance=max(0, math.floor(min(carrier.reach_m, 1e9))),
        costs=vroom.VehicleCosts(fixed=round(COST_STEPS * carrier.burden_s)),
    )


def _add_shipment(question: vroom.Input, judge: Judge, number: int, slack_s: float) -> None:
    each = judge.problem.shipments[number]
    ready = vroom.TimeWindow(max(0, math.ceil(each.ready_s)), 10 * MOST_S)
    question.add_shipment(
        vroom.ShipmentStep(
            number,
            each.shop,
            default_setup=round(LOAD_S - MORE_LOAD_S),
            default_service=round(MORE_LOAD_S),
            time_windows=[ready],
        ),
        vroom.ShipmentStep(
            number,
            each.door,
            default_setup=round(HANDOVER_S),
            time_windows=[vroom.TimeWindow(0, _ends_s(judge, each, slack_s))],
        ),
        amount=vroom.Amount([1]),
        skills={number},
        priority=min(100, int(each.waited_s / PRIORITY_STEP_S)),
    )


def _ends_s(judge: Judge, shipment: Shipment, slack_s: float) -> int:
    """Return when an order must be there: within its promise, or ``slack_s`` after the soonest possible."""
    able = [carrier for carrier in judge.problem.carriers if shipment.order_id in carrier.may]
    soonest_s = min((judge.alone_s(carrier, shipment) for carrier in able), default=math.inf)
    return min(MOST_S, math.ceil(min(max(shipment.due_s, soonest_s + slack_s), MOST_S)))


def _that_fit(judge: Judge, carrier: Carrier, visits: list[Visit]) -> Visits:
    """Return the visits of the orders whose boxes fit together, taken in the order of loading."""
    kept: list[int] = []
    for visit in visits:
        if visit.deed is Deed.LOAD and judge.fits(carrier, [*kept, visit.shipment]):
            kept.append(visit.shipment)
    chosen = tuple(visit for visit in visits if visit.shipment in kept)
    return chosen if judge.timing(carrier, chosen) is not None else ()


def _profile(road: int) -> str:
    return f"road-{road}"


def _costs(
    problem: Problem, road: int, duration_s: Metrics, length_m: Metrics
) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
    """Return what each way costs, as ``Judge`` has it, in shares of a second (``COST_STEPS``).

    Every second of driving counts by how busy the zone is, those to the first shop and their kilometres by
    its weights as well.
    """
    is_way = np.isfinite(duration_s)
    driven_s, driven_m = np.where(is_way, duration_s, 0.0), np.where(is_way, length_m, 0.0)
    cost_s = problem.drive_weight * driven_s
    starts = sorted({carrier.start for carrier in problem.carriers if carrier.road == road})
    sending_s = (problem.start_weight - 1.0) * driven_s + problem.empty_s_per_km * driven_m / 1000.0
    cost_s[starts] += sending_s[starts]
    np.fill_diagonal(cost_s, 0.0)
    return _whole(np.where(is_way, np.clip(COST_STEPS * cost_s, 0.0, NO_WAY_S), np.inf))


def _whole(matrix: Metrics) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
    """Return a matrix as VROOM takes it: whole numbers, no way as one that no limit allows."""
    return np.where(np.isfinite(matrix), np.ceil(matrix), NO_WAY_S).astype(np.uint32)
