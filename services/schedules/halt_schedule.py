"""A person pauses a schedule, lets it go on, or ends it for good; each with a reason."""

from datetime import datetime

import msgspec

from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import ScheduleId
from services.schedules.edit_schedule import LONGEST_REASON, present_schedule, save_schedule
from services.schedules.schedule import Schedule


async def pause_schedule(
    tx: Transaction,
    principal: Principal,
    schedule_id: ScheduleId,
    *,
    is_paused: bool,
    reason: str,
    version: int,
    at: datetime,
) -> Schedule:
    """Return the schedule paused, or going on from now; what was left out meanwhile is not made up for.

    Raises NotFound, VersionMismatch, Invalid without a reason, Conflict when it is so already or has ended.
    """
    said = _must_say_why(reason)
    before = await present_schedule(tx, principal, schedule_id, version)
    if before.is_paused is is_paused:
        raise Conflict("conflict", "the schedule is so already", is_paused=is_paused)
    after = msgspec.structs.replace(before, is_paused=is_paused)
    return await save_schedule(tx, principal, before, _changed(after, principal, at), said, at)


async def end_schedule(
    tx: Transaction,
    principal: Principal,
    schedule_id: ScheduleId,
    *,
    reason: str,
    version: int,
    at: datetime,
) -> Schedule:
    """Return the schedule ended: what came due goes on, nothing more comes due, its past stays.

    Raises NotFound, VersionMismatch, Invalid without a reason, Conflict when it has ended.
    """
    said = _must_say_why(reason)
    before = await present_schedule(tx, principal, schedule_id, version)
    calendar = msgspec.structs.replace(before.calendar, ended_at=at)
    after = msgspec.structs.replace(before, calendar=calendar, is_paused=True)
    return await save_schedule(tx, principal, before, _changed(after, principal, at), said, at)


def _changed(schedule: Schedule, principal: Principal, at: datetime) -> Schedule:
    return msgspec.structs.replace(schedule, planned_until=at, changed_at=at, changed_by_name=principal.name)


def _must_say_why(reason: str) -> str:
    said = reason.strip()
    if not 1 <= len(said) <= LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    return said
