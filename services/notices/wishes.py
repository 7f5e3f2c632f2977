"""How somebody wants to be reached: language, quiet hours, with or without a smartphone, how fast on foot."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from core.ids import ResidentId
from services.delivery.opening_hours import OpeningHours, is_open, read_hours

USUAL_QUIET_HOURS = "22:00-07:00"
"""When nobody is told what can wait, unless he says otherwise."""
MOST_EXTRA_WAIT_S = 1800.0
"""Longest that a vehicle waits beyond the pickup point's own time."""


class ReachedBy(StrEnum):
    """What somebody has."""

    PAGE = "page"
    """A smartphone: the page first."""
    SMS = "sms"
    """A plain mobile: texts, with the code in them."""
    VOICE = "voice"
    """A telephone that only rings: a voice reads the code."""


REACHED_BY_NAMES: Mapping[ReachedBy, tuple[str, str]] = MappingProxyType(
    {
        ReachedBy.PAGE: ("智能手机", "smartphone"),
        ReachedBy.SMS: ("短信", "text messages"),
        ReachedBy.VOICE: ("电话", "telephone"),
    }
)
"""(zh, en) of every way to be reached."""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient wants; everybody who said nothing has these defaults."""

    resident_id: ResidentId
    language: str = "zh"
    quiet_hours: str = USUAL_QUIET_HOURS
    """``HH:MM-HH:MM`` in the city's time; empty is never."""
    reached_by: ReachedBy = ReachedBy.PAGE
    extra_wait_s: float = 0.0
    """City seconds that a vehicle waits longer for somebody who is not quick on foot."""
    wechat_id: str = ""

    def __repr__(self) -> str:
        return f"Wishes({self.resident_id!r}, {self.language}, {self.reached_by.value})"


def quiet_until(hours: str, at: datetime, *, time_zone: str) -> datetime | None:
    """Return when the quiet hours end that hold at a moment; None when it is not quiet."""
    if not hours:
        return None
    quiet = read_hours(hours, time_zone=time_zone)
    return _end_of(quiet, at) if quiet.opens_min != quiet.closes_min and is_open(quiet, at) else None


def _end_of(quiet: OpeningHours, at: datetime) -> datetime:
    local = at.astimezone(ZoneInfo(quiet.time_zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = local.hour * 60 + local.minute
    if quiet.closes_min <= minute:
        midnight += timedelta(days=1)
    return (midnight + timedelta(minutes=quiet.closes_min)).astimezone(at.tzinfo)
