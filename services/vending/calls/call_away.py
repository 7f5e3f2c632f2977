"""Calls of a zone are weighed against every vehicle; one on a round may be called away from it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import DistrictCode, OperatorId, TaskId, VehicleNo
from core.kinds import ServiceKind
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.dispatchable import ReasonCode
from fleet.vehicles.store import VehicleStore
from services.dispatch.area import AreasAt, outside_permit
from services.dispatch.fleet_member import FleetMember
from services.dispatch.give_run import LOST_RACE
from services.dispatch.rules import Exclusion, Rule
from services.dispatch.way_home import comes_back
from services.dispatch.work import WorkStop, task_of, where
from services.dispatch.zone_store import ZoneStore
from services.places.place import Place
from services.routing.route import GeoPoint
from services.tasks.roads import Hop, Roads
from services.tasks.send_plan import send_plan
from services.tasks.states import TaskKind, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task
from services.vending.calls.choose_call import CalledStop, called_stops, way_m
from services.vending.calls.decision import CallDecision, CallOutcome, CallRule, Seller
from services.vending.calls.give_calls import CALL_WAIT_S, give_calls, stop_place
from services.vending.calls.states import CallEvent
from services.vending.calls.store import CallStore
from services.vending.calls.who_comes import MOST_DIVERSIONS, decide_call
from services.vending.restock.need import Urgency
from services.vending.restock.read_need import needs_of
from services.vending.rounds.leave_round import leave_round
from services.vending.sales.states import HOLDING
from services.vending.sales.store import SaleStore


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What decides beside where vehicles are."""

    tasks: Mapping[TaskId, Task]
    selling: Collection[VehicleNo]
    needs: Mapping[VehicleNo, Urgency]
    diversions: Mapping[TaskId, int]


