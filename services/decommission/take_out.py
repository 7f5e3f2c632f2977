"""A vehicle is taken out of the fleet: no new work, the rest reassigned or cancelled, then its life ends."""

from datetime import datetime

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.errors import Invalid
from core.ids import VehicleNo
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, SafeStop
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.register_vehicle import decommission_vehicle, suspend_vehicle
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.open_work_order import open_found
from fleet.work_orders.store import WorkOrderStore
from services.decommission.outgoing import Asked, Outgoing, Rest, Touched, WaitsFor
from services.decommission.store import DecommissionStore
from services.orders.cancel_order import cancel_order
from services.orders.order import Order
from services.orders.states import ON_BOARD
from services.orders.store import OrderStore
from services.tasks.lose_task import lose_task
from services.tasks.reports import TaskReports
from services.tasks.states import TaskKind, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task
from services.vending.calls.call import VendingCall
from services.vending.calls.cancel_call import decline_call
from services.vending.calls.store import CallStore

CAUSE = "vehicle_decommissioned"
"""A word of services.orders.reasons."""
LONGEST_REASON = 500
BRINGS_IN = frozenset({WorkKind.TOW, WorkKind.RESCUE})


async def look_at(tx: Transaction, principal: Principal, vehicle_no: VehicleNo) -> Outgoing:
    """Return what taking a vehicle out would touch now; raise NotFound outside the reach."""
    vehicle = await VehicleStore(tx).get(vehicle_no, reach_of(principal))
    task = await TaskStore(tx).active_of(vehicle_no, EVERYTHING)
    asked = await DecommissionStore(tx).of(vehicle_no)
    waits_for = () if vehicle.lifecycle is Lifecycle.DECOMMISSIONED else await _waits_for(tx, vehicle_no)
    return Outgoing(
        vehicle_no=vehicle_no,
        lifecycle=vehicle.lifecycle,
        touched=await _touched(tx, task),
        waits_for=waits_for,
        asked=asked,
    )


async def take_out(
    tx: Transaction,
    principal: Principal,
    vehicle_no: VehicleNo,
    rest: Rest,
    reports: TaskReports,
    *,
    reason: str,
    at: datetime,
    rate: float,
) -> Outgoing:
    """Return the vehicle after the decision, all of it in the caller's transaction.

    It takes no new work from now on. Work that is not loaded goes to others or is called off, as ``rest``
    says; goods aboard wait for the crew's rescue; on the road it stops where it may stand and a crew fetches
    it. Its life ends here when nothing is left, else as soon as nothing is (``finish``). Asked again: the
    same decision goes on. Raises Invalid without a reason, NotFound outside the reach.
    """
    said = reason.strip()
    if not 1 <= len(said) <= LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    before = await look_at(tx, principal, vehicle_no)
    if before.lifecycle is Lifecycle.DECOMMISSIONED:
        return before
    if before.lifecycle is Lifecycle.IN_SERVICE:
        await suspend_vehicle(tx, principal, vehicle_no, reach_of(principal), reason=said, at=at)
    asked = Asked(vehicle_no=vehicle_no, rest=rest, reason=said, by_name=principal.name, asked_at=at)
    is_first = await DecommissionStore(tx).ask(asked)
    await _take_work_away(tx, principal, vehicle_no, rest, reports, at=at, rate=rate)
    if before.touched.is_on_the_road and is_first:
        await _fetch(tx, principal, vehicle_no, at=at, rate=rate)
    fields = {
        "rest": rest.value,
        "orders_to_load": before.touched.orders_to_load,
        "orders_aboard": before.touched.orders_aboard,
        "open_calls": before.touched.open_calls,
    }
    await audit.record(tx, principal, "vehicle.taken_out", f"vehicle:{vehicle_no}", fields, said, at=at)
    await finish(tx, vehicle_no, at=at)
    return await look_at(tx, principal, vehicle_no)


