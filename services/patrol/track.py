"""Whether a vehicle was where it says it took evidence: its own telemetry at that time decides. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.clock import ms_of_moment
from geofences.geo import distance_m
from services.patrol.kinds import TrackCheck
from services.patrol.run import Evidence

NEAR_S: Final = 60.0
"""Positions so far from the moment of the evidence, before or after, say where the vehicle was."""
APART_M: Final = 40.0
"""Evidence further from the track is doubtful: two positions of 10 m error each (95 %, the open service),
and 20 m for the corner that a straight line between two positions cuts. Ours."""
UNKNOWN_AFTER: Final = timedelta(hours=2)
"""Positions that have not come by then will not: a vehicle out of reach sends what it stored."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A position out of telemetry, WGS 84."""

    measured_ms: int
    lat: float
    lng: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What the track says of evidence; ``off_m`` is None as long as it says nothing."""

    check: TrackCheck
    off_m: float | None = None


def compare(evidence: Evidence, fixes: Sequence[Fix], *, at: datetime) -> Compared:
    """Return what the positions around the moment of the evidence say of its place at ``at``.

    Where the vehicle was is taken on the line between the positions before and after; with positions on one
    side only, from the nearest in time, once the next had time to come.
    """
    taken_ms = ms_of_moment(evidence.taken_at)
    near = sorted(
        (fix for fix in fixes if abs(fix.measured_ms - taken_ms) <= NEAR_S * 1_000),
        key=lambda fix: fix.measured_ms,
    )
    before = [fix for fix in near if fix.measured_ms <= taken_ms]
    after = [fix for fix in near if fix.measured_ms >= taken_ms]
    age = at - evidence.taken_at
    if not near:
        return Compared(check=TrackCheck.UNKNOWN if age >= UNKNOWN_AFTER else TrackCheck.WAITING)
    if not after and age <= timedelta(seconds=NEAR_S):
        return Compared(check=TrackCheck.WAITING)
    earlier, later = (before or after[:1])[-1], (after or before[-1:])[0]
    lat, lng = _place_at(taken_ms, earlier, later)
    off_m = round(distance_m(evidence.lat, evidence.lng, lat, lng), 1)
    agrees = off_m <= APART_M + (evidence.accuracy_m or 0.0)
    return Compared(check=TrackCheck.AGREES if agrees else TrackCheck.DOUBTFUL, off_m=off_m)


def _place_at(moment_ms: int, earlier: Fix, later: Fix) -> tuple[float, float]:
    span = later.measured_ms - earlier.measured_ms
    share = 0.0 if span <= 0 else (moment_ms - earlier.measured_ms) / span
    share = min(1.0, max(0.0, share))
    return (
        earlier.lat + (later.lat - earlier.lat) * share,
        earlier.lng + (later.lng - earlier.lng) * share,
    )
