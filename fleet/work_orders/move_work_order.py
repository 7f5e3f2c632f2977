"""What people do about a work order: give it to somebody, set out, arrive, prove it done, or say why not."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.staff_notices import want_staff_notices
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid, VersionMismatch
from core.ids import StaffId, WorkOrderId
from fleet.names import name_of
from fleet.vehicles.inspection_store import InspectionStore
from fleet.work_orders.kinds import WorkEvent, WorkKind, WorkState
from fleet.work_orders.open_work_order import open_again, step_of
from fleet.work_orders.people import crew_member
from fleet.work_orders.store import WorkOrderStore
from fleet.work_orders.work_order import Part, WorkOrder, WorkStep, advance, noted

LONGEST_NOTE: Final = 1_000
MOST_PHOTOS: Final = 20
LONGEST_REFERENCE: Final = 300
MOST_PARTS: Final = 50


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What the crew shows of work that is done: words, photos, or both."""

    note: str = ""
    photos: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


async def assign_work(
    tx: Transaction,
    principal: Principal,
    work_order_id: WorkOrderId,
    *,
    assignee: StaffId,
    version: int | None = None,
    at: datetime,
    wall: datetime,
) -> WorkOrder:
    """Return the work order given to one of the crew, who is told; to the same person again changes nothing.

    Raises NotFound, Invalid for somebody who is no crew for this vehicle, VersionMismatch, IllegalTransition.
    """
    order = await _read(tx, principal, work_order_id, version)
    if order.assignee == assignee and not order.is_over:
        return order
    person = await crew_member(tx, order, assignee)
    step = step_of(principal, WorkEvent.ASSIGNED.value, at, person.name)
    given = advance(order, WorkEvent.ASSIGNED, step, assignee=person.staff_id, assignee_name=person.name)
    saved = await _saved(tx, principal, order, given, step)
    if person.staff_id != principal.id:
        await _tell(tx, saved, at=at, wall=wall)
    return saved


async def call_off(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, *, reason: str, at: datetime
) -> WorkOrder:
    """Return the work order that nobody is to do any more; called off again it stays as it is.

    A person answers for it: called-off safety work holds its vehicle no longer. Raises Invalid without a
    reason, NotFound, IllegalTransition.
    """
    _check_note(reason, field="reason", is_needed=True)
    order = await _read(tx, principal, work_order_id)
    if order.state is WorkState.CANNOT and order.steps[-1].event == WorkEvent.CALLED_OFF:
        return order
    step = step_of(principal, WorkEvent.CALLED_OFF.value, at, reason)
    return await _saved(tx, principal, order, advance(order, WorkEvent.CALLED_OFF, step), step)


async def note_work(
    tx: Transaction,
    principal: Principal,
    work_order_id: WorkOrderId,
    *,
    note: str,
    photos: tuple[str, ...] = (),
    at: datetime,
) -> WorkOrder:
    """Return the work order with words or photos added; moves nothing. The crew notes its own."""
    _check_note(note, field="note", is_needed=not photos)
    _check_photos(photos)
    order = await _read(tx, principal, work_order_id)
    step = step_of(principal, "work_noted", at, note)
    _check_room(order, photos)
    return await _saved(tx, principal, order, noted(order, step, photos=(*order.photos, *photos)), step)


async def take_job(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, *, at: datetime, wall: datetime
) -> WorkOrder:
    """Return the open work order that one of the crew takes; raise Conflict when another has it."""
    order = await _read(tx, principal, work_order_id)
    if order.assignee not in (None, principal.id):
        raise Conflict("conflict", "somebody else has this job", work_order_id=work_order_id)
    me = StaffId(principal.id)
    return await assign_work(tx, principal, work_order_id, assignee=me, at=at, wall=wall)


async def hand_back(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, *, reason: str, at: datetime
) -> WorkOrder:
    """Return the work order open again for others. Raises Invalid without a reason, Forbidden, NotFound."""
    _check_note(reason, field="reason", is_needed=True)
    order = await _own(tx, principal, work_order_id)
    step = step_of(principal, WorkEvent.HANDED_BACK.value, at, reason)
    return await _saved(tx, principal, order, advance(order, WorkEvent.HANDED_BACK, step), step)


async def set_out(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, *, at: datetime
) -> WorkOrder:
    """Return the work order whose crew is on its way; again changes nothing."""
    return await _go(tx, principal, work_order_id, WorkEvent.STARTED, WorkState.EN_ROUTE, at)


async def arrive(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, *, at: datetime
) -> WorkOrder:
    """Return the work order whose crew stands at the vehicle; again changes nothing."""
    return await _go(tx, principal, work_order_id, WorkEvent.ARRIVED, WorkState.ON_SITE, at)


