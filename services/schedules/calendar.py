"""When: cron or plain times in a time zone, narrowed by validity, holidays and exceptions. Pure.

What the clock change does is cronsim's (Debian cron): a fixed time that the change leaves out happens at the
first minute after it, one that it repeats happens the first time; a step of hours or minutes follows real
time. tests/unit/services/schedules/test_calendar.py holds it in three zones.
"""

import heapq
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from core.errors import Invalid
from services.schedules.kinds import DayRule

CLOSEST: Final = timedelta(minutes=10)
"""Occurrences of one schedule are at least this far apart."""
TRIED: Final = 120
"""So many ticks are looked at before a calendar is believed to keep the distance."""
LONGEST_LOOK: Final = timedelta(days=400)
"""A preview looks no further: a yearly time is within it."""
LEFT_OUT: Final = ("exception", "day_off")
"""Why a slot of the calendar does not happen."""
_REPEATED: Final = timedelta(hours=3)
"""Cron is begun so much earlier, because an hour may come twice; no zone sets its clock back further."""


class Cron(msgspec.Struct, frozen=True, kw_only=True, tag="cron"):
    """Five fields: minute, hour, day of month, month, day of week."""

    expression: str


class Daily(msgspec.Struct, frozen=True, kw_only=True, tag="daily"):
    """Plain times of the day, ``HH:MM``, on some weekdays (0 is Monday)."""

    times: tuple[str, ...]
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


Timing = Cron | Daily


