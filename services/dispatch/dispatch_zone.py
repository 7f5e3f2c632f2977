"""One dispatch round of a zone: read, judge, claim each pair in a transaction of its own, keep every
reason."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.crashpoints import reach as crash_point
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition, VersionMismatch
from core.ids import DistrictCode, MerchantId, OrderId, PickupPointId, VehicleNo
from core.kinds import ServiceKind
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.store import VehicleStore
from services.delivery.catalogue import Merchant, PickupPoint
from services.delivery.code_store import PickupCodeStore
from services.delivery.compartments import fitting
from services.delivery.keypad import keypad_key
from services.delivery.store import CatalogueStore
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.delivery_task import DeliveryLegs, plan_delivery
from services.dispatch.explanation import Explanation
from services.dispatch.fleet_member import candidate_of
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.plan import may_drive, plan_round
from services.dispatch.store import DecisionStore
from services.orders.order import Order
from services.orders.states import VehicleAssigned
from services.orders.store import OrderStore
from services.routing.route import GeoPoint, Vehicle
from services.tasks.roads import Roads
from services.tasks.send_plan import send_plan
from services.tasks.store import TaskStore

LOST_RACE = (Conflict, IllegalTransition, VersionMismatch)
DISPATCHER = "system:dispatch"


class _Waiting(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    view: WaitingOrder
    merchant: Merchant
    point: PickupPoint


class ZoneDispatcher:
    """Runs rounds. Any number may run at once: the claim decides, not who looked first."""

    def __init__(
        self, database: Database, clock: Clock, fleet: FleetPicture, roads: Roads, *, keypad_root: str
    ) -> None:
        """Take the stores, the fleet and the roads, and the root of the vehicles' keypad keys."""
        self._database = database
        self._clock = clock
        self._fleet = fleet
        self._roads = roads
        self._keypad_root = keypad_root

    async def run_round(self, district: DistrictCode) -> dict[str, int]:
        """Give waiting orders to vehicles and return counts: waiting, assigned, lost, unserved.

        Ends quietly when nothing waits. Raises Unavailable when the database, Redis or routing is away.
        """
        at = self._clock.now()
        waiting = await self._read_waiting(district)
        if not waiting:
            return {"waiting": 0, "assigned": 0, "lost": 0, "unserved": 0}
        members = await self._fleet.look(district, frozenset({ServiceKind.DELIVERY}), at=at)
        candidates = [candidate_of(member) for member in members]
        views = [each.view for each in waiting]
        times = await self._travel_times(views, candidates)
        made = plan_round(views, candidates, times, at=at)
        assigned = lost = 0
        by_number = {candidate.vehicle_no: candidate for candidate in candidates}
        for each in waiting:
            vehicle_no = made.chosen.get(each.order.order_id)
            if vehicle_no is None:
                continue
            explanation = made.explanations[each.order.order_id]
            if await self._give(each, by_number[vehicle_no], explanation):
                assigned += 1
            else:
                lost += 1
        unserved = [each for each in waiting if each.order.order_id not in made.chosen]
        await self._keep_reasons(unserved, made.explanations, at=at)
        counts = {"assigned": assigned, "lost": lost, "unserved": len(unserved)}
        return {"waiting": len(waiting), **counts}

    async def _read_waiting(self, district: DistrictCode) -> list[_Waiting]:
        async with self._database.read() as tx:
            orders = await OrderStore(tx).waiting(district)
            catalogue = CatalogueStore(tx)
            merchants = await catalogue.merchants_by_id([o.merchant_id for o in orders], EVERYTHING)
            points = await catalogue.pickup_points_by_id([o.pickup_point_id for o in orders])
        return [_waiting(order, merchants, points) for order in orders]

    async def _travel_times(
        self, orders: Sequence[WaitingOrder], candidates: Sequence[Candidate]
    ) -> dict[tuple[OrderId, VehicleNo], PairTimes]:
        """Ask the roads for vehicles that may go at all, those of one speed together."""
        starts: dict[Vehicle, dict[VehicleNo, GeoPoint]] = {}
        for candidate in candidates:
            if candidate.lat is not None and candidate.lng is not None and may_drive(candidate, orders):
                place = GeoPoint(candidate.lat, candidate.lng)
                starts.setdefault(candidate.road, {})[candidate.vehicle_no] = place
        found: dict[tuple[OrderId, VehicleNo], PairTimes] = {}
        for road, alike in starts.items():
            found |= await self._times_of(orders, road, alike)
        return found

    async def _times_of(
        self, orders: Sequence[WaitingOrder], road: Vehicle, starts: dict[VehicleNo, GeoPoint]
    ) -> dict[tuple[OrderId, VehicleNo], PairTimes]:
        """Return the times of vehicles of one speed; places that several orders share are asked once."""
        shops = list(dict.fromkeys(GeoPoint(o.merchant_lat, o.merchant_lng) for o in orders))
        rows = await self._roads.hops(list(starts.values()), shops, road)
        to_shop = {
            (vehicle, shop): hop
            for vehicle, row in zip(starts, rows, strict=True)
            for shop, hop in zip(shops, row, strict=True)
        }
        found: dict[tuple[OrderId, VehicleNo], PairTimes] = {}
        for order in orders:
            shop = GeoPoint(order.merchant_lat, order.merchant_lng)
            delivery = await self._roads.hop(shop, GeoPoint(order.pickup_lat, order.pickup_lng), road)
            for vehicle in starts:
                pickup = to_shop[vehicle, shop]
                found[order.order_id, vehicle] = PairTimes(
                    pickup_s=None if pickup is None else pickup.duration_s,
                    pickup_m=None if pickup is None else pickup.length_m,
                    delivery_s=None if delivery is None else delivery.duration_s,
                    delivery_m=None if delivery is None else delivery.length_m,
                )
        return found

    async def _give(self, waiting: _Waiting, candidate: Candidate, explanation: Explanation) -> bool:
        """Claim order and vehicle together; False when somebody was faster or the way is gone."""
        legs = await self._legs(waiting, candidate)
        if legs is None:
            return False
        crash_point("before_claim")
        try:
            async with self._database.write() as tx:
                await self._claim(tx, waiting, candidate, legs, explanation)
        except LOST_RACE:
            return False
        return True

    async def _legs(self, waiting: _Waiting, candidate: Candidate) -> DeliveryLegs | None:
        if candidate.lat is None or candidate.lng is None:
            return None
        shop = GeoPoint(waiting.merchant.lat, waiting.merchant.lng)
        door = GeoPoint(waiting.point.lat, waiting.point.lng)
        legs = await self._roads.legs(
            (GeoPoint(candidate.lat, candidate.lng), shop, door, shop), candidate.road
        )
        if legs is None:
            return None
        to_merchant, to_pickup, back = legs
        return DeliveryLegs(to_merchant=to_merchant, to_pickup=to_pickup, back=back)

    async def _claim(
        self,
        tx: Transaction,
        waiting: _Waiting,
        candidate: Candidate,
        legs: DeliveryLegs,
        explanation: Explanation,
    ) -> None:
        at = self._clock.now()
        order, vehicle_no = waiting.order, candidate.vehicle_no
        box = fitting(candidate.layout, (), order.parcel)
        if box is None:
            raise Conflict("vehicle-not-dispatchable", vehicle_no=vehicle_no)
        epoch = await TaskStore(tx).next_epoch(vehicle_no)
        plan = plan_delivery(waiting.view, vehicle_no, epoch, waiting.merchant, waiting.point, legs, at=at)
        event = VehicleAssigned(
            task_id=plan.task.task_id,
            vehicle_no=vehicle_no,
            compartment=box.number,
            eta_pickup_at=plan.eta_pickup_at,
            eta_at=plan.eta_at,
        )
        # compare-and-set on version, state and epoch: of two rounds that read the same order one fails here
        await OrderStore(tx).move(order, event, at=at, actor=DISPATCHER)
        code = await PickupCodeStore(tx).get(order.order_id)
        verifiers = code.verifiers(keypad_key(self._keypad_root, vehicle_no))
        await send_plan(
            tx,
            plan.task,
            at=at,
            rate=self._clock.rate,
            compartments={order.order_id: box.number},
            verifiers={order.order_id: verifiers},
        )
        await bind_vehicle(tx, await VehicleStore(tx).get(vehicle_no, EVERYTHING), self._clock)
        await DecisionStore(tx).assigned(explanation, order.district, plan.task.task_id)

    async def _keep_reasons(
        self, unserved: Sequence[_Waiting], explanations: dict[OrderId, Explanation], *, at: datetime
    ) -> None:
        if not unserved:
            return
        async with self._database.write() as tx:
            for each in unserved:
                explanation = explanations[each.order.order_id]
                await DecisionStore(tx).nobody(explanation, each.order.district)
                await OrderStore(tx).note(each.order, at=at, reason=explanation.reason)


def _waiting(
    order: Order, merchants: dict[MerchantId, Merchant], points: dict[PickupPointId, PickupPoint]
) -> _Waiting:
    merchant, point = merchants[order.merchant_id], points[order.pickup_point_id]
    accepted_at = order.accepted_at or order.placed_at
    view = WaitingOrder(
        order_id=order.order_id,
        version=order.version,
        epoch=order.epoch,
        district=order.district,
        merchant_lat=merchant.lat,
        merchant_lng=merchant.lng,
        pickup_lat=point.lat,
        pickup_lng=point.lng,
        accepted_at=accepted_at,
        ready_at=order.ready_at or accepted_at,
        promised_p90_at=order.promised_p90_at,
        parcel=order.parcel,
    )
    return _Waiting(order=order, view=view, merchant=merchant, point=point)
