"""Three hours near saturation: the dispatcher's rounds against nearest-vehicle greedy, the same orders.

A wait is what the dispatcher made of it: from when the goods would have been at the door if a vehicle had
stood at the shop when they were ready, to when they are there. Preparing, loading and the direct way are
nobody's wait.
"""

import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from benchmarks.plane_town import SPEED_MPS, T0, PlaneTown, way_m
from core.ids import TaskId, VehicleNo
from services.dispatch.candidate import Candidate, WaitingOrder
from services.dispatch.pair_times import door_of, shop_of
from services.dispatch.runs.problem import Answer, Deed, Problem
from services.dispatch.runs.timing import Judge
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S
from services.routing.route import GeoPoint

VEHICLES: Final = 60
HOURS: Final = 3.0
TICK_S: Final = 10.0
MEAN_JOB_S: Final = 1_400.0
"""How long one order holds a vehicle in this town when each takes one order and the nearest pairs are chosen
(way there, loading, way, door)."""
LOAD: Final = 0.95
"""Orders against what vehicles can just carry so. The result says how busy the vehicles were."""


class Rounds(Protocol):
    """Who decides in a round."""

    async def round(
        self, orders: Sequence[WaitingOrder], vehicles: Sequence[Candidate], at: datetime
    ) -> tuple[Problem, Answer]:
        """Return the problem and the answer."""
        ...


def orders_of(seed: int) -> list[WaitingOrder]:
    """Return the orders of three hours, in the order in which they come."""
    town = PlaneTown(seed)
    mean_s = MEAN_JOB_S / VEHICLES / LOAD
    moments = np.cumsum(town.rng.exponential(mean_s, int(2 * HOURS * 3600 / mean_s)))
    within = [float(s) for s in moments if s < HOURS * 3600]
    return [town.order(n, T0 + timedelta(seconds=s)) for n, s in enumerate(within)]


def starts_of(seed: int) -> list[GeoPoint]:
    """Return where the vehicles stand at the beginning."""
    town = PlaneTown(seed + 1)
    return [town.anywhere() for _ in range(VEHICLES)]


def soonest_s(order: WaitingOrder) -> float:
    """Return when an order would be there with a vehicle at the shop's door when its goods are ready."""
    return _seconds(order.ready_at) + LOAD_S + way_m(shop_of(order), door_of(order)) / SPEED_MPS + APPROACH_S


class Fleet:
    """Vehicles with where they are free and from when on."""

    def __init__(self, seed: int) -> None:
        """Let all stand free."""
        self._town = PlaneTown(seed + 2)
        self.free = {VehicleNo(n + 1): here for n, here in enumerate(starts_of(seed))}
        self._busy: list[tuple[float, VehicleNo, GeoPoint]] = []
        self.busy_s = 0.0
        """Within the three hours, of all vehicles."""

    def come_free(self, now_s: float) -> None:
        """Let those be free whose work is over."""
        while self._busy and self._busy[0][0] <= now_s:
            _, number, here = heapq.heappop(self._busy)
            self.free[number] = here

    def send(self, number: VehicleNo, now_s: float, until_s: float, ends: GeoPoint) -> None:
        """Let a vehicle be busy until then and free there."""
        self.busy_s += max(0.0, min(until_s, HOURS * 3600) - now_s)
        del self.free[number]
        heapq.heappush(self._busy, (until_s, number, ends))

    def candidates(self) -> list[Candidate]:
        """Return every vehicle as dispatch sees it; a task holds those that are busy."""
        busy = [
            msgspec.structs.replace(self._town.vehicle(number, here), task_id=TaskId("t"))
            for _, number, here in self._busy
        ]
        return [*(self._town.vehicle(number, here) for number, here in sorted(self.free.items())), *busy]


def greedy_tick(
    fleet: Fleet, waiting: list[WaitingOrder], now_s: float, waits: list[float]
) -> list[WaitingOrder]:
    """Give each order in turn to the nearest free vehicle; return who goes on waiting."""
    left = []
    for order in waiting:
        if not fleet.free:
            left.append(order)
            continue
        number = min(fleet.free, key=lambda n: way_m(fleet.free[n], shop_of(order)))
        there_s = now_s + way_m(fleet.free[number], shop_of(order)) / SPEED_MPS
        loaded_s = max(there_s, _seconds(order.ready_at)) + LOAD_S
        door_s = loaded_s + way_m(shop_of(order), door_of(order)) / SPEED_MPS
        waits.append(door_s + APPROACH_S - soonest_s(order))
        fleet.send(number, now_s, door_s + HANDOVER_S, door_of(order))
    return left


async def our_tick(
    rounds: Rounds, fleet: Fleet, waiting: list[WaitingOrder], now_s: float, waits: list[float]
) -> list[WaitingOrder]:
    """Run a round of the dispatcher; return who goes on waiting."""
    problem, answer = await rounds.round(waiting, fleet.candidates(), T0 + timedelta(seconds=now_s))
    judge = Judge(problem)
    carriers = {carrier.vehicle_no: carrier for carrier in problem.carriers}
    by_id = {order.order_id: order for order in waiting}
    for run in answer.runs:
        made = judge.timing(carriers[run.vehicle_no], run.visits)
        assert made is not None, "a run that is given can be driven"
        for number, arrival_s in made.arrival_s.items():
            order = by_id.pop(problem.shipments[number].order_id)
            waits.append(now_s + arrival_s - soonest_s(order))
        last = [v for v in run.visits if v.deed is Deed.HAND_OVER][-1]
        ends = next(o for o in waiting if o.order_id == problem.shipments[last.shipment].order_id)
        fleet.send(run.vehicle_no, now_s, now_s + max(made.arrival_s.values()) + HANDOVER_S, door_of(ends))
    return list(by_id.values())


async def three_hours(rounds: Rounds, *, seed: int) -> dict[str, Any]:
    """Return mean and p95 wait from acceptance to arrival of both, until every order of three hours is
    there."""
    found: dict[str, Any] = {"vehicles": VEHICLES, "orders": len(orders_of(seed)), "load": LOAD, "seed": seed}
    for name in ("greedy", "ours"):
        coming: list[WaitingOrder] = orders_of(seed)[::-1]
        waiting: list[WaitingOrder] = []
        waits: list[float] = []
        fleet, now_s = Fleet(seed), 0.0
        while coming or waiting:
            fleet.come_free(now_s)
            while coming and _seconds(coming[-1].accepted_at) <= now_s:
                waiting.append(coming.pop())
            if waiting and fleet.free and name == "ours":
                waiting = await our_tick(rounds, fleet, waiting, now_s, waits)
            elif waiting:
                waiting = greedy_tick(fleet, waiting, now_s, waits)
            now_s += TICK_S
        found[f"{name}MeanS"] = round(float(np.mean(waits)))
        found[f"{name}P95S"] = round(float(np.percentile(waits, 95)))
        found[f"{name}MostS"] = round(max(waits))
        found[f"{name}BusyShare"] = round(fleet.busy_s / (VEHICLES * HOURS * 3600), 3)
    found["meanRatio"] = round(found["oursMeanS"] / found["greedyMeanS"], 3)
    found["p95Ratio"] = round(found["oursP95S"] / found["greedyP95S"], 3)
    return found


def _seconds(moment: datetime) -> float:
    return (moment - T0).total_seconds()
