"""Schedules: what people write into one, what they see of it, and what became of its occurrences."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.ids import VehicleNo
from services.schedules.calendar import Calendar, Cron, Daily, Holiday, SlotChange
from services.schedules.edit_schedule import LONGEST_REASON, Draft
from services.schedules.kinds import DayRule, Misfire, WorkKind
from services.schedules.port import Subject
from services.schedules.preview_schedule import Preview
from services.schedules.read_calendar import Entry
from services.schedules.schedule import LIMITS_S, LONGEST_NAME, MOST_CHANGES, Occurrence, Schedule

Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Reason = Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON)]
TimeText = Annotated[str, Meta(max_length=8)]
Weekday = Annotated[int, Meta(ge=0, le=6)]
MOST_TIMES = 48
MONDAY_TO_SUNDAY = (0, 1, 2, 3, 4, 5, 6)


class Timing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When: `cron` with five fields, or plain `times` (HH:MM) on `weekdays` (0 is Monday); never both.

    `zone` is an IANA name, the city's own when it is left out.
    """

    cron: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    times: Annotated[tuple[TimeText, ...], Meta(max_length=MOST_TIMES)] = ()
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = MONDAY_TO_SUNDAY
    zone: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    days: DayRule = DayRule.EVERY_DAY
    valid_from: date | None = None
    valid_until: date | None = None
    days_off: Annotated[tuple[date, ...], Meta(max_length=MOST_CHANGES)] = ()