class RoundCaller:
    """Decides who answers the calls of a zone (services.dispatch.work.Diverter)."""

    def __init__(
        self, database: Database, clock: Clock, roads: Roads, areas_at: AreasAt | None = None
    ) -> None:
        """Take the stores, the roads, and who knows operating areas; without it no stop is outside."""
        self._database = database
        self._clock = clock
        self._roads = roads
        self._areas_at = areas_at

    async def divert(
        self,
        district: DistrictCode,
        members: Sequence[FleetMember],
        shelters: Sequence[Place],
        *,
        at: datetime,
    ) -> Counter[str]:
        """Call vehicles away from their rounds, keep why, and decline what no permit covers; return counts.

        An idle vehicle that was found nearest is sent by whoever hands out work to idle ones.
        """
        sellers = [one for one in members if one.vehicle.service is ServiceKind.VENDING]
        counts: Counter[str] = Counter()
        for operator in sorted({one.vehicle.operator for one in sellers}):
            async with self._database.read() as tx:
                waiting = called_stops(await CallStore(tx).waiting(district, operator))
                own = [one for one in sellers if one.vehicle.operator == operator] if waiting else []
                facts = await _facts(tx, own, at)
            for stop in waiting:
                decision = await self._decide(stop, own, facts, shelters, at)
                gone = await self._carry_out(stop, decision, own, facts, operator)
                own = [one for one in own if one.vehicle.vehicle_no != gone]
                counts[CallOutcome.CALLED_AWAY.value] += gone is not None
        return +counts

    async def _decide(
        self,
        stop: CalledStop,
        members: Sequence[FleetMember],
        facts: _Facts,
        shelters: Sequence[Place],
        at: datetime,
    ) -> CallDecision:
        place = stop_place(stop.first)
        rules = {
            one.vehicle.vehicle_no: _hindrances(one, facts, outside_permit(one, place, self._areas_at))
            for one in members
        }
        free = [one for one in members if not rules[one.vehicle.vehicle_no] and one.heard is not None]
        hops = await self._hops(free, place)
        for one in free:
            number = one.vehicle.vehicle_no
            rules[number] = _on_the_way(one, hops[number], place, shelters)
        sellers = [
            _seller(one, facts, stop, rules[one.vehicle.vehicle_no], hops.get(one.vehicle.vehicle_no))
            for one in members
        ]
        return decide_call(stop, sellers, at=at)

    async def _hops(self, members: Sequence[FleetMember], place: Place) -> dict[VehicleNo, Hop | None]:
        """Return the way of each vehicle to a stop; those that drive alike are asked about at once."""
        ends = [GeoPoint(place.lat, place.lng)]
        found: dict[VehicleNo, Hop | None] = {}
        for road in {one.road for one in members}:
            alike = [one for one in members if one.road == road]
            rows = await self._roads.hops([where(one) for one in alike], ends, road)
            found.update((one.vehicle.vehicle_no, row[0]) for one, row in zip(alike, rows, strict=True))
        return found

    async def _carry_out(
        self,
        stop: CalledStop,
        decision: CallDecision,
        members: Sequence[FleetMember],
        facts: _Facts,
        operator: OperatorId,
    ) -> VehicleNo | None:
        """Return the vehicle that was called away, None when nobody was; keep or decline what waits on."""
        member = next((one for one in members if one.vehicle.vehicle_no == decision.vehicle_no), None)
        if decision.outcome is CallOutcome.CALLED_AWAY and member is not None and member.task_id is not None:
            done = await self._call_away(stop, decision, member, facts.tasks[member.task_id], operator)
            return member.vehicle.vehicle_no if done else None
        if not all(decision.says_the_same(call.decision) for call in stop.calls):
            await self._keep(stop, decision)
        return None

    async def _call_away(
        self,
        stop: CalledStop,
        decision: CallDecision,
        member: FleetMember,
        left: Task,
        operator: OperatorId,
    ) -> bool:
        """Suspend the round, claim the call's task and send its plan, all in one transaction."""
        place, number = stop_place(stop.first), member.vehicle.vehicle_no
        leg = await self._roads.leg(where(member), GeoPoint(place.lat, place.lng), member.road)
        if leg is None:
            return False
        try:
            async with self._database.write() as tx:
                at = self._clock.now()
                await ZoneStore(tx).must_give_work(stop.first.district)
                await leave_round(tx, left, at=at)
                await _must_not_sell(tx, number)
                epoch = await TaskStore(tx).next_epoch(number)
                planned = [WorkStop(place=place, leg=leg, wait_s=CALL_WAIT_S)]
                task = task_of(member, TaskKind.VENDING_CALL, epoch, planned, at=at)
                await send_plan(tx, task, at=at, rate=self._clock.rate)
                await bind_vehicle(tx, await VehicleStore(tx).get(number, EVERYTHING), self._clock)
                await give_calls(tx, task, operator, decision)
        except LOST_RACE:
            return False
        return True

    async def _keep(self, stop: CalledStop, decision: CallDecision) -> None:
        """Keep why the callers of a stop wait; decline them where waiting would not help."""
        try:
            async with self._database.write() as tx:
                store, at, refusal = CallStore(tx), self._clock.now(), decision.refusal()
                for call in stop.calls:
                    explained = await store.explain(call, decision)
                    if refusal:
                        await store.move(
                            explained,
                            CallEvent.DECLINED,
                            at=at,
                            actor="system:dispatch",
                            reason=refusal,
                        )
        except LOST_RACE:
            return


async def _must_not_sell(tx: Transaction, vehicle_no: VehicleNo) -> None:
    if await SaleStore(tx).at_vehicle(vehicle_no, sorted(HOLDING)):
        raise Conflict("conflict", "somebody buys at the vehicle", vehicle_no=vehicle_no)


