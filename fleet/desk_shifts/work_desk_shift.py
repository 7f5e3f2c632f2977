"""Somebody sits down at a desk, stays, hands over, and the next one reads what was left."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import StaffId, new_id
from fleet.alarms.store import AlarmStore
from fleet.desk_shifts.desk_shift import DeskShift, closed
from fleet.desk_shifts.store import DeskShiftStore

LONGEST_NOTE: Final = 2_000


async def begin_shift(tx: Transaction, principal: Principal, *, at: datetime, wall: datetime) -> DeskShift:
    """Return the shift that somebody is in from now on, or was in already."""
    store = DeskShiftStore(tx)
    shift = DeskShift(
        shift_id=new_id(),
        staff_id=StaffId(principal.id),
        name=principal.name,
        role=principal.role.value,
        operator=principal.operator,
        districts=None if principal.districts is None else tuple(sorted(principal.districts)),
        began_at=at,
        seen_wall=wall,
    )
    if not await store.add(shift):
        known = await store.current(shift.staff_id)
        if known is not None:
            return known
        raise Conflict("conflict", "the shift before was closed this moment; begin again")
    await audit.record(tx, principal, "desk_shift.begun", f"desk_shift:{shift.shift_id}", {}, None, at=at)
    return shift


async def hand_over(tx: Transaction, principal: Principal, note: str, *, at: datetime) -> DeskShift:
    """Close one's own shift with what the next one has to know, and return it.

    Raises Invalid for a note that is empty or too long, Conflict for somebody who is in no shift and, as
    ``critical-alarm-without-owner``, while a critical alarm within one's reach is nobody's.
    """
    if not 1 <= len(note.strip()) <= LONGEST_NOTE:
        raise Invalid(
            "invalid-input", "say what the next one has to know", field="note", limit=f"1 to {LONGEST_NOTE}"
        )
    store = DeskShiftStore(tx)
    shift = await store.current(StaffId(principal.id))
    if shift is None:
        raise Conflict("conflict", "you are in no shift")
    alarms, reach = AlarmStore(tx), reach_of(principal)
    nobodys = await alarms.critical_of_nobody(reach)
    open_now = await alarms.left_open(reach)
    after = await store.save(shift, closed(shift, note.strip(), open_now, nobodys, at=at))
    shown = {} if after.left_open is None else msgspec.structs.asdict(after.left_open)
    about = f"desk_shift:{shift.shift_id}"
    await audit.record(tx, principal, "desk_shift.handed_over", about, shown, after.note, at=at)
    return after


async def read_note(tx: Transaction, principal: Principal, shift_id: str, *, at: datetime) -> DeskShift:
    """Say that one has read what a shift left; the first who says so stays. Raises NotFound, Conflict."""
    store = DeskShiftStore(tx)
    shift = await store.get(shift_id, reach_of(principal))
    if shift.ended_at is None:
        raise Conflict("conflict", "this shift goes on", shift_id=shift_id)
    if shift.read_at is not None:
        return shift
    read = msgspec.structs.replace(
        shift,
        version=shift.version + 1,
        read_by=StaffId(principal.id),
        read_by_name=principal.name,
        read_at=at,
    )
    return await store.save(shift, read)
