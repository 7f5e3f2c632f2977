"""A beat: its checkpoints with place, window and dwell. Pure; a moment and a time zone are arguments."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, NewType

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId
from geofences.geo import distance_m

BeatId = NewType("BeatId", str)
DAY_MIN: Final = 24 * 60
MOST_CHECKPOINTS: Final = 40
LONGEST_NAME: Final = 80
DWELL_S: Final = (5, 1_800)
WITHIN_M: Final = (10, 100)
USUAL_WITHIN_M: Final = 25
"""So far from a checkpoint evidence still counts: 10 m of position error (95 %, horizontal, of the open
service: 北斗卫星导航系统公开服务性能规范 3.0) and 15 m from the middle of the road (our own)."""
NARROWEST_MIN: Final = 10
WIDEST_BEAT_M: Final = 30_000.0
"""Checkpoints of one beat lie no further apart: a vehicle of 20 km/h goes round within a shift."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a beat, WGS 84. ``opens_min`` and ``closes_min`` are minutes of the local day in which it
    is inspected, None for any time; a window may pass midnight."""

    checkpoint_id: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    dwell_s: int = 60
    within_m: int = USUAL_WITHIN_M
    opens_min: int | None = None
    closes_min: int | None = None


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What a patrol vehicle goes round. Every change is a new version; runs keep the one they began with."""

    beat_id: BeatId
    version: int = 1
    operator: OperatorId
    district: DistrictCode
    time_zone: str
    """IANA name of the zone whose day the windows are in."""
    name_zh: str
    name_en: str
    is_shuffled: bool = False
    """Another order each time, so that nobody can learn it."""
    checkpoints: tuple[Checkpoint, ...]
    is_retired: bool = False
    is_synthetic: bool = False
    changed_at: datetime
    changed_by_name: str = ""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """When evidence of a checkpoint counts: from, and up to."""

    begin: datetime
    end: datetime


def window_after(point: Checkpoint, at: datetime, zone: tzinfo) -> Window | None:
    """Return the window that is open at ``at`` or opens next; None when it may be inspected at any time."""
    if point.opens_min is None or point.closes_min is None:
        return None
    length = timedelta(minutes=(point.closes_min - point.opens_min) % DAY_MIN)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (-1, 0, 1):
        begin = midnight + timedelta(days=day, minutes=point.opens_min)
        if begin + length > at:
            break
    return Window(begin=begin, end=begin + length)


def is_open(point: Checkpoint, at: datetime, zone: tzinfo) -> bool:
    """Return whether evidence taken at ``at`` falls into the checkpoint's window."""
    window = window_after(point, at, zone)
    return window is None or window.begin <= at


def check_beat(beat: Beat) -> None:
    """Raise Invalid naming field and limit for the first thing that is wrong."""
    for field, name in (("nameZh", beat.name_zh), ("nameEn", beat.name_en)):
        _must(0 < len(name.strip()) <= LONGEST_NAME, "a beat has a name", field, f"1 to {LONGEST_NAME}")
    count = len(beat.checkpoints)
    _must(1 <= count <= MOST_CHECKPOINTS, "a beat has checkpoints", "checkpoints", f"1 to {MOST_CHECKPOINTS}")
    ids = [point.checkpoint_id for point in beat.checkpoints]
    _must(len(set(ids)) == count, "two checkpoints have one id", "checkpoints.checkpointId", "unique")
    for number, point in enumerate(beat.checkpoints):
        _check_point(point, f"checkpoints[{number}]")
    _must(
        _widest_m(beat.checkpoints) <= WIDEST_BEAT_M,
        "the checkpoints lie too far apart",
        "checkpoints",
        f"{WIDEST_BEAT_M / 1000:.0f} km",
    )


def _check_point(point: Checkpoint, field: str) -> None:
    for name in (point.name_zh, point.name_en):
        _must(
            0 < len(name.strip()) <= LONGEST_NAME,
            "a checkpoint has a name",
            f"{field}.name",
            f"1 to {LONGEST_NAME}",
        )
    for value, (least, most), name in (
        (point.dwell_s, DWELL_S, "dwellS"),
        (point.within_m, WITHIN_M, "withinM"),
    ):
        _must(least <= value <= most, f"{name} is out of range", f"{field}.{name}", f"{least} to {most}")
    opens, closes = point.opens_min, point.closes_min
    _must((opens is None) == (closes is None), "a window has both ends", f"{field}.closesMin", "both or none")
    if opens is None or closes is None:
        return
    for value, name in ((opens, "opensMin"), (closes, "closesMin")):
        _must(0 <= value < DAY_MIN, f"{name} is no minute of a day", f"{field}.{name}", f"0 to {DAY_MIN - 1}")
    least = max(NARROWEST_MIN, -(-point.dwell_s // 60) + 1)
    _must(
        (closes - opens) % DAY_MIN >= least,
        "the window is too narrow",
        f"{field}.closesMin",
        f"{least} min",
    )


def _must(holds: bool, what: str, field: str, limit: str) -> None:
    if not holds:
        raise Invalid("invalid-input", what, field=field, limit=limit)


def _widest_m(points: Sequence[Checkpoint]) -> float:
    first = points[0]
    return max(distance_m(first.lat, first.lng, point.lat, point.lng) for point in points)
