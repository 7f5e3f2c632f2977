"""A schedule, its occurrences, and the pure function that moves one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, OccurrenceId, OperatorId, ScheduleId, StaffId, VehicleNo
from core.transitions import advance as next_state
from services.schedules.calendar import Calendar, check_calendar
from services.schedules.kinds import (
    OVER,
    TRANSITIONS,
    Misfire,
    OccurrenceEvent,
    OccurrenceState,
    WorkKind,
)

LONGEST_NAME: Final = 80
MOST_CHANGES: Final = 200
AGAIN: Final = timedelta(minutes=30)
"""So long an occurrence that lost its vehicle waits for another, however late it is."""
LIMITS_S: Final[Mapping[str, tuple[int, int]]] = {
    "grace_s": (0, 86_400),
    "start_within_s": (300, 86_400),
    "lasts_s": (60, 86_400),
}
"""Shortest and longest of each span, seconds."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """What is started when. ``subject_id`` is the service's own thing: a beat, a zone, a round."""

    schedule_id: ScheduleId
    version: int = 1
    name: str
    kind: WorkKind
    subject_id: str
    district: DistrictCode
    operator: OperatorId
    vehicle_no: VehicleNo | None = None
    """The one vehicle that does it; None lets any of the service."""
    calendar: Calendar
    misfire: Misfire = Misfire.RUN_ONCE
    grace_s: int = 3600
    """How late an occurrence may still start after an outage."""
    start_within_s: int = 3600
    """An occurrence that no vehicle has begun so long after it came due is missed."""
    lasts_s: int = 3600
    """How long one is expected to take, for conflicts."""
    holds: tuple[str, ...] = ()
    """What an occurrence occupies, such as ``vehicle:7``."""
    is_paused: bool = False
    planned_until: datetime
    """Every slot due until then has its occurrence."""
    created_at: datetime
    changed_at: datetime
    changed_by_name: str = ""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence of a schedule; (schedule, slot) is unique whatever runs twice."""

    occurrence_id: OccurrenceId
    version: int = 1
    schedule_id: ScheduleId
    slot_at: datetime
    due_at: datetime
    kind: WorkKind
    subject_id: str
    district: DistrictCode
    operator: OperatorId
    vehicle_no: VehicleNo | None = None
    state: OccurrenceState = OccurrenceState.PLANNED
    fired_at: datetime | None = None
    """When it came due by the clock of who noticed; later than ``due_at`` after an outage."""
    start_by: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str = ""
    """Why it was missed, skipped or excused: a stable word, or what a person wrote."""
    by: StaffId | None = None
    by_name: str | None = None
    """Who excused or skipped it."""


def advance(occurrence: Occurrence, event: OccurrenceEvent, *, at: datetime, reason: str = "") -> Occurrence:
    """Return the occurrence after ``event``; version + 1. Raises IllegalTransition outside the table."""
    target = next_state(TRANSITIONS, occurrence.state, event)
    start_by = occurrence.start_by
    if event is OccurrenceEvent.GIVEN_BACK:
        start_by = max(start_by or at, at + AGAIN)
    return msgspec.structs.replace(
        occurrence,
        state=target,
        version=occurrence.version + 1,
        start_by=start_by,
        fired_at=at if event is OccurrenceEvent.CAME_DUE else occurrence.fired_at,
        started_at=at if event is OccurrenceEvent.STARTED else occurrence.started_at,
        closed_at=at if target in OVER else None,
        reason="" if event is OccurrenceEvent.ACCEPTED else reason or occurrence.reason,
    )


def come_due(occurrence: Occurrence, start_within_s: int, *, at: datetime) -> Occurrence:
    """Return the occurrence due, with the moment by which a vehicle must have begun it."""
    due = advance(occurrence, OccurrenceEvent.CAME_DUE, at=at)
    return msgspec.structs.replace(due, start_by=at + timedelta(seconds=start_within_s))


def check_schedule(schedule: Schedule) -> None:
    """Raise Invalid naming field and limit for the first thing that is wrong."""
    if not schedule.name.strip() or len(schedule.name) > LONGEST_NAME:
        raise Invalid("invalid-input", "a schedule has a name", field="name", limit=f"1 to {LONGEST_NAME}")
    for name, (least, most) in LIMITS_S.items():
        if not least <= getattr(schedule, name) <= most:
            field = "".join(part.capitalize() if i else part for i, part in enumerate(name.split("_")))
            raise Invalid(
                "invalid-input", f"{field} is out of range", field=field, limit=f"{least} to {most}"
            )
    if len(schedule.calendar.changes) + len(schedule.calendar.days_off) > MOST_CHANGES:
        raise Invalid("invalid-input", "too many exceptions", field="changes", limit=MOST_CHANGES)
    check_calendar(schedule.calendar)
