"""Reports about compartments, goods and typed codes."""

from datetime import datetime
from typing import cast

import msgspec

from core.database import Transaction
from core.ids import OrderId
from core.inbox import InboxItem
from fleet.links.wire.reports import CodeFailed, DoorClosed, DoorOpened, GoodsLoaded, read_report_body
from services.delegation.collected_by import merge_tries, opened_at_vehicle, record_collected
from services.delivery.code_store import PickupCodeStore
from services.delivery.effects import orders_of
from services.delivery.store import CatalogueStore
from services.notices.kinds import Occasion
from services.orders.close_order import put_goods_back, retire_access
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.states import GoodsCollected, GoodsReturned, LinesChanged, OrderState
from services.orders.states import GoodsLoaded as OrderLoaded
from services.orders.store import OrderStore
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import TimeRanOut, lines_after
from services.tasks.guard import moment_of
from services.tasks.reports import APPLIED, TaskReports
from services.tasks.states import StopKind, StopState
from services.tasks.task import Stop, Task


class DeliveryReports:
    """Handlers of goods_loaded, door_opened, door_closed and code_failed; each returns its outcome in a
    word."""

    def __init__(self, tasks: TaskReports) -> None:
        """Take who opens tasks for reports."""
        self._tasks = tasks

    async def goods_loaded(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Move the order to in_transit: its goods are in the compartment."""
        body = cast(GoodsLoaded, read_report_body(item.kind, item.body))
        found = await self._find(tx, item, body.order_id, at=at)
        if isinstance(found, str):
            return found
        task, order = found
        if order.state is not OrderState.PICKING_UP:
            return "already" if order.loaded_at is not None else "not-expected"
        moment = moment_of(item, task, at)
        order = await _unanswered_left_out(tx, order, moment)
        await self._move(tx, task, order, OrderLoaded(compartment=body.compartment), moment)
        return APPLIED

    async def door_opened(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Keep when the compartment of an arrived order was first opened, and by whom."""
        body = cast(DoorOpened, read_report_body(item.kind, item.body))
        found = await self._find(tx, item, body.order_id, at=at)
        if isinstance(found, str):
            return found
        task, order = found
        if order.state is not OrderState.ARRIVED:
            return "noted"
        codes = PickupCodeStore(tx)
        code = await codes.get(order.order_id)
        if code.opened_at is None:
            opened_at = moment_of(item, task, at)
            await codes.save(
                code, msgspec.structs.replace(code, opened_at=opened_at, version=code.version + 1)
            )
        await opened_at_vehicle(tx, order, body.by, body.generation, at=at)
        return APPLIED

    async def door_closed(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Shut at the pickup point: delivered. Shut at the merchant on the way back: returned.

        A sensor that says the goods are still inside moves nothing.
        """
        body = cast(DoorClosed, read_report_body(item.kind, item.body))
        found = await self._find(tx, item, body.order_id, at=at)
        if isinstance(found, str):
            return found
        task, order = found
        stop = _standing_at(task, order.order_id)
        if stop is None or stop.kind is StopKind.LOAD:
            return "noted"
        if body.is_empty is False:
            return "goods-inside"
        moment = moment_of(item, task, at)
        if stop.kind is StopKind.HANDOVER and order.state is OrderState.ARRIVED:
            order = await self._move(tx, task, order, GoodsCollected(by=order.opened_by), moment)
            await record_collected(tx, order, at=at)
            await want_notice(tx, order, Occasion.DELIVERED, at=at)
        elif stop.kind is StopKind.RETURN and order.state is OrderState.RETURNING:
            order = await self._move(tx, task, order, GoodsReturned(), moment)
            await put_goods_back(tx, order, at=at)
            await want_notice(tx, order, Occasion.RETURNED, at=at)
        else:
            return "already"
        await retire_access(tx, order, at=at)
        return APPLIED

    async def code_failed(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Merge the vehicle's count of wrong tries into the code whose generation it is."""
        body = cast(CodeFailed, read_report_body(item.kind, item.body))
        found = await self._find(tx, item, body.order_id, at=at)
        if isinstance(found, str):
            return found
        _, order = found
        if not await merge_tries(tx, order.order_id, body.generation, body.tries):
            return "already"
        OrderStore(tx).announce(order, at)
        return APPLIED

    async def _find(
        self, tx: Transaction, item: InboxItem, order_id: str | None, *, at: datetime
    ) -> tuple[Task, Order] | str:
        task = await self._tasks.open_task(tx, item, at=at)
        if isinstance(task, str):
            return task
        if order_id is None:
            return "noted"
        carried = await orders_of(tx, task, (OrderId(order_id),))
        return (task, carried[0]) if carried else "unknown-order"

    @staticmethod
    async def _move(
        tx: Transaction,
        task: Task,
        order: Order,
        event: OrderLoaded | GoodsCollected | GoodsReturned,
        at: datetime,
    ) -> Order:
        actor = f"vehicle:{task.vehicle_no}"
        return await OrderStore(tx).move(order, event, at=at, actor=actor, vehicle_no=task.vehicle_no)


async def _unanswered_left_out(tx: Transaction, order: Order, at: datetime) -> Order:
    """Return the order without what the merchant called missing after the door had been asked to open.

    Nobody agreed to a substitute, so none is paid for; the last line stays, because goods are on board.
    """
    store = SubstitutionStore(tx)
    for one in await store.open_of(order.order_id):
        lines = lines_after(order.lines, one, is_taken=False)
        await store.move(one, TimeRanOut(), at=at)
        if one.offer is not None:
            await CatalogueStore(tx).put_back({one.offer.goods_id: one.offer.quantity})
        if lines:
            changed = LinesChanged(lines=lines, parcel=order.parcel)
            order = await OrderStore(tx).move(order, changed, at=at, actor="system:orders")
    return order


def _standing_at(task: Task, order_id: OrderId) -> Stop | None:
    """Return the stop that the vehicle stands at if it concerns the order."""
    return next(
        (stop for stop in task.stops if stop.state is StopState.REACHED and order_id in stop.orders), None
    )
