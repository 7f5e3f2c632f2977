"""A person makes, changes and pauses schedules, and moves or leaves out single occurrences."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from core import audit
from core.auth.principal import Principal, Reach, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid, VersionMismatch
from core.ids import ScheduleId, VehicleNo, new_id
from fleet.vehicles.store import VehicleStore
from services.schedules.calendar import LONGEST_LOOK, Calendar, Holidays, Slot, SlotChange, slots
from services.schedules.kinds import SERVICE_OF, Misfire, WorkKind
from services.schedules.port import Plugged, Subject
from services.schedules.schedule import Schedule, check_schedule
from services.schedules.store import ScheduleStore

LONGEST_REASON: Final = 200


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person writes into a schedule; exceptions of single occurrences are kept beside it."""

    name: str
    kind: WorkKind
    subject_id: str
    vehicle_no: VehicleNo | None = None
    calendar: Calendar
    misfire: Misfire = Misfire.RUN_ONCE
    grace_s: int = 3600
    start_within_s: int = 3600
    lasts_s: int = 3600
    is_paused: bool = False


async def draw_up(
    tx: Transaction, plugged: Plugged, draft: Draft, reach: Reach, *, by_name: str, at: datetime
) -> Schedule:
    """Return the schedule that a draft makes, checked and not stored.

    Raises Invalid by field, NotFound for a subject or vehicle that is not there or out of reach.
    """
    subject = await _subject(tx, plugged, draft, reach)
    vehicle_no = draft.vehicle_no
    if vehicle_no is not None:
        vehicle = await VehicleStore(tx).get(vehicle_no, reach)
        if vehicle.service is not SERVICE_OF[draft.kind]:
            raise Invalid(
                "invalid-input",
                f"a {vehicle.service.value} vehicle does no {draft.kind.value}",
                field="vehicleNo",
                limit=SERVICE_OF[draft.kind].value,
            )
    held = () if vehicle_no is None else (f"vehicle:{vehicle_no}",)
    schedule = Schedule(
        schedule_id=ScheduleId(new_id()),
        **{name: getattr(draft, name) for name in draft.__struct_fields__},
        district=subject.district,
        operator=subject.operator,
        holds=(*held, *subject.holds),
        planned_until=at,
        created_at=at,
        changed_at=at,
        changed_by_name=by_name,
    )
    check_schedule(schedule)
    return schedule


async def make_schedule(
    tx: Transaction, principal: Principal, plugged: Plugged, draft: Draft, *, at: datetime
) -> Schedule:
    """Store and return a new schedule; its first occurrence is due after ``at``. Raises as ``draw_up``."""
    schedule = await draw_up(tx, plugged, draft, reach_of(principal), by_name=principal.name, at=at)
    await ScheduleStore(tx).add(schedule)
    await _record(tx, principal, "schedule.made", schedule, {"name": schedule.name}, None, at)
    return schedule


async def change_schedule(
    tx: Transaction,
    principal: Principal,
    plugged: Plugged,
    schedule_id: ScheduleId,
    draft: Draft,
    *,
    version: int,
    at: datetime,
) -> Schedule:
    """Return the schedule after a change; what is not due yet is planned anew, what came due goes on.

    Raises as ``draw_up``, VersionMismatch, and Invalid when the kind of work would change.
    """
    before = await present_schedule(tx, principal, schedule_id, version)
    if draft.kind is not before.kind:
        raise Invalid("invalid-input", "the kind of work stays", field="kind", limit=before.kind.value)
    drawn = await draw_up(tx, plugged, draft, reach_of(principal), by_name=principal.name, at=at)
    calendar = msgspec.structs.replace(drawn.calendar, changes=before.calendar.changes)
    after = msgspec.structs.replace(
        drawn, schedule_id=schedule_id, calendar=calendar, created_at=before.created_at
    )
    check_schedule(after)
    return await save_schedule(tx, principal, before, after, None, at)


