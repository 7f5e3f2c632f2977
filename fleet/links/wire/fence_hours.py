"""When the rules of a fence hold, as a vehicle is told and judges by itself."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Common shape: a vehicle refuses what it does not know."""


class WireSpan(_Part, frozen=True):
    """Minutes ``[start, end)`` of a day; ``end <= start`` runs past midnight."""

    start_minute: int
    end_minute: int
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    """Days on which it starts, 1 is Monday; ascending."""


class WireOtherDay(_Part, frozen=True):
    """A day on which other spans start instead."""

    day: date
    spans: tuple[WireSpan, ...] = ()


class WireHours(_Part, frozen=True):
    """Hours and dates by the wall clock of a time zone (IANA name)."""

    time_zone: str
    spans: tuple[WireSpan, ...]
    valid_from: date | None = None
    valid_until: date | None = None
    other_days: tuple[WireOtherDay, ...] = ()


def holds_at(hours: WireHours, at_ms: int) -> bool:
    """Say whether a moment (city milliseconds) lies in the hours.

    A span belongs to the day on which it starts: one that runs past midnight also runs past the last day.
    """
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_zone(hours.time_zone))
    minute, today = local.hour * 60 + local.minute, local.date()
    return _starts(hours, today, minute) or _starts(hours, today - timedelta(days=1), minute + 1440)


def hours_text(hours: WireHours) -> str:
    """Return the hours as they stand in the text that is signed.

    >>> hours_text(WireHours(time_zone="Asia/Shanghai", spans=(WireSpan(start_minute=420, end_minute=480),)))
    'hours Asia/Shanghai - - 420-480:1234567 -'
    """
    days = ";".join(f"{other.day}={_spans_text(other.spans)}" for other in hours.other_days)
    return (
        f"hours {hours.time_zone} {hours.valid_from or '-'} {hours.valid_until or '-'} "
        f"{_spans_text(hours.spans)} {days or '-'}"
    )


def _starts(hours: WireHours, day: date, minute: int) -> bool:
    if hours.valid_from is not None and day < hours.valid_from:
        return False
    if hours.valid_until is not None and day > hours.valid_until:
        return False
    other = next((other for other in hours.other_days if other.day == day), None)
    if other is not None:
        return any(_covers(span, minute) for span in other.spans)
    return any(day.isoweekday() in span.weekdays and _covers(span, minute) for span in hours.spans)


def _covers(span: WireSpan, minute: int) -> bool:
    end = span.end_minute if span.end_minute > span.start_minute else span.end_minute + 1440
    return span.start_minute <= minute < end


def _spans_text(spans: Iterable[WireSpan]) -> str:
    texts = (f"{s.start_minute}-{s.end_minute}:{''.join(str(day) for day in s.weekdays)}" for s in spans)
    return ",".join(texts) or "-"


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