async def finish(tx: Transaction, vehicle_no: VehicleNo, *, at: datetime) -> bool:
    """End the life of a vehicle that is being taken out and waits for nothing; return whether it ended.

    One that was put in service again keeps its life: the decision is forgotten.
    """
    store = DecommissionStore(tx)
    asked = await store.of(vehicle_no)
    if asked is None or asked.done_at is not None:
        return False
    vehicle = await VehicleStore(tx).get(vehicle_no, EVERYTHING)
    if vehicle.lifecycle is Lifecycle.IN_SERVICE:
        await store.drop(vehicle_no)
        return False
    if await _waits_for(tx, vehicle_no):
        return False
    if vehicle.lifecycle is not Lifecycle.DECOMMISSIONED:
        await decommission_vehicle(tx, None, vehicle_no, EVERYTHING, reason=asked.reason, at=at)
    return await store.done(vehicle_no, at=at)


async def _take_work_away(
    tx: Transaction,
    principal: Principal,
    vehicle_no: VehicleNo,
    rest: Rest,
    reports: TaskReports,
    *,
    at: datetime,
    rate: float,
) -> None:
    task = await TaskStore(tx).active_of(vehicle_no, EVERYTHING)
    if task is None or task.state is TaskState.NEEDS_PERSON:
        return
    to_load = [order for order in await _orders(tx, task) if order.state not in ON_BOARD]
    calls = await _calls(tx, task)
    await lose_task(tx, task, CAUSE, reports.effects(task), at=at)
    if rest is Rest.REASSIGN:
        return
    actor = f"{principal.kind}:{principal.id}"
    for order in to_load:
        await cancel_order(
            tx, order.order_id, EVERYTHING, by="staff", reason=CAUSE, actor=actor, at=at, rate=rate
        )
    for call in calls:
        await decline_call(tx, principal, call.call_id, CAUSE, at=at)


async def _fetch(
    tx: Transaction, principal: Principal, vehicle_no: VehicleNo, *, at: datetime, rate: float
) -> None:
    """Stop a vehicle on the road where it may stand, and ask a crew to bring it in."""
    wish = Wish(vehicle_no=vehicle_no, kind=CommandKind.SAFE_STOP, body=SafeStop(), reason=CAUSE)
    await queue_command(tx, wish, at=at, rate=rate)
    vehicle = await VehicleStore(tx).get(vehicle_no, EVERYTHING)
    await open_found(tx, principal, vehicle, WorkKind.TOW, CAUSE, at=at)


async def _touched(tx: Transaction, task: Task | None) -> Touched:
    if task is None:
        return Touched()
    orders = await _orders(tx, task)
    aboard = sum(order.state in ON_BOARD for order in orders)
    return Touched(
        task_kind=task.kind,
        orders_to_load=len(orders) - aboard,
        orders_aboard=aboard,
        open_calls=len(await _calls(tx, task)),
        is_on_the_road=task.kind is not TaskKind.CHARGING,
    )


async def _waits_for(tx: Transaction, vehicle_no: VehicleNo) -> tuple[WaitsFor, ...]:
    task = await TaskStore(tx).active_of(vehicle_no, EVERYTHING)
    work = await WorkOrderStore(tx).not_over_of([vehicle_no])
    aboard = 0 if task is None else (await _touched(tx, task)).orders_aboard
    found = (
        (WaitsFor.GOODS, aboard > 0),
        (WaitsFor.TASK, task is not None),
        (WaitsFor.WORK, any(order.kind in BRINGS_IN for order in work)),
    )
    return tuple(what for what, is_so in found if is_so)


async def _orders(tx: Transaction, task: Task) -> list[Order]:
    found = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
    return [order for order in found.values() if order.task_id == task.task_id and not order.is_terminal]


async def _calls(tx: Transaction, task: Task) -> list[VendingCall]:
    if task.kind is not TaskKind.VENDING_CALL:
        return []
    return [call for call in await CallStore(tx).of_task(task.task_id) if call.is_open]
