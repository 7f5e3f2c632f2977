"""What vehicles report about themselves: the policy they hold, faults, calls for a person."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import IllegalTransition, Invalid
from core.ids import VehicleNo
from core.inbox import InboxItem
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.faults import cause_of_fault
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.alarms.store import AlarmStore
from fleet.links.wire.reports import Fault, LinkLossPolicy, ReportKind, TakeoverRequested, read_report_body
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.kinds import Duty
from fleet.vehicles.move_duty import move_duty
from fleet.vehicles.store import VehicleStore


async def take_link_loss_policy(tx: Transaction, item: InboxItem, *, at: datetime) -> str:
    """Keep which link-loss policy the vehicle holds; outcome: applied or repeated."""
    body = _read(item, LinkLossPolicy)
    store = VehicleStore(tx)
    vehicle = await store.get(item.vehicle_no, EVERYTHING)
    if vehicle.link_loss_held == body.version:
        return "repeated"
    held = msgspec.structs.replace(
        vehicle, link_loss_held=body.version, changed_at=at, version=vehicle.version + 1
    )
    await store.save(vehicle, held)
    return "applied"


async def take_fault(tx: Transaction, item: InboxItem, *, at: datetime) -> str:
    """Raise or clear the alarm of a fault; a fatal one takes the vehicle out of work until it clears.

    Outcome: raised, cleared or repeated.
    """
    body = _read(item, Fault)
    kind, cause = cause_of_fault(body.code)
    if body.is_cleared:
        cleared = AlarmCleared(vehicle_no=item.vehicle_no, kind=kind, cause=cause, at=item.measured_at)
        changed = await apply_signals(tx, [cleared])
        if not await _cannot_go_on(tx, item.vehicle_no):
            await _end_fault(tx, item.vehicle_no, at)
        return "cleared" if changed else "repeated"
    raised = AlarmRaised(
        vehicle_no=item.vehicle_no,
        kind=kind,
        cause=cause,
        at=item.measured_at,
        severity=_severity(kind, is_fatal=body.fatal),
        details={"fault_code": body.code, "fatal": body.fatal, "detail": body.detail[:200]},
    )
    changed = await apply_signals(tx, [raised])
    if body.fatal:
        await move_duty_if_it_can(tx, item.vehicle_no, DutyEvent.FAULTED, at)
    return "raised" if changed else "repeated"


def _severity(kind: AlarmKind, *, is_fatal: bool) -> Severity | None:
    """Return how grave a fault is: one that ends the task most, another as its kind says."""
    if is_fatal:
        return Severity.CRITICAL
    return Severity.WARNING if kind is AlarmKind.VEHICLE_FAULT else None


async def take_takeover_request(tx: Transaction, item: InboxItem, *, at: datetime) -> str:  # noqa: ARG001
    """Raise the alarm of a vehicle that asks for a person; outcome: raised or repeated."""
    body = _read(item, TakeoverRequested)
    raised = AlarmRaised(
        vehicle_no=item.vehicle_no,
        kind=AlarmKind.TAKEOVER_REQUESTED,
        at=item.measured_at,
        details={"reason": body.reason[:200], "detail": body.detail[:200]},
    )
    return "raised" if await apply_signals(tx, [raised]) else "repeated"


async def move_duty_if_it_can(tx: Transaction, vehicle_no: VehicleNo, event: DutyEvent, at: datetime) -> None:
    """Move a duty when its table has the step; a vehicle that is beyond it stays as it is."""
    try:
        await move_duty(tx, vehicle_no, event, at=at)
    except IllegalTransition:
        return


async def _cannot_go_on(tx: Transaction, vehicle_no: VehicleNo) -> bool:
    """Return whether another fault stands that ends the vehicle's work."""
    standing = await AlarmStore(tx).standing_of([vehicle_no])
    return any(alarm.details.get("fatal") is True for alarm in standing)


async def _end_fault(tx: Transaction, vehicle_no: VehicleNo, at: datetime) -> None:
    vehicle = await VehicleStore(tx).get(vehicle_no, EVERYTHING)
    if vehicle.duty is Duty.FAULT:
        await move_duty_if_it_can(tx, vehicle_no, DutyEvent.FAULT_CLEARED, at)


def _read[T](item: InboxItem, kind: type[T]) -> T:
    try:
        body = read_report_body(ReportKind(item.kind), item.body)
    except ValueError as error:
        raise Invalid("invalid-input", f"the body of {item.kind} cannot be read: {error}") from None
    if not isinstance(body, kind):
        raise Invalid("invalid-input", f"{item.kind} has another body")
    return body
