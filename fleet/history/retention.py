"""Which hour is kept how finely: by age, and by the bytes that are meant for full rate. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from fleet.history.kept import HOUR_MS
from fleet.history.ledger import LEVELS, Level

DAY_MS: Final = 86_400_000


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """How long each class is kept; days are city days of 24 h, counted from the end of the hour."""

    full_rate_bytes: int = 100_000_000_000
    full_rate_days: float = 90
    full_rate_least_hours: float = 48
    """Whatever the bytes say: vehicle-days are computed from these hours."""
    thinned_days: float = 365
    evidence_days: float = 1095
    status_days: float = 365


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour as it is on disk."""

    hour: int
    level: Level
    bytes: int
    stored: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One hour to write anew at a coarser level, and why."""

    hour: int
    level: Level
    reason: str


def level_by_age(hour: int, now_ms: int, keeping: Keeping) -> Level:
    """Return how finely an hour is kept at most, by its age."""
    age_days = (now_ms - (hour + 1) * HOUR_MS) / DAY_MS
    if age_days > keeping.evidence_days:
        return Level.GONE
    if age_days > keeping.thinned_days:
        return Level.EVIDENCE
    return Level.THINNED if age_days > keeping.full_rate_days else Level.FULL


def next_step(hours: Sequence[Hour], other_bytes: int, now_ms: int, keeping: Keeping) -> Step | None:
    """Return the most urgent step, None when everything is as it should be.

    First what is too old for its level, oldest first; then, while all bytes are above the budget, the oldest
    hour at full rate. ``other_bytes`` is what lies in raw files, which no rule touches.
    """
    by_age = sorted(hours, key=lambda hour: hour.hour)
    for hour in by_age:
        wanted = level_by_age(hour.hour, now_ms, keeping)
        if LEVELS.index(wanted) > LEVELS.index(hour.level):
            return Step(hour=hour.hour, level=wanted, reason="age")
    if other_bytes + sum(hour.bytes for hour in hours) <= keeping.full_rate_bytes:
        return None
    youngest = now_ms - keeping.full_rate_least_hours * HOUR_MS
    for hour in by_age:
        if hour.level is Level.FULL and (hour.hour + 1) * HOUR_MS <= youngest:
            return Step(hour=hour.hour, level=Level.THINNED, reason="bytes")
    return None


def next_status_step(hours: Sequence[Hour], now_ms: int, keeping: Keeping) -> Step | None:
    """Return the oldest hour of status records that is past its days, None without one."""
    for hour in sorted(hours, key=lambda hour: hour.hour):
        age_days = (now_ms - (hour.hour + 1) * HOUR_MS) / DAY_MS
        if hour.level is not Level.GONE and age_days > keeping.status_days:
            return Step(hour=hour.hour, level=Level.GONE, reason="age")
    return None
