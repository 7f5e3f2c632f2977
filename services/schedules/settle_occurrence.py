"""How an occurrence goes on: its service says so, in the transaction of the fact; a person may excuse it."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Database, Transaction
from core.errors import IllegalTransition, Invalid, VersionMismatch
from core.ids import OccurrenceId, StaffId
from services.schedules.kinds import OccurrenceEvent, OccurrenceState
from services.schedules.port import Plugged
from services.schedules.schedule import Occurrence, advance
from services.schedules.store import ScheduleStore

LONGEST_REASON: Final = 500
WEATHER: Final = "weather_recall"
"""The weather kept the vehicles in."""


async def occurrence_started(tx: Transaction, occurrence_id: OccurrenceId, *, at: datetime) -> None:
    """Note that a vehicle was given the work. Raises IllegalTransition when it is no longer due."""
    await _move(tx, occurrence_id, OccurrenceEvent.STARTED, at=at)


async def occurrence_given_back(tx: Transaction, occurrence_id: OccurrenceId, *, at: datetime) -> None:
    """Note that the vehicle was lost and another may begin; nothing when somebody settled it meanwhile."""
    await _move_if_it_can(tx, occurrence_id, OccurrenceEvent.GIVEN_BACK, at=at)


async def occurrence_met(tx: Transaction, occurrence_id: OccurrenceId, *, at: datetime) -> None:
    """Note that the work is done; nothing when somebody settled it meanwhile."""
    await _move_if_it_can(tx, occurrence_id, OccurrenceEvent.DONE, at=at)


async def occurrence_doubted(
    tx: Transaction, occurrence_id: OccurrenceId, reason: str, *, at: datetime
) -> None:
    """Note that what an occurrence was met by is doubtful, and why; nothing when it is not met."""
    await _move_if_it_can(tx, occurrence_id, OccurrenceEvent.DOUBTED, at=at, reason=reason)


async def occurrence_accepted(tx: Transaction, occurrence_id: OccurrenceId, *, at: datetime) -> None:
    """Note that a person accepted what was doubtful; nothing when it was excused meanwhile."""
    await _move_if_it_can(tx, occurrence_id, OccurrenceEvent.ACCEPTED, at=at)


async def occurrence_made_good(tx: Transaction, occurrence_id: OccurrenceId, *, at: datetime) -> None:
    """Note that what an occurrence had missed was done after all; nothing when it is not missed."""
    await _move_if_it_can(tx, occurrence_id, OccurrenceEvent.MADE_GOOD, at=at)


async def occurrence_missed(
    tx: Transaction, occurrence_id: OccurrenceId, reason: str, *, at: datetime
) -> None:
    """Note that the work was begun and not done, and why; nothing when somebody settled it meanwhile."""
    await _move_if_it_can(tx, occurrence_id, OccurrenceEvent.MISSED, at=at, reason=reason)


async def occurrence_excused(
    tx: Transaction, occurrence_id: OccurrenceId, reason: str, *, at: datetime
) -> None:
    """Note that the work must not be done, such as in the cold, and why; nothing when somebody settled it."""
    try:
        await _move(tx, occurrence_id, OccurrenceEvent.EXCUSED, at=at, reason=reason)
    except IllegalTransition:
        return


async def excuse_occurrence(
    database: Database,
    principal: Principal,
    plugged: Plugged,
    occurrence_id: OccurrenceId,
    *,
    reason: str,
    version: int | None,
    at: datetime,
) -> Occurrence:
    """Return the occurrence excused by a person, after the commit; waiting work is taken back.

    Raises Invalid without a reason, NotFound outside the reach, VersionMismatch, and IllegalTransition for
    what is met, skipped or excused.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    async with database.write() as tx:
        store = ScheduleStore(tx)
        before = await store.occurrence(occurrence_id, reach_of(principal))
        if version is not None and version != before.version:
            raise VersionMismatch("version-mismatch", occurrence_id=occurrence_id, version=before.version)
        excused = msgspec.structs.replace(
            advance(before, OccurrenceEvent.EXCUSED, at=at, reason=reason.strip()),
            by=StaffId(principal.id),
            by_name=principal.name,
        )
        done = await store.move(before, excused, at=at)
        work = plugged.get(before.kind)
        if work is not None and before.state in (OccurrenceState.DUE, OccurrenceState.STARTED):
            await work.withdrawn(tx, done, at=at)
        await audit.record(
            tx,
            principal,
            "occurrence.excused",
            f"occurrence:{occurrence_id}",
            {"schedule_id": before.schedule_id, "from": before.state.value},
            reason.strip(),
            at=at,
        )
    return done


async def _move(
    tx: Transaction, occurrence_id: OccurrenceId, event: OccurrenceEvent, *, at: datetime, reason: str = ""
) -> None:
    store = ScheduleStore(tx)
    before = await store.occurrence(occurrence_id, EVERYTHING)
    await store.move(before, advance(before, event, at=at, reason=reason), at=at)


async def _move_if_it_can(
    tx: Transaction, occurrence_id: OccurrenceId, event: OccurrenceEvent, *, at: datetime, reason: str = ""
) -> None:
    try:
        await _move(tx, occurrence_id, event, at=at, reason=reason)
    except IllegalTransition:
        return
