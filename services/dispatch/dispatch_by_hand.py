"""Orders given to vehicles of an operator's choice: judged like every assignment, given or refused by name.

A preview stores nothing. A commit gives, in one transaction, every run that is still true then: its orders
wait in the versions that were previewed, its vehicle is free and can take them, its zone is not frozen.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, Reach, reach_of
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import NotFound
from core.ids import DistrictCode, OrderId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleStore
from services.dispatch.area import AreasAt, placed, together
from services.dispatch.by_hand import (
    Hindrance,
    JudgedOrder,
    JudgedRun,
    OrderWish,
    RunWish,
    check_plan,
    chosen_by,
)
from services.dispatch.candidate import Candidate
from services.dispatch.cost import total_s
from services.dispatch.energy import battery_needed_ratio
from services.dispatch.explanation import Explanation
from services.dispatch.fleet_member import candidate_of
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.freeze import ZoneFreeze
from services.dispatch.give_run import GivenRun, ReadyRun, RunGiver
from services.dispatch.pair_times import pair_times
from services.dispatch.plan import Pairs, explain_all, judge_pairs
from services.dispatch.read_waiting import waiting_of
from services.dispatch.runs.boxes import boxes_for
from services.dispatch.runs.problem import Deed
from services.dispatch.travel import TravelTimes
from services.dispatch.waiting import Waiting
from services.dispatch.zone_store import ZoneStore
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.tasks.states import StopKind
from services.tasks.store import TaskStore


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One run that was looked at; ``ready`` is what would be given, None when something hinders."""

    judged: JudgedRun
    ready: ReadyRun | None = None


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    freeze: ZoneFreeze | None
    orders: Mapping[OrderId, Order]
    waiting: Mapping[OrderId, Waiting]
    candidates: Mapping[VehicleNo, Candidate]
    codes: Mapping[VehicleNo, str]
    pairs: Pairs