async def change_slot(
    tx: Transaction,
    principal: Principal,
    schedule_id: ScheduleId,
    change: SlotChange,
    *,
    is_restored: bool,
    version: int,
    at: datetime,
) -> Schedule:
    """Return the schedule with one occurrence moved, left out, or back at its own time (``is_restored``).

    Raises Invalid for a slot that the calendar does not have, for a time that is past, and for a move onto
    another occurrence; Conflict for an occurrence that came due.
    """
    if not change.reason.strip() or len(change.reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    before = await present_schedule(tx, principal, schedule_id, version)
    store = ScheduleStore(tx)
    others = tuple(c for c in before.calendar.changes if c.slot_at != change.slot_at)
    plain = msgspec.structs.replace(before.calendar, changes=others)
    await _check_change(store, plain, change, at)
    now_due = await store.of_slot(schedule_id, change.slot_at)
    if now_due is not None and now_due.fired_at is not None:
        raise Conflict("conflict", "the occurrence came due already", slot_at=change.slot_at)
    by_name = msgspec.structs.replace(change, by_name=principal.name, reason=change.reason.strip())
    kept = others if is_restored else (*others, by_name)
    after = msgspec.structs.replace(
        before,
        calendar=msgspec.structs.replace(plain, changes=tuple(sorted(kept, key=lambda c: c.slot_at))),
        planned_until=at,
        changed_at=at,
        changed_by_name=principal.name,
    )
    check_schedule(after)
    return await save_schedule(tx, principal, before, after, change.reason.strip(), at)


async def _check_change(store: ScheduleStore, plain: Calendar, change: SlotChange, at: datetime) -> None:
    holidays = await store.holidays()
    slot_at, move_to = change.slot_at, change.move_to
    for field, moment in (("slotAt", slot_at), ("moveTo", move_to or at)):
        if abs(moment - at) > LONGEST_LOOK:
            limit = f"within {LONGEST_LOOK.days} days"
            raise Invalid("invalid-input", "this time is too far away", field=field, limit=limit)
    if all(slot.slot_at != slot_at for slot in _at(plain, holidays, slot_at)):
        raise Invalid("invalid-input", "the schedule has no occurrence then", field="slotAt", limit="a slot")
    if move_to is None:
        return
    if move_to <= at:
        raise Invalid("invalid-input", "this time is past", field="moveTo", limit=f"after {at.isoformat()}")
    if any(_at(plain, holidays, move_to)):
        raise Invalid(
            "invalid-input", "another occurrence is at that time", field="moveTo", limit="free time"
        )


def _at(calendar: Calendar, holidays: Holidays, moment: datetime) -> list[Slot]:
    return list(slots(calendar, holidays, after=moment - timedelta(seconds=1), until=moment))


async def _subject(tx: Transaction, plugged: Plugged, draft: Draft, reach: Reach) -> Subject:
    work = plugged.get(draft.kind)
    if work is None:
        known = ", ".join(sorted(plugged))
        raise Invalid("invalid-input", "nothing does this kind of work here", field="kind", limit=known)
    return await work.subject(tx, draft.subject_id, reach)


async def present_schedule(
    tx: Transaction, principal: Principal, schedule_id: ScheduleId, version: int
) -> Schedule:
    """Return a schedule that may be changed. Raises NotFound, VersionMismatch, Conflict when it has ended."""
    before = await ScheduleStore(tx).get(schedule_id, reach_of(principal))
    if before.version != version:
        raise VersionMismatch("version-mismatch", schedule_id=schedule_id, version=before.version)
    if before.calendar.ended_at is not None:
        raise Conflict("conflict", "the schedule has ended", ended_at=before.calendar.ended_at)
    return before


async def save_schedule(
    tx: Transaction,
    principal: Principal,
    before: Schedule,
    after: Schedule,
    reason: str | None,
    at: datetime,
) -> Schedule:
    """Store the next version, plan anew what is not due yet, and put it on record."""
    store = ScheduleStore(tx)
    saved = await store.save(before, after)
    await store.forget_planned(before.schedule_id, at)
    changed = [
        name
        for name in ("name", "subject_id", "vehicle_no", "calendar", "misfire", "is_paused")
        if getattr(before, name) != getattr(saved, name)
    ]
    await _record(tx, principal, "schedule.changed", saved, {"changed": changed}, reason, at)
    return saved


async def _record(
    tx: Transaction,
    principal: Principal,
    action: str,
    schedule: Schedule,
    fields: dict[str, Any],
    reason: str | None,
    at: datetime,
) -> None:
    await audit.record(tx, principal, action, f"schedule:{schedule.schedule_id}", fields, reason, at=at)
