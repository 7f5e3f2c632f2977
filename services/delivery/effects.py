"""What the progress of a delivery task means for its orders."""

from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import OrderId, PickupPointId
from services.delegation.notices import tell_arrived
from services.notices.kinds import Occasion
from services.orders.close_order import put_goods_back, retire_access
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.states import (
    ON_BOARD,
    TERMINAL,
    CollectionMissed,
    MovedOn,
    OrderCancelled,
    OrderEvent,
    OrderState,
    PickupStarted,
    RecoveryStarted,
    ReturnStarted,
    VehicleArrived,
    VehicleLost,
)
from services.orders.store import OrderStore
from services.orders.zone import want_dispatch
from services.tasks.states import StopKind, StopState
from services.tasks.task import Stop, Task


class DeliveryEffects:
    """Moves the orders of a delivery task with it. Orders that have gone another way are left alone."""

    async def started(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """Move every assigned order to picking_up."""
        for order in await orders_of(tx, task, task.orders()):
            if order.state is OrderState.ASSIGNED:
                await _move(tx, task, order, PickupStarted(), at)

    async def stop_reached(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """At a hand-over the orders on board have arrived and their recipients are told. An order whose
        loading the vehicle passed by goes to another: it joined, and the vehicle never heard of it."""
        passed = _passed_by(task)
        for order in await orders_of(tx, task, passed):
            if order.state is OrderState.ASSIGNED:
                await self._unheard_of(tx, task, order, at)
        if stop.kind is not StopKind.HANDOVER:
            return
        for order in await orders_of(tx, task, stop.orders):
            if order.state is OrderState.IN_TRANSIT:
                arrived = VehicleArrived(collect_by=at + timedelta(seconds=stop.wait_s))
                order = await _move(tx, task, order, arrived, at)
                await want_notice(tx, order, Occasion.ARRIVED, at=at)
                await tell_arrived(tx, order, at=at)

    async def stop_left(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """Left at the merchant without goods: cancelled. Left at the pickup point with them: on
        to another point, or missed and going back."""
        for order in await orders_of(tx, task, stop.orders):
            if stop.kind is StopKind.LOAD and order.state is OrderState.ASSIGNED:
                await self._unheard_of(tx, task, order, at)
            elif stop.kind is StopKind.LOAD and order.state is OrderState.PICKING_UP:
                event = OrderCancelled(by="system", reason="merchant_did_not_load")
                order = await _move(tx, task, order, event, at)
                await put_goods_back(tx, order, at=at)
                await retire_access(tx, order, at=at)
                await want_notice(tx, order, Occasion.CANCELLED, at=at)
            elif stop.kind is StopKind.HANDOVER and order.state is OrderState.ARRIVED:
                await self._nobody_came(tx, task, order, at)

    async def _unheard_of(self, tx: Transaction, task: Task, order: Order, at: datetime) -> None:
        """Give an order back that joined a run whose vehicle went on without it."""
        await _move(tx, task, order, VehicleLost(cause="plan_unanswered"), at)
        await want_dispatch(tx, task.district, at=at)

    async def _nobody_came(self, tx: Transaction, task: Task, order: Order, at: datetime) -> None:
        """Try once more where the plan has another point for the order; else the goods go back."""
        again = _stop_of(task, order.order_id)
        if again is not None and again.state is StopState.PLANNED:
            eta_at = at + timedelta(seconds=again.leg.duration_s)
            moved = MovedOn(pickup_point_id=PickupPointId(again.place_id), eta_at=eta_at)
            order = await _move(tx, task, order, moved, at)
            await want_notice(tx, order, Occasion.MOVED, at=at)
            return
        order = await _move(tx, task, order, CollectionMissed(), at)
        order = await _move(tx, task, order, ReturnStarted(), at)
        await want_notice(tx, order, Occasion.MISSED, at=at)

    async def is_settled(self, tx: Transaction, task: Task, /) -> bool:
        """Return whether every order of the task is closed, but those that the vehicle never heard of."""
        return all(
            order.state in TERMINAL or order.state is OrderState.ASSIGNED
            for order in await orders_of(tx, task, task.orders())
        )

    async def finished(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """Give an order back that joined and of which the vehicle never heard; the others were closed by
        their own facts."""
        for order in await orders_of(tx, task, task.orders()):
            if order.state is OrderState.ASSIGNED:
                await self._unheard_of(tx, task, order, at)

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """Give orders that are not loaded back to dispatch; return whether goods are on board."""
        has_goods = False
        for order in await orders_of(tx, task, task.orders()):
            if order.state in TERMINAL:
                continue
            has_goods = has_goods or order.state in ON_BOARD
            if order.state is not OrderState.NEEDS_RECOVERY:
                order = await _move(tx, task, order, VehicleLost(cause=cause), at)
                await want_notice(tx, order, Occasion.DELAYED, at=at)
        return has_goods

    async def helped(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """Carry recovered orders on from where their vehicle stands in its plan."""
        for order in await orders_of(tx, task, task.orders()):
            if order.state is not OrderState.NEEDS_RECOVERY:
                continue
            stop = _stop_of(task, order.order_id)
            if stop is None or stop.state in (StopState.DONE, StopState.SKIPPED):
                await _move(tx, task, order, ReturnStarted(), at)
                continue
            order = await _move(tx, task, order, RecoveryStarted(), at)
            if stop.state is StopState.REACHED:
                await self.stop_reached(tx, task, stop, at)


async def orders_of(tx: Transaction, task: Task, ids: tuple[OrderId, ...]) -> list[Order]:
    """Return those of the orders that this task still carries, in the order of the ids.

    An order that was taken off the task (given to another vehicle) is another task's business.
    """
    found = await OrderStore(tx).of_ids(ids, EVERYTHING)
    return [found[i] for i in ids if i in found and found[i].task_id == task.task_id]


async def _move(tx: Transaction, task: Task, order: Order, event: OrderEvent, at: datetime) -> Order:
    actor = f"vehicle:{task.vehicle_no}"
    return await OrderStore(tx).move(order, event, at=at, actor=actor, vehicle_no=task.vehicle_no)


def _passed_by(task: Task) -> tuple[OrderId, ...]:
    """Return the orders of loadings that were skipped, but those with another loading to come or over."""
    loads = [stop for stop in task.stops if stop.kind is StopKind.LOAD]
    kept = {order for stop in loads if stop.state is not StopState.SKIPPED for order in stop.orders}
    return tuple(order for stop in loads for order in stop.orders if order not in kept)


def _stop_of(task: Task, order_id: OrderId) -> Stop | None:
    """Return the hand-over of an order that is still to come or under way, else its last; None for none."""
    found = [stop for stop in task.stops if stop.kind is StopKind.HANDOVER and order_id in stop.orders]
    to_come = (stop for stop in found if stop.state in (StopState.PLANNED, StopState.REACHED))
    return next(to_come, found[-1] if found else None)
