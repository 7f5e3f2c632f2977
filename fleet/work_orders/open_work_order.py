"""A work order is opened: by a person, or by an alarm that calls for somebody at the vehicle."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.errors import Invalid, NotFound
from core.ids import StaffId, VehicleNo, WorkOrderId, new_id
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import Severity
from fleet.alarms.store import AlarmStore
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle
from fleet.work_orders.kinds import Opening, WorkEvent, WorkKind, WorkState
from fleet.work_orders.store import WorkOrderStore
from fleet.work_orders.work_order import (
    SYSTEM,
    WorkOrder,
    WorkStep,
    advance,
    is_open_about,
    join_cause,
    opening_of,
)

LONGEST_CAUSE: Final = 1_000


class NewWork(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks the crew to do."""

    vehicle_no: VehicleNo
    kind: WorkKind
    cause: str
    severity: Severity = Severity.WARNING
    is_safety: bool = False
    lat: float | None = None
    lng: float | None = None
    due_at: datetime | None = None


async def open_work(tx: Transaction, principal: Principal, new: NewWork, *, at: datetime) -> WorkOrder:
    """Return the opened work order, in a transaction that somebody else commits.

    Raises Invalid without words, NotFound for a vehicle outside the reach.
    """
    if not new.cause.strip() or len(new.cause) > LONGEST_CAUSE:
        raise Invalid("invalid-input", "say what is to be done", field="cause", limit=LONGEST_CAUSE)
    vehicle = await VehicleStore(tx).get(new.vehicle_no, reach_of(principal))
    step = step_of(principal, "work_opened", at, new.cause)
    order = _opened(vehicle, new, step)
    await WorkOrderStore(tx).add(order)
    await _record(tx, principal, order, at)
    return order


async def open_due_inspection(
    tx: Transaction, vehicle: Vehicle, *, due_at: datetime, severity: Severity, at: datetime
) -> WorkOrder | None:
    """Return the inspection that a due date opens by itself, None while the vehicle has one already."""
    new = NewWork(
        vehicle_no=vehicle.vehicle_no,
        kind=WorkKind.INSPECTION,
        cause="inspection_due",
        severity=severity,
        due_at=due_at,
    )
    return await _open_once(tx, vehicle, new, by_itself("work_opened", at))


async def open_restock(tx: Transaction, vehicle: Vehicle, cause: str, *, at: datetime) -> WorkOrder | None:
    """Return the order to bring goods that ``cause`` names, None while the vehicle has such an order."""
    new = NewWork(vehicle_no=vehicle.vehicle_no, kind=WorkKind.RESTOCK, cause=cause[:LONGEST_CAUSE])
    return await _open_once(tx, vehicle, new, by_itself("work_opened", at))


async def open_found(
    tx: Transaction, principal: Principal, vehicle: Vehicle, kind: WorkKind, cause: str, *, at: datetime
) -> WorkOrder | None:
    """Return the safety work that a person's look at a vehicle asks for, None while it has such work by
    itself already."""
    new = NewWork(
        vehicle_no=vehicle.vehicle_no,
        kind=kind,
        cause=cause[:LONGEST_CAUSE],
        severity=Severity.MAJOR,
        is_safety=True,
    )
    return await _open_once(tx, vehicle, new, step_of(principal, "work_opened", at, cause[:LONGEST_CAUSE]))


async def open_again(tx: Transaction, order: WorkOrder, kind: WorkKind, step: WorkStep) -> WorkOrder:
    """Return the order that takes up safety work which could not be done: its vehicle stays held."""
    again = msgspec.structs.replace(
        order,
        work_order_id=WorkOrderId(new_id()),
        kind=kind,
        state=WorkState.OPEN,
        opened_at=step.at,
        opened_by=step.by,
        opened_by_name=step.by_name,
        assignee=None,
        assignee_name=None,
        assigned_at=None,
        started_at=None,
        arrived_at=None,
        ended_at=None,
        parts=(),
        photos=(),
        follows=order.work_order_id,
        dedup_key=_key(order.vehicle_no, kind),
        steps=(step,),
        changed_at=step.at,
        version=1,
    )
    if not await WorkOrderStore(tx).add(again):
        # the vehicle has automatic work of this kind already: both stand
        again = msgspec.structs.replace(again, dedup_key=None)
        await WorkOrderStore(tx).add(again)
    await _record(tx, None, again, step.at)
    return again


