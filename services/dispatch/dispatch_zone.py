"""One dispatch round of a zone: read, judge, choose, claim each run in a transaction of its own, keep every
reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, FenceId, OrderId, VehicleNo
from core.kinds import ServiceKind
from services.dispatch.area import AreasAt, placed, together
from services.dispatch.candidate import Candidate, PairTimes
from services.dispatch.explanation import Explanation
from services.dispatch.fleet_member import candidate_of
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.freeze import frozen_explanation
from services.dispatch.give_run import GivenRun, RunGiver
from services.dispatch.joins.explain import with_joins
from services.dispatch.joins.find import JoinFinder, Joins
from services.dispatch.joins.give_join import RunJoiner
from services.dispatch.pair_times import pair_times
from services.dispatch.plan import Pairs, assign_alone, explain_all, judge_pairs
from services.dispatch.read_waiting import read_waiting
from services.dispatch.runs.ask import problem_of
from services.dispatch.runs.choose import SINGLES, choose
from services.dispatch.runs.problem import Answer, Problem
from services.dispatch.runs.solver import RunSolver
from services.dispatch.store import DecisionStore
from services.dispatch.travel import TravelTimes
from services.dispatch.waiting import Waiting
from services.dispatch.zone_store import ZoneStore
from services.orders.store import OrderStore


class ZoneDispatcher:
    """Runs rounds. Any number may run at once: the claim decides, not who looked first."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        fleet: FleetPicture,
        travel: TravelTimes,
        solver: RunSolver,
        giver: RunGiver,
        areas_at: AreasAt | None = None,
        joiner: RunJoiner | None = None,
    ) -> None:
        """Take the stores, the fleet, the travel times, who solves and who gives, and who knows the operating
        areas of a place; without it no order is outside of any. Without ``joiner`` no order joins a run."""
        self._database = database
        self._clock = clock
        self._fleet = fleet
        self._travel = travel
        self._solver = solver
        self._giver = giver
        self._areas_at = areas_at
        self._joiner = joiner
        self._joins = JoinFinder(database, travel)

    async def run_round(self, district: DistrictCode) -> dict[str, int]:
        """Give waiting orders to vehicles; return counts: orders waiting, assigned, lost, unserved, and runs.

        Ends quietly when nothing waits. Raises Unavailable when the database, Redis or routing is away.
        """
        at = self._clock.now()
        async with self._database.read() as tx:
            waiting = await read_waiting(tx, district)
            held = await ZoneStore(tx).weights(district)
            freeze = await ZoneStore(tx).freeze(district)
        if not waiting:
            return {"waiting": 0, "assigned": 0, "lost": 0, "unserved": 0, "runs": 0}
        if freeze is not None and freeze.is_frozen:
            ids = [each.order.order_id for each in waiting]
            why = {i: frozen_explanation(i, freeze, at=at, weights_version=held.version) for i in ids}
            await self._keep_reasons(waiting, why, at=at)
            return {"waiting": len(ids), "assigned": 0, "lost": 0, "unserved": len(ids), "runs": 0}
        members = await self._fleet.look(district, frozenset({ServiceKind.DELIVERY}), at=at)
        candidates = [candidate_of(member) for member in members]
        looked = [msgspec.structs.replace(each, view=placed(each.view, self._areas_at)) for each in waiting]
        views = [each.view for each in looked]
        times = await pair_times(self._travel, views, candidates)
        pairs = judge_pairs(views, candidates, times, at=at, held=held)
        joins = await self._find_joins(looked, candidates, pairs, times, at)
        staying = [view for view in views if view.order_id not in joins.chosen]
        problem = await problem_of(
            self._travel, staying, candidates, pairs.able(), at=at, weights=held.weights
        )
        answer = await self._choose(problem, assign_alone(staying, candidates, pairs))
        rides = rides_of(problem, answer)
        explanations = {
            order: with_joins(said, joins.lines.get(order, ()), joins.chosen.get(order))
            for order, said in explain_all(views, candidates, pairs, rides, at=at).items()
        }
        assigned, lost = await self._give_joins(looked, joins, explanations)
        by_number = {candidate.vehicle_no: candidate for candidate in candidates}
        areas = {view.order_id: view.areas for view in views}
        for run in given_runs(waiting, problem, answer, explanations, by_number, areas):
            if await self._giver.give(run):
                assigned += len(run.orders)
            else:
                lost += len(run.orders)
        served = {order for orders in rides.values() for order in orders} | set(joins.chosen)
        unserved = [each for each in waiting if each.order.order_id not in served]
        await self._keep_reasons(unserved, explanations, at=at)
        counts = {"assigned": assigned, "lost": lost, "unserved": len(unserved)}
        return {"waiting": len(waiting), **counts, "runs": len(answer.runs)}

    async def _find_joins(
        self,
        waiting: Sequence[Waiting],
        candidates: Sequence[Candidate],
        pairs: Pairs,
        times: Mapping[tuple[OrderId, VehicleNo], PairTimes],
        at: datetime,
    ) -> Joins:
        if self._joiner is None:
            return Joins()
        alone = assign_alone([each.view for each in waiting], candidates, pairs)
        return await self._joins.find(waiting, candidates, times, alone, at=at)

    async def _give_joins(
        self, waiting: Sequence[Waiting], joins: Joins, explanations: Mapping[OrderId, Explanation]
    ) -> tuple[int, int]:
        """Return how many orders joined a run, and how many were too late for it."""
        given = [
            await self._joiner.give(joins.chosen[order], each, explanations[order])
            for each in waiting
            if (order := each.order.order_id) in joins.chosen and self._joiner is not None
        ]
        return sum(given), len(given) - sum(given)

    async def _choose(self, problem: Problem, alone: Mapping[OrderId, VehicleNo]) -> Answer:
        """Return the better of one order a vehicle and of several; nobody is asked about a single order."""
        if len(problem.shipments) < 2:
            return choose(problem, alone, Answer(runs=(), solver=SINGLES))
        return choose(problem, alone, await self._solver.solve(problem))

    async def _keep_reasons(
        self, unserved: Sequence[Waiting], explanations: Mapping[OrderId, Explanation], *, at: datetime
    ) -> None:
        if not unserved:
            return
        said = [explanations[each.order.order_id] for each in unserved]
        async with self._database.write() as tx:
            await DecisionStore(tx).nobody(said, unserved[0].order.district, at=at)
            for each, why in zip(unserved, said, strict=True):
                await OrderStore(tx).note(each.order, at=at, reason=why.reason)


def rides_of(problem: Problem, answer: Answer) -> dict[VehicleNo, tuple[OrderId, ...]]:
    """Return the orders of every vehicle that goes, in the order in which they are loaded."""
    return {
        run.vehicle_no: tuple(problem.shipments[number].order_id for number in run.shipments())
        for run in answer.runs
    }


def given_runs(
    waiting: Sequence[Waiting],
    problem: Problem,
    answer: Answer,
    explanations: Mapping[OrderId, Explanation],
    candidates: Mapping[VehicleNo, Candidate],
    areas: Mapping[OrderId, frozenset[FenceId] | None],
) -> list[GivenRun]:
    """Return the answer's runs with the orders and the vehicles themselves."""
    by_id = {each.order.order_id: each for each in waiting}
    return [
        GivenRun(
            candidate=candidates[run.vehicle_no],
            deeds=tuple(
                (visit.deed, by_id[problem.shipments[visit.shipment].order_id]) for visit in run.visits
            ),
            explanations=explanations,
            areas=together([areas[problem.shipments[number].order_id] for number in run.shipments()]),
        )
        for run in answer.runs
    ]
