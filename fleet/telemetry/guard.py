"""Which positions move the live state: everything else has a named, counted reason.

The archive keeps what the guard refuses; the guard only decides what the city believes now.
"""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.numbering import Numbering, turns
from fleet.telemetry.records import Records
from fleet.telemetry.rejects import SEEN_AT_ONCE, Reject, RejectCounts
from fleet.telemetry.roster import Roster, longer
from fleet.telemetry.sequence_gaps import SequenceGaps

type Mask = NDArray[np.bool_]
type Rows = NDArray[np.intp]

_METRES_PER_E7: Final = 0.0111195
"""Metres of 1e-7 degrees along a meridian (mean radius 6,371,008.8 m)."""
_BELIEVED, _TAKEN_LATE = np.int8(-1), np.int8(-2)
"""Verdicts that are no reason: below 0."""
_RELOCATED_AFTER: Final = 3
"""Positions that must agree on a new place before a vehicle is believed to have been moved there."""


class GuardLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the guard."""

    future_wall_s: float = 5.0
    """How far ahead a vehicle's clock may be, in wall seconds."""
    late_s: float = 900.0
    """City seconds after which a position does not move the live state any more."""
    teleport_floor_m: float = 150.0
    """A jump that satellites reflected by houses can cause."""
    teleport_mps: float = 40.0
    """Faster than any vehicle here, also on a tow truck."""


class Bounds(msgspec.Struct, frozen=True):
    """A box in degrees that holds the city and a margin."""

    west: float
    south: float
    east: float
    north: float