async def follow_alarm(tx: Transaction, alarm: Alarm, *, at: datetime) -> None:
    """Open the work that an alarm asks for, or end it when its cause went away; safe to repeat.

    Several alarms that one visit answers are causes of one order. An order that a crew has set out for is
    ended by people alone.
    """
    opening = opening_of(alarm)
    if opening is None:
        return
    store = WorkOrderStore(tx)
    known = await store.of_cause(alarm.alarm_id)
    if known is not None:
        await _end_without_cause(tx, known, at)
    elif is_open_about(alarm):
        await _open_or_join(tx, alarm, opening, at)


async def _open_or_join(tx: Transaction, alarm: Alarm, opening: Opening, at: datetime) -> None:
    store = WorkOrderStore(tx)
    try:
        vehicle = await VehicleStore(tx).get(alarm.vehicle_no, EVERYTHING)
    except NotFound:
        return
    new = NewWork(
        vehicle_no=alarm.vehicle_no,
        kind=opening.kind,
        cause=alarm.kind.value,
        severity=alarm.severity,
        is_safety=opening.is_safety,
        lat=alarm.lat,
        lng=alarm.lng,
    )
    order = await _open_once(tx, vehicle, new, by_itself("work_opened", at, alarm.kind.value))
    if order is None:
        standing = await store.standing(_key(vehicle.vehicle_no, opening.kind))
        if standing is None:
            return
        step = by_itself("cause_joined", at, alarm.kind.value)
        order = await store.save(standing, join_cause(standing, opening, alarm, step))
    await store.add_cause(alarm.alarm_id, order.work_order_id)


async def _open_once(tx: Transaction, vehicle: Vehicle, new: NewWork, step: WorkStep) -> WorkOrder | None:
    order = _opened(vehicle, new, step, dedup_key=_key(vehicle.vehicle_no, new.kind))
    if not await WorkOrderStore(tx).add(order):
        return None
    await _record(tx, None, order, step.at)
    return order


async def _end_without_cause(tx: Transaction, order: WorkOrder, at: datetime) -> None:
    if order.state not in (WorkState.OPEN, WorkState.ASSIGNED):
        return
    causes = await AlarmStore(tx).of_ids(await WorkOrderStore(tx).causes_of(order.work_order_id), EVERYTHING)
    if any(is_open_about(alarm) for alarm in causes):
        return
    step = by_itself(WorkEvent.CAUSE_GONE.value, at)
    await WorkOrderStore(tx).save(order, advance(order, WorkEvent.CAUSE_GONE, step))
    about = f"work_order:{order.work_order_id}"
    await audit.record(tx, None, "work_order.ended", about, {"event": step.event}, at=at)


def _opened(vehicle: Vehicle, new: NewWork, step: WorkStep, *, dedup_key: str | None = None) -> WorkOrder:
    return WorkOrder(
        work_order_id=WorkOrderId(new_id()),
        vehicle_no=vehicle.vehicle_no,
        kind=new.kind,
        severity=new.severity,
        is_safety=new.is_safety,
        district=vehicle.district,
        operator=vehicle.operator,
        cause=new.cause.strip(),
        lat=new.lat,
        lng=new.lng,
        opened_at=step.at,
        opened_by=step.by,
        opened_by_name=step.by_name,
        due_at=new.due_at,
        dedup_key=dedup_key,
        steps=(step,),
        changed_at=step.at,
    )


async def _record(tx: Transaction, principal: Principal | None, order: WorkOrder, at: datetime) -> None:
    shown = {"vehicle_no": order.vehicle_no, "kind": order.kind.value, "is_safety": order.is_safety}
    about = f"work_order:{order.work_order_id}"
    await audit.record(tx, principal, "work_order.opened", about, shown, order.cause, at=at)


def _key(vehicle_no: VehicleNo, kind: WorkKind) -> str:
    return f"{vehicle_no}:{kind.value}"


def by_itself(event: str, at: datetime, note: str = "") -> WorkStep:
    """Return a step that nobody took."""
    return WorkStep(event=event, by=SYSTEM, by_name="", role=SYSTEM, at=at, note=note)


def step_of(principal: Principal, event: str, at: datetime, note: str = "") -> WorkStep:
    """Return a step of a person."""
    return WorkStep(
        event=event,
        by=StaffId(principal.id),
        by_name=principal.name,
        role=principal.role.value,
        at=at,
        note=note.strip(),
    )
