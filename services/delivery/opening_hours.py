"""When a merchant is open, in the city's own time."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from core.errors import Invalid

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY_MIN = 24 * 60


class OpeningHours(msgspec.Struct, frozen=True, kw_only=True):
    """Daily hours in minutes of the local day, ``[opens_min, closes_min)``; a close before the opening is
    past midnight."""

    opens_min: int
    closes_min: int
    time_zone: str = "Asia/Shanghai"


def read_hours(text: str, *, time_zone: str = "Asia/Shanghai") -> OpeningHours:
    """Return the hours written as ``HH:MM-HH:MM``; raise Invalid for anything else.

    >>> read_hours("08:00-24:00").closes_min
    1440
    """
    match = _HOURS.fullmatch(text)
    if match is None:
        raise Invalid(
            "invalid-input", f"opening hours are written HH:MM-HH:MM, not {text!r}", field="open_hours"
        )
    opens_h, opens_m, closes_h, closes_m = (int(part) for part in match.groups())
    closes_min = closes_h * 60 + closes_m
    if closes_min > _DAY_MIN:
        raise Invalid("invalid-input", f"a day ends at 24:00, not {text!r}", field="open_hours")
    return OpeningHours(opens_min=opens_h * 60 + opens_m, closes_min=closes_min, time_zone=time_zone)


def is_open(hours: OpeningHours, at: datetime) -> bool:
    """Return whether the aware moment falls inside the hours; equal ends mean around the clock."""
    return opens_today(hours, at) or runs_past_midnight(hours, at)


def opens_today(hours: OpeningHours, at: datetime) -> bool:
    """Return whether the moment falls between its own local day's opening and close, or end of day."""
    minute = _minute(hours, at)
    if hours.opens_min == hours.closes_min:
        return True
    if hours.opens_min < hours.closes_min:
        return hours.opens_min <= minute < hours.closes_min
    return minute >= hours.opens_min


def runs_past_midnight(hours: OpeningHours, at: datetime) -> bool:
    """Return whether the moment falls before the close of hours that opened on the local day before."""
    return hours.closes_min < hours.opens_min and _minute(hours, at) < hours.closes_min


def _minute(hours: OpeningHours, at: datetime) -> int:
    local = at.astimezone(ZoneInfo(hours.time_zone))
    return local.hour * 60 + local.minute