class NewSchedule(Timing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that a person says about a schedule; exceptions of single occurrences are said beside it."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    kind: WorkKind
    subject_id: Annotated[str, Meta(min_length=1, max_length=64)]
    vehicle_no: Annotated[int, Meta(ge=1, le=4_294_967_295)] | None = None
    misfire: Misfire = Misfire.RUN_ONCE
    grace_s: Annotated[int, Meta(ge=LIMITS_S["grace_s"][0], le=LIMITS_S["grace_s"][1])] = 3600
    start_within_s: Annotated[
        int, Meta(ge=LIMITS_S["start_within_s"][0], le=LIMITS_S["start_within_s"][1])
    ] = 3600
    lasts_s: Annotated[int, Meta(ge=LIMITS_S["lasts_s"][0], le=LIMITS_S["lasts_s"][1])] = 3600


class ChangedSchedule(NewSchedule, frozen=True, kw_only=True):
    """The whole schedule in place of ``version``; pause, end and exceptions stay as they are."""

    version: Version


class TriedSchedule(NewSchedule, frozen=True, kw_only=True):
    """A schedule to look at before it is stored; `schedule_id` is the one that it would replace."""

    schedule_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The version that was read, and why it is changed."""

    version: Version
    reason: Reason


class SlotException(Why, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One occurrence that is moved (`move_to`), left out (neither), or back at its time (`is_restored`)."""

    slot_at: datetime
    move_to: datetime | None = None
    is_restored: bool = False


class SlotExceptionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One occurrence that is not at its own time."""

    slot_at: datetime
    move_to: datetime | None
    reason: str
    by_name: str


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One schedule. `cron` is null where plain times are used; `ended_at` is set once it was ended."""

    schedule_id: str
    version: int
    name: str
    kind: str
    subject_id: str
    district: str
    operator: str
    vehicle_no: int | None
    cron: str | None
    times: tuple[str, ...]
    weekdays: tuple[int, ...]
    zone: str
    days: str
    valid_from: date | None
    valid_until: date | None
    days_off: tuple[date, ...]
    exceptions: tuple[SlotExceptionView, ...]
    misfire: str
    grace_s: int
    start_within_s: int
    lasts_s: int
    holds: tuple[str, ...]
    is_paused: bool
    ended_at: datetime | None
    created_at: datetime
    changed_at: datetime
    changed_by_name: str


class ScheduleList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Schedules within the reader's reach, by name."""

    items: tuple[ScheduleView, ...]


class SubjectView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that a schedule may be about: a beat, a sweeping zone, a round."""

    kind: str
    subject_id: str
    name_zh: str
    name_en: str
    district: str
    operator: str


class SubjectList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that may be scheduled here; `kinds` are those for which something is plugged in."""

    kinds: tuple[str, ...]
    items: tuple[SubjectView, ...]


class SlotView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One occurrence to come; `left_out` says why it will not happen."""

    slot_at: datetime
    due_at: datetime
    left_out: str | None


class ClashView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An occurrence of another schedule that overlaps ours (`slot_at`), and what both want."""

    slot_at: datetime
    with_schedule: str
    with_name: str
    with_begin: datetime
    holds: tuple[str, ...]


class SchedulePreviewView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The next occurrences, thirty at most, and what they clash with."""

    slots: tuple[SlotView, ...]
    clashes: tuple[ClashView, ...]


class OccurrenceView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One slot in the calendar; `occurrence_id` and `version` are null while it lies too far ahead to be
    planned."""

    occurrence_id: str | None
    version: int | None
    schedule_id: str
    name: str
    kind: str
    district: str
    vehicle_no: int | None
    slot_at: datetime
    due_at: datetime
    lasts_s: int
    state: str
    reason: str
    is_double_booked: bool
    fired_at: datetime | None = None
    start_by: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    by_name: str | None = None


class HolidayView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A day whose weekday does not say whether people work."""

    day: date
    is_working: bool
    name_zh: str
    name_en: str


class CalendarView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is due in [from, to), the earliest first, and the holidays in it; `now` is the city's moment."""

    from_at: datetime = msgspec.field(name="from")
    to_at: datetime = msgspec.field(name="to")
    now: datetime
    items: tuple[OccurrenceView, ...]
    holidays: tuple[HolidayView, ...]


def draft_of(data: NewSchedule, city_zone: str, *, is_paused: bool = False) -> Draft:
    """Return the wish in the domain's words; raise Invalid for cron and plain times together."""
    if data.cron is not None and data.times:
        raise Invalid("invalid-input", "give cron or times, not both", field="cron", limit="cron or times")
    timing = (
        Daily(times=data.times, weekdays=data.weekdays) if data.cron is None else Cron(expression=data.cron)
    )
    return Draft(
        name=data.name,
        kind=data.kind,
        subject_id=data.subject_id,
        vehicle_no=None if data.vehicle_no is None else VehicleNo(data.vehicle_no),
        calendar=Calendar(
            timing=timing,
            zone=data.zone or city_zone,
            days=data.days,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
            days_off=tuple(sorted(set(data.days_off))),
        ),
        misfire=data.misfire,
        grace_s=data.grace_s,
        start_within_s=data.start_within_s,
        lasts_s=data.lasts_s,
        is_paused=is_paused,
    )


def schedule_view(schedule: Schedule) -> ScheduleView:
    """Return a schedule as screens show it."""
    calendar, timing = schedule.calendar, schedule.calendar.timing
    same = ("schedule_id", "version", "name", "subject_id", "district", "operator", "vehicle_no")
    spans = ("grace_s", "start_within_s", "lasts_s", "holds", "is_paused")
    stamps = ("created_at", "changed_at", "changed_by_name")
    return ScheduleView(
        **{name: getattr(schedule, name) for name in (*same, *spans, *stamps)},
        kind=schedule.kind.value,
        misfire=schedule.misfire.value,
        cron=timing.expression if isinstance(timing, Cron) else None,
        times=timing.times if isinstance(timing, Daily) else (),
        weekdays=timing.weekdays if isinstance(timing, Daily) else MONDAY_TO_SUNDAY,
        zone=calendar.zone,
        days=calendar.days.value,
        valid_from=calendar.valid_from,
        valid_until=calendar.valid_until,
        days_off=calendar.days_off,
        exceptions=tuple(_exception_view(change) for change in calendar.changes),
        ended_at=calendar.ended_at,
    )


def subject_list(found: Iterable[tuple[WorkKind, Subject]], kinds: Iterable[WorkKind]) -> SubjectList:
    """Return what may be scheduled, as the editor offers it."""
    return SubjectList(
        kinds=tuple(sorted(kind.value for kind in kinds)),
        items=tuple(
            SubjectView(
                kind=kind.value,
                subject_id=subject.subject_id,
                name_zh=subject.name_zh,
                name_en=subject.name_en,
                district=subject.district,
                operator=subject.operator,
            )
            for kind, subject in found
        ),
    )


def preview_view(preview: Preview) -> SchedulePreviewView:
    """Return what a schedule will do, as screens show it."""
    return SchedulePreviewView(
        slots=tuple(
            SlotView(slot_at=slot.slot_at, due_at=slot.due_at, left_out=slot.left_out or None)
            for slot in preview.slots
        ),
        clashes=tuple(ClashView(**msgspec.structs.asdict(clash)) for clash in preview.clashes),
    )


def calendar_view(
    entries: Sequence[Entry],
    holidays: Iterable[Holiday],
    *,
    begin: datetime,
    end: datetime,
    at: datetime,
) -> CalendarView:
    """Return a span of the calendar as screens show it."""
    return CalendarView(
        from_at=begin,
        to_at=end,
        now=at,
        items=tuple(_entry_view(entry) for entry in entries),
        holidays=tuple(
            HolidayView(**msgspec.structs.asdict(holiday))
            for holiday in sorted(holidays, key=lambda holiday: holiday.day)
        ),
    )


def occurrence_view(occurrence: Occurrence, schedule: Schedule) -> OccurrenceView:
    """Return one occurrence as screens show it, without what it clashes with."""
    same = (
        "occurrence_id",
        "version",
        "schedule_id",
        "district",
        "vehicle_no",
        "slot_at",
        "due_at",
        "reason",
    )
    stamps = ("fired_at", "start_by", "started_at", "closed_at", "by_name")
    return OccurrenceView(
        **{name: getattr(occurrence, name) for name in (*same, *stamps)},
        name=schedule.name,
        kind=occurrence.kind.value,
        state=occurrence.state.value,
        lasts_s=schedule.lasts_s,
        is_double_booked=False,
    )


def _entry_view(entry: Entry) -> OccurrenceView:
    schedule = entry.schedule
    if entry.occurrence is not None:
        view = occurrence_view(entry.occurrence, schedule)
        return msgspec.structs.replace(view, is_double_booked=entry.is_double_booked)
    return OccurrenceView(
        occurrence_id=None,
        version=None,
        schedule_id=schedule.schedule_id,
        name=schedule.name,
        kind=schedule.kind.value,
        district=schedule.district,
        vehicle_no=schedule.vehicle_no,
        slot_at=entry.slot.slot_at,
        due_at=entry.slot.due_at,
        lasts_s=schedule.lasts_s,
        state=entry.state.value,
        reason=entry.slot.left_out,
        is_double_booked=entry.is_double_booked,
    )


def _exception_view(change: SlotChange) -> SlotExceptionView:
    return SlotExceptionView(
        slot_at=change.slot_at, move_to=change.move_to, reason=change.reason, by_name=change.by_name
    )
