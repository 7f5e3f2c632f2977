"""Giving an order to a run under way: run, order, reasons and the vehicle's new stops in one transaction."""

from datetime import datetime, timedelta, tzinfo

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.crashpoints import reach as crash_point
from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import OrderId
from core.kinds import ServiceKind
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleStore
from fleet.weather.recall_store import RecallStore
from services.delegation.vehicle_codes import verifiers_of
from services.delivery.compartments import Compartment, fitting
from services.delivery.keypad import keypad_key
from services.dispatch.explanation import Explanation
from services.dispatch.give_run import DISPATCHER, LOST_RACE
from services.dispatch.joins.amend import amended, in_order
from services.dispatch.joins.choose import Join
from services.dispatch.joins.lines import ORDER_JOINS
from services.dispatch.joins.ride import carried_by
from services.dispatch.permit_now import must_be_permitted
from services.dispatch.second_points import SecondPoints
from services.dispatch.store import DecisionStore
from services.dispatch.waiting import Waiting
from services.dispatch.zone_store import ZoneStore
from services.orders.order import Order
from services.orders.states import VehicleAssigned
from services.orders.store import OrderStore
from services.routing.route import GeoPoint
from services.tasks.plan import amend_body
from services.tasks.roads import Roads
from services.tasks.store import TaskStore
from services.tasks.task import Leg, Stop, Task


class ReadyJoin(msgspec.Struct, frozen=True, kw_only=True):
    """An order that joins a run, with the stops to come and the ways between them: what is left is the
    claim."""

    join: Join
    waiting: Waiting
    explanation: Explanation
    to_come: tuple[Stop, ...]
    legs: tuple[Leg, ...]


class RunJoiner:
    """Adds orders to runs. Any number may try at once: the database decides, not who looked first."""

    def __init__(
        self, database: Database, clock: Clock, roads: Roads, *, keypad_root: str, zone: tzinfo
    ) -> None:
        """Take the stores, the roads, the root of the vehicles' keypad keys, and the city's time zone."""
        self._database = database
        self._clock = clock
        self._roads = roads
        self._keypad_root = keypad_root
        self._zone = zone
        self._points = SecondPoints(database, clock)

    async def give(self, join: Join, waiting: Waiting, explanation: Explanation) -> bool:
        """Claim the order for the run; False when either moved meanwhile, or the way is gone."""
        ready = await self.ready(join, waiting, explanation)
        if ready is None:
            return False
        crash_point("before_claim")
        try:
            async with self._database.write() as tx:
                await self.claim(tx, ready)
        except LOST_RACE:
            return False
        return True

    async def ready(self, join: Join, waiting: Waiting, explanation: Explanation) -> ReadyJoin | None:
        """Return the join with its ways, None when there is none. Raises Unavailable while routing is
        down."""
        second = (await self._points.of([waiting])).get(waiting.order.order_id)
        to_come = amended(join.ride.task, join.placed, waiting, second, at=join.at)
        places = tuple(GeoPoint(stop.lat, stop.lng) for stop in to_come)
        legs = await self._roads.legs(places, join.ride.vehicle.road)
        if legs is None:
            return None
        return ReadyJoin(join=join, waiting=waiting, explanation=explanation, to_come=to_come, legs=legs)

    async def claim(self, tx: Transaction, ready: ReadyJoin) -> Task:
        """Add the order to the run in the caller's transaction and return the run.

        Raises Conflict, IllegalTransition or VersionMismatch when the run or the order moved since it was
        looked at, the vehicle may take no work any more, or the zone is frozen: then the transaction must not
        be committed.
        """
        at, order, known = self._clock.now(), ready.waiting.order, ready.join.ride.task
        await ZoneStore(tx).must_give_work(order.district)
        await self._must_be_fit(tx, ready, at)
        task = await TaskStore(tx).get(known.task_id, EVERYTHING)
        if task.version != known.version:
            raise Conflict("conflict", "the run moved in between", task_id=task.task_id)
        riding = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
        box = _box(ready, task, riding)
        task = await TaskStore(tx).amend(task, in_order(task, ready.to_come, ready.legs), at=at)
        crash_point("between_claims")
        placed, began = ready.join.placed, ready.join.at
        event = VehicleAssigned(
            task_id=task.task_id,
            vehicle_no=task.vehicle_no,
            compartment=box.number,
            eta_pickup_at=began + timedelta(seconds=placed.at_shop_s),
            eta_at=began + timedelta(seconds=placed.course.arrival_s[order.order_id]),
        )
        # compare-and-set on version, state and epoch: of two rounds that read the same order one fails here
        await OrderStore(tx).move(order, event, at=at, actor=DISPATCHER)
        boxes = {
            each.order_id: each.compartment
            for each in riding.values()
            if each.task_id == task.task_id and each.compartment is not None
        }
        await self._tell(tx, task, ready, {**boxes, order.order_id: box.number}, at)
        await DecisionStore(tx).assigned(ready.explanation, order.district, task.task_id)
        return task

    async def _must_be_fit(self, tx: Transaction, ready: ReadyJoin, at: datetime) -> None:
        """Raise Conflict when the vehicle, as it is now, may take no work, or not this."""
        number = ready.join.ride.vehicle.vehicle_no
        vehicle = await VehicleStore(tx).get(number, EVERYTHING)
        recalls = await RecallStore(tx).holding({vehicle.district})
        is_held = vehicle.is_held_by_stop or vehicle.is_scene_held
        is_recalled = (vehicle.district, ServiceKind.DELIVERY) in recalls
        if vehicle.lifecycle is not Lifecycle.IN_SERVICE or is_held or is_recalled:
            raise Conflict("vehicle-not-dispatchable", "it may take no work now", vehicle_no=number)
        last_s = ready.join.placed.course.end_s
        await must_be_permitted(tx, number, ready.join.areas, last_s, at=at, zone=self._zone)

    async def _tell(
        self, tx: Transaction, task: Task, ready: ReadyJoin, boxes: dict[OrderId, int], at: datetime
    ) -> None:
        """Queue the stops to come, with the run's version, for the vehicle."""
        known = {stop.stop_id for stop in ready.to_come}
        to_come = tuple(_known_to(stop, boxes) for stop in task.stops if stop.stop_id in known)
        key = keypad_key(self._keypad_root, task.vehicle_no)
        verifiers = await verifiers_of(tx, list(boxes), key, at=at)
        wish = Wish(
            vehicle_no=task.vehicle_no,
            kind=CommandKind.REROUTE,
            body=amend_body(task, to_come, boxes, verifiers),
            reason=ORDER_JOINS,
            task_id=task.task_id,
            epoch=task.epoch,
        )
        await queue_command(tx, wish, at=at, rate=self._clock.rate)


def _box(ready: ReadyJoin, task: Task, riding: dict[OrderId, Order]) -> Compartment:
    """Return the box of the order; raise Conflict when the last one that fits was taken meanwhile."""
    taken = [
        order.compartment for order in carried_by(task, riding).values() if order.compartment is not None
    ]
    box = fitting(ready.join.ride.vehicle.layout, taken, ready.waiting.order.parcel)
    if box is None:
        raise Conflict("vehicle-not-dispatchable", "no compartment is left", vehicle_no=task.vehicle_no)
    return box


def _known_to(stop: Stop, boxes: dict[OrderId, int]) -> Stop:
    """Return the stop without orders that went to another vehicle."""
    return msgspec.structs.replace(stop, orders=tuple(each for each in stop.orders if each in boxes))