class HandDispatcher:
    """Judges and gives what operators choose."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        fleet: FleetPicture,
        travel: TravelTimes,
        giver: RunGiver,
        areas_at: AreasAt | None = None,
    ) -> None:
        """Take the stores, the fleet, the travel times, who gives, and who knows operating areas; without it
        no order is outside of any."""
        self._database = database
        self._clock = clock
        self._fleet = fleet
        self._travel = travel
        self._giver = giver
        self._areas_at = areas_at

    async def look(
        self, principal: Principal, district: DistrictCode, wishes: Sequence[RunWish], *, reason: str = ""
    ) -> list[Looked]:
        """Return every run of a plan as it would be given now, or what hinders it; nothing is stored.

        Raises Invalid for a plan that contradicts itself, NotFound for orders and vehicles out of reach,
        Unavailable while routing is down.
        """
        check_plan(wishes)
        at = self._clock.now()
        facts = await self._facts(district, wishes, reach_of(principal), at)
        hindered = {wish.vehicle_no: _hindrance(wish, facts) for wish in wishes}
        rides = {
            wish.vehicle_no: tuple(order.order_id for order in wish.orders)
            for wish in wishes
            if hindered[wish.vehicle_no] is None
        }
        views = [each.view for each in facts.waiting.values()]
        explanations = explain_all(views, list(facts.candidates.values()), facts.pairs, rides, at=at)
        told = {
            order: chosen_by(explanation, principal.name, reason) if explanation.chosen else explanation
            for order, explanation in explanations.items()
        }
        return [await self._looked(wish, facts, told, hindered[wish.vehicle_no], at) for wish in wishes]

    async def give(
        self, tx: Transaction, principal: Principal, looked: Sequence[Looked], reason: str
    ) -> list[JudgedRun]:
        """Give the runs that are still true in this transaction; say of each other one what moved.

        Raises Conflict, IllegalTransition or VersionMismatch when somebody was faster at the last moment:
        then nothing of it was given.
        """
        return [
            each.judged
            if each.ready is None
            else await self._give(tx, principal, each.judged, each.ready, reason)
            for each in looked
        ]

    async def _give(
        self, tx: Transaction, principal: Principal, judged: JudgedRun, ready: ReadyRun, reason: str
    ) -> JudgedRun:
        moved = await _moved(tx, judged, ready.run)
        if moved is not None:
            return msgspec.structs.replace(judged, hindrance=moved)
        task_id = await self._giver.claim(tx, ready, actor=f"staff:{principal.name}")
        fields = {"orders": [order.order_id for order in judged.orders], "task_id": task_id}
        about = f"vehicle:{judged.vehicle_no}"
        await audit.record(tx, principal, "run.given", about, fields, reason, at=self._clock.now())
        return msgspec.structs.replace(judged, task_id=task_id)

    async def _facts(
        self, district: DistrictCode, wishes: Sequence[RunWish], reach: Reach, at: datetime
    ) -> _Facts:
        wanted = [order.order_id for wish in wishes for order in wish.orders]
        async with self._database.read() as tx:
            orders = await OrderStore(tx).of_ids(wanted, reach)
            for order_id in wanted:
                if order_id not in orders or orders[order_id].district != district:
                    raise NotFound("not-found", "no such order in this zone", order_id=order_id)
            vehicles = [await VehicleStore(tx).get(wish.vehicle_no, reach) for wish in wishes]
            still = [order for order in orders.values() if order.state is OrderState.ACCEPTED]
            waiting = {each.order.order_id: each for each in await waiting_of(tx, still)}
            held = await ZoneStore(tx).weights(district)
            freeze = await ZoneStore(tx).freeze(district)
        every = frozenset(Lifecycle)  # the one that was named is told why it cannot
        members = await self._fleet.look(district, frozenset({ServiceKind.DELIVERY}), at=at, lifecycles=every)
        candidates = [candidate_of(member) for member in members]
        waiting = {
            order_id: msgspec.structs.replace(each, view=placed(each.view, self._areas_at))
            for order_id, each in waiting.items()
        }
        views = [each.view for each in waiting.values()]
        times = await pair_times(self._travel, views, candidates)
        return _Facts(
            freeze=freeze,
            orders=orders,
            waiting=waiting,
            candidates={each.vehicle_no: each for each in candidates},
            codes={each.vehicle_no: each.code or str(each.vehicle_no) for each in vehicles},
            pairs=judge_pairs(views, candidates, times, at=at, held=held),
        )

    async def _looked(
        self,
        wish: RunWish,
        facts: _Facts,
        explanations: Mapping[OrderId, Explanation],
        hindrance: Hindrance | None,
        at: datetime,
    ) -> Looked:
        judged = JudgedRun(
            vehicle_no=wish.vehicle_no,
            code=facts.codes[wish.vehicle_no],
            orders=tuple(_judged(order, wish.vehicle_no, facts) for order in wish.orders),
            hindrance=hindrance,
        )
        if hindrance is not None:
            return Looked(judged=judged)
        orders = [facts.waiting[order.order_id] for order in wish.orders]
        deeds = tuple((deed, order) for deed in (Deed.LOAD, Deed.HAND_OVER) for order in orders)
        candidate = facts.candidates[wish.vehicle_no]
        areas = together([order.view.areas for order in orders])
        run = GivenRun(candidate=candidate, deeds=deeds, explanations=explanations, areas=areas)
        ready = await self._giver.ready(run)
        if ready is None:
            return Looked(judged=msgspec.structs.replace(judged, hindrance=Hindrance.NO_WAY))
        if not _carries(candidate, ready):
            return Looked(judged=msgspec.structs.replace(judged, hindrance=Hindrance.BATTERY_FOR_RUN))
        etas = ready.etas(at=at)
        last_s = max((eta.at - at).total_seconds() for eta in etas.values())
        if candidate.hours_left_s is not None and candidate.hours_left_s < last_s:
            return Looked(judged=msgspec.structs.replace(judged, hindrance=Hindrance.HOURS_FOR_RUN))
        timed = tuple(
            msgspec.structs.replace(
                order, pickup_at=etas[order.order_id].pickup_at, eta_at=etas[order.order_id].at
            )
            for order in judged.orders
        )
        return Looked(judged=msgspec.structs.replace(judged, orders=timed), ready=ready)


def _hindrance(wish: RunWish, facts: _Facts) -> Hindrance | None:
    """Return the first thing that hinders a run, as far as is known without its way."""
    if facts.freeze is not None and facts.freeze.is_frozen:
        return Hindrance.ZONE_FROZEN
    if wish.vehicle_no not in facts.candidates:
        return Hindrance.NOT_OF_ZONE
    if any(order.order_id not in facts.waiting for order in wish.orders):
        return Hindrance.ORDER_NOT_WAITING
    if any(order.version not in (None, facts.orders[order.order_id].version) for order in wish.orders):
        return Hindrance.ORDER_CHANGED
    if any(wish.vehicle_no not in facts.pairs.feasible[order.order_id] for order in wish.orders):
        return Hindrance.CANNOT_TAKE
    parcels = [facts.orders[order.order_id].parcel for order in wish.orders]
    if boxes_for(facts.candidates[wish.vehicle_no].layout, parcels) is None:
        return Hindrance.NO_ROOM_TOGETHER
    return None


def _judged(wish: OrderWish, vehicle_no: VehicleNo, facts: _Facts) -> JudgedOrder:
    order = facts.orders[wish.order_id]
    found = JudgedOrder(order_id=order.order_id, version=order.version, state=order.state.value)
    if order.order_id not in facts.waiting:
        return found
    costs = {v: total_s(terms) for v, terms in facts.pairs.feasible[order.order_id].items()}
    best = min(costs, key=lambda v: (costs[v], v), default=None)
    terms = facts.pairs.feasible[order.order_id].get(vehicle_no, ())
    return msgspec.structs.replace(
        found,
        cost_s=costs.get(vehicle_no),
        terms=terms,
        excluded_by=facts.pairs.excluded[order.order_id].get(vehicle_no, ()),
        best_code=None if best is None else facts.candidates[best].code,
        best_cost_s=None if best is None else costs[best],
    )


def _carries(candidate: Candidate, ready: ReadyRun) -> bool:
    """Return whether the battery is enough for the run and as much again for the way home."""
    out_m = sum(
        leg.length_m
        for call, leg in zip(ready.calls, ready.legs, strict=True)
        if call.kind is not StopKind.RETURN
    )
    needed = battery_needed_ratio(2.0 * out_m, candidate.temperature_c)
    return len(ready.run.orders) == 1 or (candidate.battery_ratio or 0.0) >= needed


async def _moved(tx: Transaction, judged: JudgedRun, run: GivenRun) -> Hindrance | None:
    """Return what is no longer as it was looked at, read in the transaction that would give it."""
    district = run.orders[0].order.district
    freeze = await ZoneStore(tx).freeze(district)
    if freeze is not None and freeze.is_frozen:
        return Hindrance.ZONE_FROZEN
    ids = [order.order_id for order in judged.orders]
    present = await OrderStore(tx).of_ids(ids, EVERYTHING)
    if any(present[order.order_id].state is not OrderState.ACCEPTED for order in judged.orders):
        return Hindrance.ORDER_NOT_WAITING
    if any(present[order.order_id].version != order.version for order in judged.orders):
        return Hindrance.ORDER_CHANGED
    if await TaskStore(tx).active_ids([judged.vehicle_no]):
        return Hindrance.VEHICLE_TAKEN
    return None