async def finish(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, proof: Proof, *, at: datetime
) -> WorkOrder:
    """Return the work order that is done, with its proof.

    Raises Invalid without words or a photo, Forbidden for anybody but its assignee, IllegalTransition unless
    the crew is on site.
    """
    _check_note(proof.note, field="note", is_needed=not proof.photos)
    _check_photos(proof.photos)
    _check_parts(proof.parts)
    order = await _own(tx, principal, work_order_id)
    _check_room(order, proof.photos)
    step = step_of(principal, WorkEvent.DONE.value, at, proof.note)
    done = advance(
        order,
        WorkEvent.DONE,
        step,
        parts=(*order.parts, *proof.parts),
        photos=(*order.photos, *proof.photos),
    )
    if order.kind is WorkKind.INSPECTION:
        await InspectionStore(tx).inspected(order.vehicle_no, at=at)
    return await _saved(tx, principal, order, done, step)


async def give_up(
    tx: Transaction,
    principal: Principal,
    work_order_id: WorkOrderId,
    *,
    reason: str,
    instead: WorkKind | None = None,
    at: datetime,
) -> WorkOrder:
    """Return the work order that cannot be done, and why.

    Safety work is opened again, as ``instead`` when the crew names other work: the vehicle stays out of work
    until somebody has made it safe, or an operator calls the work off.
    """
    _check_note(reason, field="reason", is_needed=True)
    order = await _own(tx, principal, work_order_id)
    step = step_of(principal, WorkEvent.GAVE_UP.value, at, reason)
    gone = advance(order, WorkEvent.GAVE_UP, step)
    saved = await _saved(tx, principal, order, gone, step)
    if order.is_safety or instead is not None:
        opened = step_of(principal, "work_opened", at, reason)
        await open_again(tx, order, instead or order.kind, opened)
    return saved


async def _go(
    tx: Transaction,
    principal: Principal,
    work_order_id: WorkOrderId,
    event: WorkEvent,
    target: WorkState,
    at: datetime,
) -> WorkOrder:
    order = await _own(tx, principal, work_order_id)
    if order.state is target:
        return order
    step = step_of(principal, event.value, at)
    return await _saved(tx, principal, order, advance(order, event, step), step)


async def _read(
    tx: Transaction, principal: Principal, work_order_id: WorkOrderId, version: int | None = None
) -> WorkOrder:
    order = await WorkOrderStore(tx).get(work_order_id, reach_of(principal))
    if version is not None and version != order.version:
        raise VersionMismatch("version-mismatch", work_order_id=work_order_id, version=order.version)
    return order


async def _own(tx: Transaction, principal: Principal, work_order_id: WorkOrderId) -> WorkOrder:
    order = await _read(tx, principal, work_order_id)
    if order.assignee != principal.id:
        raise Forbidden("forbidden", "this job is not yours; take it first", work_order_id=work_order_id)
    return order


async def _saved(
    tx: Transaction, principal: Principal, before: WorkOrder, after: WorkOrder, step: WorkStep
) -> WorkOrder:
    saved = await WorkOrderStore(tx).save(before, after)
    shown = {"vehicle_no": before.vehicle_no, "from": before.state.value, "to": after.state.value}
    about, action = f"work_order:{before.work_order_id}", f"work_order.{step.event.rpartition('_')[2]}"
    await audit.record(tx, principal, action, about, shown, step.note or None, at=step.at)
    return saved


async def _tell(tx: Transaction, order: WorkOrder, *, at: datetime, wall: datetime) -> None:
    if order.assignee is None:
        return
    kind = name_of(order.kind)
    await want_staff_notices(
        tx,
        [order.assignee],
        subject=f"work_order:{order.work_order_id}",
        reason=f"assigned-{order.version}",
        zh=f"工单“{kind.zh}”派给您,车辆号 {order.vehicle_no}。",
        en=f"You were given a job: {kind.en}, vehicle {order.vehicle_no}.",
        at=at,
        wall=wall,
    )


def _check_note(note: str, *, field: str, is_needed: bool) -> None:
    if is_needed and not note.strip():
        raise Invalid("reason-missing", "say what was found or why", field=field, limit=LONGEST_NOTE)
    if len(note) > LONGEST_NOTE:
        raise Invalid("invalid-input", "the text is too long", field=field, limit=LONGEST_NOTE)


def _check_photos(photos: tuple[str, ...]) -> None:
    if any(not 1 <= len(photo.strip()) <= LONGEST_REFERENCE for photo in photos):
        raise Invalid("invalid-input", "a reference has text", field="photos", limit=LONGEST_REFERENCE)


def _check_room(order: WorkOrder, photos: tuple[str, ...]) -> None:
    if len(order.photos) + len(photos) > MOST_PHOTOS:
        raise Invalid("invalid-input", "too many photos of one job", field="photos", limit=MOST_PHOTOS)


def _check_parts(parts: tuple[Part, ...]) -> None:
    if len(parts) > MOST_PARTS or any(part.quantity < 1 or not part.name.strip() for part in parts):
        raise Invalid("invalid-input", "parts have a name and a quantity", field="parts", limit=MOST_PARTS)
