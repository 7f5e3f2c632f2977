"""Whole dispatch rounds against nearest-vehicle greedy and against the proven optimum: ``python -m
benchmarks.dispatch``.

Everything of the dispatcher but SQL and the streets is what runs in the city: judging of pairs, the problem,
VROOM in its process, the choice. The town is a plane (benchmarks/plane_town.py).
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.optimum import optimum_s, small_problem
from benchmarks.plane_town import SPEED_MPS, T0, PlaneRoutes, PlaneTown, way_m
from benchmarks.rush import three_hours
from core.ids import VehicleNo
from services.dispatch.candidate import Candidate, WaitingOrder
from services.dispatch.cost import DEFAULT_WEIGHTS
from services.dispatch.pair_times import door_of, pair_times, shop_of
from services.dispatch.plan import assign_alone, judge_pairs
from services.dispatch.runs import vroom_solver
from services.dispatch.runs.ask import problem_of
from services.dispatch.runs.choose import SINGLES, choose
from services.dispatch.runs.insertion import standing
from services.dispatch.runs.problem import MOST_ORDERS_A_RUN, Answer, Problem
from services.dispatch.runs.solver import RunSolver
from services.dispatch.runs.timing import Judge, Timing
from services.dispatch.travel import TravelTimes
from services.routing.route import GeoPoint
from services.tasks.roads import Roads
from steppe.bench.machine import description

RESULT = Path(__file__).parent / "results" / "dispatch.json"
VEHICLES, ORDERS = 200, 400
CASES: Final = 30
DISTANCE_MOST: Final = 0.70
SECONDS_MOST: Final = 3.0
OPTIMUM_MOST: Final = 1.02
WAIT_MOST: Final = 0.5


class Dispatcher:
    """The round of ``ZoneDispatcher`` without its reading and claiming."""

    def __init__(self, solver: RunSolver) -> None:
        """Take who solves; travel times are remembered as in a worker."""
        self._solver = solver
        self._travel = TravelTimes(Roads(PlaneRoutes()))

    async def round(
        self, orders: Sequence[WaitingOrder], vehicles: Sequence[Candidate], at: datetime
    ) -> tuple[Problem, Answer]:
        """Return the problem of a round and what is given."""
        times = await pair_times(self._travel, orders, vehicles)
        pairs = judge_pairs(orders, vehicles, times, at=at)
        alone = assign_alone(orders, vehicles, pairs)
        problem = await problem_of(
            self._travel, orders, vehicles, pairs.able(), at=at, weights=DEFAULT_WEIGHTS
        )
        if len(problem.shipments) < 2:
            return problem, choose(problem, alone, Answer(runs=(), solver=SINGLES))
        return problem, choose(problem, alone, await self._solver.solve(problem))


def greedy_m(orders: Sequence[WaitingOrder], vehicles: Sequence[Candidate]) -> float:
    """Return how far nearest-vehicle greedy drives: each order in turn goes to the vehicle that ends nearest.

    Each vehicle takes as many orders as ours may, one after the other.
    """
    ends = {v.vehicle_no: GeoPoint(v.lat or 0.0, v.lng or 0.0) for v in vehicles}
    given: dict[VehicleNo, int] = dict.fromkeys(ends, 0)
    total = 0.0
    for order in orders:
        able = [number for number in ends if given[number] < MOST_ORDERS_A_RUN]
        nearest = min(able, key=lambda number: way_m(ends[number], shop_of(order)))
        total += way_m(ends[nearest], shop_of(order)) + way_m(shop_of(order), door_of(order))
        ends[nearest], given[nearest] = door_of(order), given[nearest] + 1
    return total


async def one_tick(dispatcher: Dispatcher, seed: int) -> dict[str, Any]:
    """Return what one round of 200 vehicles and 400 orders takes and drives."""
    town = PlaneTown(seed)
    vehicles = [town.vehicle(n) for n in range(1, VEHICLES + 1)]
    orders = [town.order(n, T0 - timedelta(seconds=float(town.rng.uniform(0, 900)))) for n in range(ORDERS)]
    began = time.perf_counter()
    problem, answer = await dispatcher.round(orders, vehicles, T0)
    seconds = time.perf_counter() - began
    carriers = {carrier.vehicle_no: carrier for carrier in problem.carriers}
    judge = Judge(problem)
    timings: list[Timing] = []
    for run in answer.runs:
        made = judge.timing(carriers[run.vehicle_no], run.visits)
        assert made is not None, "a run that is given can be driven"
        timings.append(made)
    served = sum(len(run.shipments()) for run in answer.runs)
    ours_m, greedy = sum(made.drive_m for made in timings), greedy_m(orders, vehicles)
    return {
        "seed": seed,
        "solver": answer.solver,
        "served": served,
        "runs": len(answer.runs),
        "seconds": round(seconds, 2),
        "km": round(ours_m / 1000, 1),
        "greedyKm": round(greedy / 1000, 1),
        "ratio": round(ours_m / greedy, 3),
    }


def against_optimum() -> dict[str, Any]:
    """Return how much dearer ours is than the proven optimum on small cases."""
    ratios, proven = [], 0
    for seed in range(CASES):
        problem = small_problem(seed)
        best_s = optimum_s(problem)
        if best_s is None:
            continue
        proven += 1
        judge = Judge(problem)
        index = {carrier.vehicle_no: n for n, carrier in enumerate(problem.carriers)}
        ours = {index[run.vehicle_no]: run.visits for run in vroom_solver.solve(problem).runs}
        ratios.append(standing(judge, ours) / best_s)
    return {
        "cases": CASES,
        "proven": proven,
        "meanRatio": round(statistics.fmean(ratios), 4),
        "worstRatio": round(max(ratios), 4),
        "least": round(min(ratios), 4),
    }


async def measure() -> dict[str, Any]:
    """Return the whole result."""
    solver = RunSolver(deadline_s=20.0)
    await solver.ready()
    try:
        dispatcher = Dispatcher(solver)
        ticks = [await one_tick(dispatcher, seed) for seed in (1, 2, 3)]
        print(json.dumps(ticks), flush=True)
        optimum = against_optimum()
        print(json.dumps(optimum), flush=True)
        rush = await three_hours(Dispatcher(solver), seed=7)
        print(json.dumps(rush), flush=True)
    finally:
        await solver.close()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": description(),
        "versions": {name: version(name) for name in ("pyvroom", "ortools", "scipy")},
        "speedMps": SPEED_MPS,
        "bars": {
            "distance": DISTANCE_MOST,
            "seconds": SECONDS_MOST,
            "optimum": OPTIMUM_MOST,
            "wait": WAIT_MOST,
        },
        "ticks": ticks,
        "optimum": optimum,
        "rush": rush,
    }


def missed(result: dict[str, Any]) -> list[str]:
    """Return the bars that were missed, in words."""
    bars = {
        f"distance ≤ {DISTANCE_MOST}": max(t["ratio"] for t in result["ticks"]) <= DISTANCE_MOST,
        f"≤ {SECONDS_MOST} s": max(t["seconds"] for t in result["ticks"]) <= SECONDS_MOST,
        f"optimum ≤ {OPTIMUM_MOST}": result["optimum"]["meanRatio"] <= OPTIMUM_MOST,
        "all cases proven": result["optimum"]["proven"] == CASES,
        f"mean wait ≤ {WAIT_MOST}": result["rush"]["meanRatio"] <= WAIT_MOST,
        f"p95 wait ≤ {WAIT_MOST}": result["rush"]["p95Ratio"] <= WAIT_MOST,
    }
    return [words for words, is_met in bars.items() if not is_met]


def main() -> None:
    """Measure, keep the result, and fail when a bar is missed."""
    result = asyncio.run(measure())
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    if short := missed(result):
        sys.exit("missed: " + ", ".join(short))


if __name__ == "__main__":
    main()