class SlotChange(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence that is not at its time: ``move_to`` another, or None to leave it out."""

    slot_at: datetime
    move_to: datetime | None = None
    reason: str
    by_name: str = ""


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """The times of one schedule. ``valid_from`` and ``valid_until`` are local days, both included."""

    timing: Timing
    zone: str
    days: DayRule = DayRule.EVERY_DAY
    valid_from: date | None = None
    valid_until: date | None = None
    changes: tuple[SlotChange, ...] = ()
    days_off: tuple[date, ...] = ()
    ended_at: datetime | None = None
    """A person ended it: nothing is due later."""


class Holiday(msgspec.Struct, frozen=True, kw_only=True):
    """A day whose weekday does not say whether people work: a public holiday, or a weekend worked for one."""

    day: date
    is_working: bool
    name_zh: str
    name_en: str


Holidays = Mapping[date, Holiday]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence: ``slot_at`` is its time by the calendar and its identity, ``due_at`` when it is due.

    ``left_out`` says why it will not happen, empty when it will.
    """

    slot_at: datetime
    due_at: datetime
    left_out: str = ""


def slots(calendar: Calendar, holidays: Holidays, *, after: datetime, until: datetime) -> Iterator[Slot]:
    """Yield the slots due in (after, until], the earliest first, UTC; moved ones stand where they moved to.

    Slots that an exception leaves out are yielded with their reason: they are to be shown and kept.
    """
    if calendar.ended_at is not None:
        until = min(until, calendar.ended_at)
    moved = {c.slot_at: c for c in calendar.changes if c.move_to is not None}
    found = [
        Slot(slot_at=change.slot_at, due_at=change.move_to)
        for change in moved.values()
        if change.move_to is not None
        and after < change.move_to <= until
        and _is_slot(calendar, holidays, change)
    ]
    return heapq.merge(
        sorted(found, key=_due),
        (slot for slot in _unmoved(calendar, holidays, after, until) if slot.slot_at not in moved),
        key=_due,
    )


def check_calendar(calendar: Calendar) -> None:
    """Raise Invalid naming the field when the calendar cannot be read, is too dense or ends before it begins.

    >>> check_calendar(Calendar(timing=Cron(expression="0 6 * * *"), zone="Asia/Shanghai"))
    """
    _zone(calendar.zone)
    if calendar.valid_from and calendar.valid_until and calendar.valid_until < calendar.valid_from:
        raise Invalid(
            "invalid-input", "it ends before it begins", field="validUntil", limit=f"{calendar.valid_from}"
        )
    for expression in _expressions(calendar.timing):
        _read(expression, datetime(2026, 1, 1, tzinfo=UTC))
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    before: datetime | None = None
    for seen, tick in enumerate(_ticks(calendar, begin, begin + LONGEST_LOOK)):
        if before is not None and tick - before < CLOSEST:
            raise Invalid(
                "invalid-input",
                f"two times are less than {CLOSEST // timedelta(minutes=1)} minutes apart",
                field="timing",
                limit=f"{CLOSEST // timedelta(minutes=1)} minutes",
            )
        before = tick
        if seen >= TRIED:
            break


def counts(day: date, rule: DayRule, holidays: Holidays) -> bool:
    """Return whether a local day counts under a rule; one that no holiday names is what its weekday says."""
    named = holidays.get(day)
    is_holiday = named is not None and not named.is_working
    is_working = named.is_working if named is not None else day.weekday() < 5
    match rule:
        case DayRule.EVERY_DAY:
            return True
        case DayRule.WORKING_DAYS:
            return is_working
        case DayRule.REST_DAYS:
            return not is_working
        case DayRule.NO_HOLIDAYS:
            return not is_holiday
        case DayRule.HOLIDAYS:
            return is_holiday


def _due(slot: Slot) -> datetime:
    return slot.due_at


def _unmoved(calendar: Calendar, holidays: Holidays, after: datetime, until: datetime) -> Iterator[Slot]:
    zone = _zone(calendar.zone)
    left_out = {change.slot_at for change in calendar.changes if change.move_to is None}
    for tick in _ticks(calendar, after, until):
        day = tick.astimezone(zone).date()
        if not _is_valid(calendar, day) or not counts(day, calendar.days, holidays):
            continue
        exception, day_off = LEFT_OUT
        reason = exception if tick in left_out else day_off if day in calendar.days_off else ""
        yield Slot(slot_at=tick, due_at=tick, left_out=reason)


def _is_slot(calendar: Calendar, holidays: Holidays, change: SlotChange) -> bool:
    """Return whether the calendar still has the slot that was moved: its times may have changed since."""
    moment = change.slot_at
    return any(
        slot.slot_at == moment for slot in _unmoved(calendar, holidays, moment - timedelta(seconds=1), moment)
    )


def _is_valid(calendar: Calendar, day: date) -> bool:
    begun = calendar.valid_from is None or day >= calendar.valid_from
    return begun and (calendar.valid_until is None or day <= calendar.valid_until)


def _ticks(calendar: Calendar, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield every time of the calendar in (after, until] once, UTC, whatever day it is."""
    zone = _zone(calendar.zone)
    start = (after - _REPEATED).astimezone(zone)
    last: datetime | None = None
    for tick in heapq.merge(*(_utc(_read(text, start)) for text in _expressions(calendar.timing))):
        if tick > until:
            return
        if tick > after and tick != last:
            last = tick
            yield tick


def _utc(ticks: Iterator[datetime]) -> Iterator[datetime]:
    return (tick.astimezone(UTC) for tick in ticks)


def _expressions(timing: Timing) -> tuple[str, ...]:
    if isinstance(timing, Cron):
        return (timing.expression,)
    if not timing.times or not timing.weekdays:
        raise Invalid("invalid-input", "name at least one time and one weekday", field="timing", limit="≥ 1")
    if not all(0 <= day <= 6 for day in timing.weekdays):
        raise Invalid(
            "invalid-input", "a weekday is 0 (Monday) to 6", field="timing.weekdays", limit="0 to 6"
        )
    # cron counts from Sunday
    weekdays = ",".join(str((day + 1) % 7) for day in sorted(set(timing.weekdays)))
    return tuple(f"{_minute_and_hour(time)} * * {weekdays}" for time in sorted(set(timing.times)))


def _minute_and_hour(time: str) -> str:
    hour, _, minute = time.partition(":")
    fits = len(time) == 5 and time.isascii() and hour.isdigit() and minute.isdigit()
    if not fits or int(hour) > 23 or int(minute) > 59:
        raise Invalid("invalid-input", f"{time!r} is no time", field="timing.times", limit="HH:MM")
    return f"{int(minute)} {int(hour)}"


def _read(expression: str, start: datetime) -> CronSim:
    if len(expression.split()) != 5:
        raise Invalid(
            "invalid-input", "cron has five fields here", field="timing.expression", limit="5 fields"
        )
    try:
        return CronSim(expression, start)
    except CronSimError as error:
        raise Invalid(
            "invalid-input", f"this is no cron expression: {error}", field="timing.expression", limit="cron"
        ) from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # not a key, a folder of the data base, not in it
        raise Invalid(
            "invalid-input", f"there is no time zone {name!r}", field="zone", limit="IANA name"
        ) from None