async def _facts(tx: Transaction, members: Sequence[FleetMember], at: datetime) -> _Facts:
    numbers = [one.vehicle.vehicle_no for one in members]
    ids = [one.task_id for one in members if one.task_id is not None]
    tasks = await TaskStore(tx).of_ids(ids, EVERYTHING)
    rounds = [task for task in tasks.values() if task.kind is TaskKind.VENDING_ROUND]
    needs = await needs_of(tx, numbers, at=at) if numbers else {}
    return _Facts(
        tasks=tasks,
        selling=await SaleStore(tx).busy_vehicles(numbers),
        needs={number: need.urgency for number, need in needs.items()},
        diversions={task.task_id: await _times_left(tx, task) for task in rounds},
    )


async def _times_left(tx: Transaction, task: Task) -> int:
    """Return how often a round was left for callers."""
    return await TaskStore(tx).given_since(task.vehicle_no, TaskKind.VENDING_CALL, task.created_at)


def _hindrances(member: FleetMember, facts: _Facts, outside: Exclusion | None) -> tuple[Exclusion, ...]:
    """Return every rule that keeps a vehicle from a call before a way is asked for."""
    number, heard = member.vehicle.vehicle_no, member.heard
    task = None if member.task_id is None else facts.tasks.get(member.task_id)
    is_on_round = task is not None and task.kind is TaskKind.VENDING_ROUND
    found = [
        Exclusion(rule=reason.code.value, value=reason.value, needed=reason.needed)
        for reason in member.reasons
        if not (is_on_round and reason.code is ReasonCode.NO_OPERATOR_FREE)
    ]
    if member.task_id is not None and not is_on_round:
        found.append(Exclusion(rule=Rule.ON_ANOTHER_JOB.value, value=member.task_id))
    if task is not None and is_on_round:
        found += _bound_to_round(task, facts)
    if heard is None:
        found.append(Exclusion(rule=Rule.NEVER_HEARD.value))
    elif heard.is_charging:
        found.append(Exclusion(rule=CallRule.CHARGING.value))
    if member.has_refused:
        found.append(Exclusion(rule=Rule.REFUSED_LATELY.value))
    if number in facts.selling:
        found.append(Exclusion(rule=CallRule.MID_SALE.value))
    if facts.needs.get(number, Urgency.NOW) is Urgency.NOW:
        found.append(Exclusion(rule=CallRule.NEEDS_GOODS.value))
    return (*found, *(() if outside is None else (outside,)))


def _bound_to_round(task: Task, facts: _Facts) -> list[Exclusion]:
    if task.state is not TaskState.EXECUTING:
        return [Exclusion(rule=CallRule.PLAN_NOT_TAKEN.value)]
    times = facts.diversions.get(task.task_id, 0)
    if times < MOST_DIVERSIONS:
        return []
    needed = f"< {MOST_DIVERSIONS}"
    return [Exclusion(rule=CallRule.CALLED_AWAY_OFTEN.value, value=str(times), needed=needed)]


def _on_the_way(
    member: FleetMember, hop: Hop | None, place: Place, shelters: Sequence[Place]
) -> tuple[Exclusion, ...]:
    if hop is None:
        return (Exclusion(rule=Rule.NO_ROUTE.value),)
    if not comes_back(member, hop.length_m, place, shelters):
        return (Exclusion(rule=Rule.BATTERY_FOR_JOB.value),)
    return ()


def _seller(
    member: FleetMember,
    facts: _Facts,
    stop: CalledStop,
    rules: tuple[Exclusion, ...],
    hop: Hop | None = None,
) -> Seller:
    heard = member.heard
    task = None if member.task_id is None else facts.tasks.get(member.task_id)
    return Seller(
        vehicle_no=member.vehicle.vehicle_no,
        code=member.vehicle.code or str(member.vehicle.vehicle_no),
        is_on_round=task is not None and task.kind is TaskKind.VENDING_ROUND,
        away_m=None if heard is None else round(way_m(stop, heard.lat, heard.lng)),
        way_s=None if hop is None else round(hop.duration_s, 1),
        rules=rules,
    )
