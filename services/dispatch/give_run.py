"""Giving a run to its vehicle: orders, vehicle, plan and reasons in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.crashpoints import reach as crash_point
from core.database import Database, Transaction
from core.database.kept import keep_rows
from core.errors import Conflict, IllegalTransition, VersionMismatch
from core.ids import FenceId, OrderId, TaskId
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.store import VehicleStore
from services.delegation.vehicle_codes import verifiers_of
from services.delivery.compartments import Compartment
from services.delivery.keypad import keypad_key
from services.dispatch.candidate import Candidate
from services.dispatch.delivery_task import Call, EtaOfOrder, RunPlan, calls_of, plan_run
from services.dispatch.explanation import Explanation
from services.dispatch.permit_now import must_be_permitted
from services.dispatch.runs.boxes import boxes_for
from services.dispatch.runs.problem import Deed
from services.dispatch.second_points import SecondPoints
from services.dispatch.store import DecisionStore
from services.dispatch.waiting import Waiting
from services.dispatch.zone_store import ZoneStore
from services.orders.states import VehicleAssigned
from services.orders.store import OrderStore
from services.routing.route import GeoPoint
from services.tasks.roads import Roads
from services.tasks.send_plan import send_plan
from services.tasks.store import TaskStore
from services.tasks.task import Leg

LOST_RACE = (Conflict, IllegalTransition, VersionMismatch)
DISPATCHER = "system:dispatch"


class GivenRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one vehicle is to do: each order loaded before it is handed over, with the reason of each."""

    candidate: Candidate
    deeds: tuple[tuple[Deed, Waiting], ...]
    explanations: Mapping[OrderId, Explanation]
    areas: frozenset[FenceId] | None = None
    """Operating areas of its shops and doors; empty when one lies in none, None when nobody looked."""

    @property
    def orders(self) -> tuple[Waiting, ...]:
        """Return the orders in the order in which they are loaded."""
        return tuple(order for deed, order in self.deeds if deed is Deed.LOAD)


class ReadyRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run with its stops and the ways between them: what is left is the claim."""

    run: GivenRun
    calls: tuple[Call, ...]
    legs: tuple[Leg, ...]

    def etas(self, *, at: datetime) -> Mapping[OrderId, EtaOfOrder]:
        """Return when each order is expected where if the run were given at ``at``."""
        return plan_run(self.calls, self.legs, self.run.candidate.vehicle_no, 0, at=at).etas


class RunGiver:
    """Claims vehicles for runs. Any number may try at once: the database decides, not who looked first."""

    def __init__(
        self, database: Database, clock: Clock, roads: Roads, *, keypad_root: str, zone: tzinfo
    ) -> None:
        """Take the stores, the roads, the root of the vehicles' keypad keys, and the city's time zone."""
        self._zone = zone
        self._database = database
        self._clock = clock
        self._roads = roads
        self._keypad_root = keypad_root
        self._points = SecondPoints(database, clock)

    async def give(self, run: GivenRun) -> bool:
        """Claim every order of the run and its vehicle together; False when somebody was faster with one of
        them, or the way is gone."""
        ready = await self.ready(run)
        if ready is None:
            return False
        crash_point("before_claim")
        try:
            async with self._database.write() as tx:
                keep_rows(tx)
                await self.claim(tx, ready)
        except LOST_RACE:
            return False
        return True

    async def ready(self, run: GivenRun) -> ReadyRun | None:
        """Return the run with its ways, None when there is none. Raises Unavailable while routing is down."""
        calls = calls_of(run.deeds, await self._points.of(run.orders))
        legs = await self._legs(run.candidate, calls)
        return None if legs is None else ReadyRun(run=run, calls=calls, legs=legs)

    async def _legs(self, candidate: Candidate, calls: Sequence[Call]) -> tuple[Leg, ...] | None:
        if candidate.lat is None or candidate.lng is None:
            return None
        start = GeoPoint(candidate.lat, candidate.lng)
        return await self._roads.legs((start, *(call.point for call in calls)), candidate.road)

    async def claim(self, tx: Transaction, ready: ReadyRun, *, actor: str = DISPATCHER) -> TaskId:
        """Claim every order of the run and its vehicle in the caller's transaction and return the task.

        Raises Conflict, IllegalTransition or VersionMismatch when somebody was faster with one of them, or
        the zone is frozen: then the transaction must not be committed.
        """
        run, at = ready.run, self._clock.now()
        vehicle_no = run.candidate.vehicle_no
        await ZoneStore(tx).must_give_work(run.orders[0].order.district)
        boxes = boxes_for(run.candidate.layout, [each.order.parcel for each in run.orders])
        if boxes is None:
            raise Conflict("vehicle-not-dispatchable", vehicle_no=vehicle_no)
        epoch = await TaskStore(tx).next_epoch(vehicle_no)
        plan = plan_run(ready.calls, ready.legs, vehicle_no, epoch, at=at)
        last_s = max((eta.at - at).total_seconds() for eta in plan.etas.values())
        await must_be_permitted(tx, vehicle_no, run.areas, last_s, at=at, zone=self._zone)
        for waiting, box in zip(run.orders, boxes, strict=True):
            await self._assign(tx, waiting, plan, box, at, actor)
        await self._send(tx, run, plan, boxes, at)
        await bind_vehicle(tx, await VehicleStore(tx).get(vehicle_no, EVERYTHING), self._clock)
        for waiting in run.orders:
            explanation = run.explanations[waiting.order.order_id]
            await DecisionStore(tx).assigned(explanation, waiting.order.district, plan.task.task_id)
        return plan.task.task_id

    async def _assign(
        self, tx: Transaction, waiting: Waiting, plan: RunPlan, box: Compartment, at: datetime, actor: str
    ) -> None:
        eta = plan.etas[waiting.order.order_id]
        event = VehicleAssigned(
            task_id=plan.task.task_id,
            vehicle_no=plan.task.vehicle_no,
            compartment=box.number,
            eta_pickup_at=eta.pickup_at,
            eta_at=eta.at,
        )
        # compare-and-set on version, state and epoch: of two rounds that read the same order one fails here
        await OrderStore(tx).move(waiting.order, event, at=at, actor=actor)

    async def _send(
        self, tx: Transaction, run: GivenRun, plan: RunPlan, boxes: Sequence[Compartment], at: datetime
    ) -> None:
        ids = [each.order.order_id for each in run.orders]
        key = keypad_key(self._keypad_root, plan.task.vehicle_no)
        await send_plan(
            tx,
            plan.task,
            at=at,
            rate=self._clock.rate,
            compartments={order: box.number for order, box in zip(ids, boxes, strict=True)},
            verifiers=await verifiers_of(tx, ids, key, at=at),
        )