class Guard:
    """Memory of every vehicle's last believed position, as columns by vehicle_no. Time is an argument."""

    def __init__(self, roster: Roster, counts: RejectCounts, limits: GuardLimits, *, rate: float) -> None:
        self._roster = roster
        self._counts = counts
        self.late_ms = round(limits.late_s * 1000)
        """City milliseconds after which a position waits for nothing any more."""
        self._future_ms = round(limits.future_wall_s * 1000 * rate)
        self._limits = limits
        self.bounds: Bounds | None = None
        """Outside of it is ``out_of_area``; None lets everything through."""
        size = roster.size
        self._seq = np.zeros(size, np.uint32)
        self._ms = np.zeros(size, np.int64)
        self._lat = np.zeros(size, np.int32)
        self._lng = np.zeros(size, np.int32)
        self._moved_lat = np.zeros(size, np.int32)
        self._moved_lng = np.zeros(size, np.int32)
        self._moved_ms = np.zeros(size, np.int64)
        self._moved_count = np.zeros(size, np.uint8)
        self._numbering = Numbering(size)
        self.gaps = SequenceGaps(size)
        """What never came, and may still come late."""
        self.late: Rows = np.zeros(0, np.intp)
        """Rows of the batch judged last that came late and fill a gap: they are judged at their own time."""
        self.returned: Rows = np.zeros(0, np.intp)
        """Numbers of that batch's vehicles that came back from a gap."""

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._seq):
            for name in ("_seq", "_ms", "_lat", "_lng", "_moved_lat", "_moved_lng", "_moved_ms"):
                setattr(self, name, longer(getattr(self, name), size))
            self._moved_count = longer(self._moved_count, size)
            self._numbering.reserve(size)
            self.gaps.reserve(size)

    def recall(self, state: Records) -> None:
        """Take the last positions of a recovered STATE[n]."""
        numbers = state["vehicle_no"]
        self._seq[numbers] = state["seq"]
        self._ms[numbers] = state["measured_ms"]
        self._lat[numbers] = state["lat_e7"]
        self._lng[numbers] = state["lng_e7"]

    def forget(self, numbers: NDArray[Any]) -> None:
        """Forget vehicles that another tracker owns now."""
        self._ms[numbers] = 0
        self._seq[numbers] = 0
        self._moved_count[numbers] = 0
        self.gaps.forget(numbers)

    def judge(self, records: Records, received_ms: NDArray[np.int64], now_ms: int) -> Mask:
        """Say which of STREAM_POSITION[n] are believed; a vehicle's records are judged in their order."""
        self.late = self.returned = np.zeros(0, np.intp)
        numbers = records["vehicle_no"].astype(np.intp)
        known = numbers < self._roster.size
        known &= self._roster.heard[np.where(known, numbers, 0)]
        if known.all() and self._numbering.are_different(numbers):
            reasons = self._turn(records, numbers, received_ms, now_ms)
        else:
            reasons = np.where(known, np.int8(-1), np.int8(Reject.UNKNOWN))
            rows = np.flatnonzero(known)
            for turn in turns(numbers[rows]):
                here = rows[turn]
                reasons[here] = self._turn(records[here], numbers[here], received_ms[here], now_ms)
        believed: Mask = reasons == _BELIEVED
        if not believed.all():
            self.late = np.flatnonzero(reasons == _TAKEN_LATE)
            for reason in np.unique(reasons[reasons >= 0]).tolist():
                rows = np.flatnonzero(reasons == reason)
                self._counts.add(Reject(reason), records["vehicle_no"][rows], self._roster.size)
                self._counts.note(
                    Reject(reason), records[rows[-SEEN_AT_ONCE:]], received_ms[rows[-SEEN_AT_ONCE:]]
                )
        return believed

    def _turn(
        self, here: Records, numbers: Rows, received_ms: NDArray[np.int64], now_ms: int
    ) -> NDArray[np.int8]:
        """Judge one record each of different vehicles: the reason, or a verdict below 0."""
        ms = here["measured_ms"]
        last = self._ms[numbers]
        # A memory from the future is of a city clock that ran before: it judges nobody.
        seen = (last != 0) & (last <= now_ms + self._future_ms)
        past = seen & (ms <= last)
        verdict = np.full(len(here), -1, np.int8)
        verdict[self._is_teleport(here, numbers, ms - last) & seen] = Reject.TELEPORT
        if self.bounds is not None:
            verdict[_is_outside(here, self.bounds)] = Reject.OUT_OF_AREA
        verdict[past | (received_ms - ms > self.late_ms)] = Reject.LATE
        if past.any():
            self._judge_past(here, numbers, received_ms, past, verdict)
        verdict[ms > received_ms + self._future_ms] = Reject.FUTURE
        if (verdict == Reject.TELEPORT).any():
            self._believe_relocated(here, numbers, verdict)
        believed = verdict == _BELIEVED
        if not believed.all():
            numbers, here, seen = numbers[believed], here[believed], seen[believed]
        jumped = (here["seq"] - self._seq[numbers] != 1) & seen
        if jumped.any():
            self._note_gaps(here[jumped], numbers[jumped], now_ms)
        self._seq[numbers] = here["seq"]
        self._ms[numbers] = here["measured_ms"]
        self._lat[numbers] = here["lat_e7"]
        self._lng[numbers] = here["lng_e7"]
        self._moved_count[numbers] = 0
        return verdict

    def _judge_past(
        self,
        here: Records,
        numbers: Rows,
        received_ms: NDArray[np.int64],
        past: Mask,
        verdict: NDArray[np.int8],
    ) -> None:
        """Tell those that came before from those that never did; of these take what can be judged."""
        those, who = here[past], numbers[past]
        places = self.gaps.find(who, those["seq"])
        missing = places != 0
        reasons = np.where(~missing & (those["seq"] <= self._seq[who]), Reject.DUPLICATE, Reject.LATE)
        fills = missing & (received_ms[past] - those["measured_ms"] <= self.late_ms)
        fills &= self._lies_between(those, self.gaps.at(places))
        if self.bounds is not None:
            fills &= ~_is_outside(those, self.bounds)
        reasons[fills] = _TAKEN_LATE
        verdict[past] = reasons
        if fills.any():
            self.gaps.take(who[fills], places[fills], those[fills])

    def _lies_between(self, those: Records, gaps: Records) -> Mask:
        """Say of positions whether they can be of a way through the ends of RANGE[n]."""
        since = those["measured_ms"] - gaps["after_ms"]
        until = gaps["before_ms"] - those["measured_ms"]
        far = self._is_far(those, gaps["after_lat_e7"], gaps["after_lng_e7"], since)
        far |= self._is_far(those, gaps["before_lat_e7"], gaps["before_lng_e7"], until)
        fits: Mask = (since > 0) & (until > 0) & ~far
        return fits

    def _note_gaps(self, here: Records, numbers: Rows, now_ms: int) -> None:
        """Note what is missing before these believed positions of vehicles that were heard before."""
        before = np.zeros(len(here), here.dtype)
        before["seq"], before["measured_ms"] = self._seq[numbers], self._ms[numbers]
        before["lat_e7"], before["lng_e7"] = self._lat[numbers], self._lng[numbers]
        noted = self.gaps.open(numbers, before, here, now_ms - self.late_ms)
        self.returned = np.concatenate((self.returned, numbers[noted]))

    def _is_teleport(self, here: Records, numbers: NDArray[Any], elapsed_ms: NDArray[np.int64]) -> Mask:
        return self._is_far(here, self._lat[numbers], self._lng[numbers], elapsed_ms)

    def _is_far(
        self, here: Records, lat: NDArray[Any], lng: NDArray[Any], elapsed_ms: NDArray[np.int64]
    ) -> Mask:
        north = (here["lat_e7"].astype(np.float64) - lat) * _METRES_PER_E7
        east = (here["lng_e7"].astype(np.float64) - lng) * _METRES_PER_E7
        east *= np.cos(np.radians(lat * 1e-7))
        reach = self._limits.teleport_floor_m + self._limits.teleport_mps * elapsed_ms.clip(min=0) / 1000
        far: Mask = north * north + east * east > reach * reach
        return far

    def _believe_relocated(self, here: Records, numbers: NDArray[Any], verdict: NDArray[np.int8]) -> None:
        """Believe a jump after three positions that agree with each other: the vehicle was carried there."""
        jumped = np.flatnonzero(verdict == Reject.TELEPORT)
        those, who = here[jumped], numbers[jumped]
        elapsed = those["measured_ms"] - self._moved_ms[who]
        agrees = (self._moved_count[who] > 0) & ~self._is_far(
            those, self._moved_lat[who], self._moved_lng[who], elapsed
        )
        self._moved_count[who] = np.where(agrees, self._moved_count[who] + 1, 1)
        self._moved_lat[who], self._moved_lng[who] = those["lat_e7"], those["lng_e7"]
        self._moved_ms[who] = those["measured_ms"]
        verdict[jumped[self._moved_count[who] >= _RELOCATED_AFTER]] = -1


def _is_outside(here: Records, box: Bounds) -> Mask:
    lat, lng = here["lat_e7"], here["lng_e7"]
    outside: Mask = (lat < box.south * 1e7) | (lat > box.north * 1e7)
    outside |= (lng < box.west * 1e7) | (lng > box.east * 1e7)
    return outside
