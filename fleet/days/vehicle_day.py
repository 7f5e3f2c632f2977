"""What one vehicle did on one local day. Every number's formula stands in docs/vehicle-days.md."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

import msgspec

from core.clock import ms_of_moment
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import ControlMode, Duty
from fleet.vehicles.papers import PermitStage

FORMULA: Final = 1
"""Version of the formulas. Another number of the same frames is another version, never a silent change."""


class DaySpan(msgspec.Struct, frozen=True, kw_only=True):
    """One local day as city milliseconds; the end is not included."""

    day: date
    zone: str
    from_ms: int
    to_ms: int

    @property
    def length_ms(self) -> int:
        """Return how long the day is: 24 h where clocks are not put forward or back."""
        return self.to_ms - self.from_ms


def span_of(day: date, zone: tzinfo) -> DaySpan:
    """Return the span of a local day, from its midnight to the next.

    >>> from zoneinfo import ZoneInfo
    >>> span_of(date(2026, 7, 1), ZoneInfo("Asia/Shanghai")).length_ms // 3_600_000
    24
    """
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    return DaySpan(day=day, zone=str(zone), from_ms=ms_of_moment(begins), to_ms=ms_of_moment(ends))


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The share of a day that was driven in one mode, under one stage, in one 旗区, for one service."""

    mode: ControlMode
    stage: PermitStage | None
    """None: no permit covered the vehicle's service then."""
    district: DistrictCode
    service: ServiceKind
    metres: float = 0.0
    seconds: float = 0.0
    takeovers: int = 0
    stops: int = 0
    harsh_brakes: int = 0


class VehicleDay(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the day. Sums of ``parts`` are the day's sums; what nobody measured is None, not 0."""

    vehicle_no: VehicleNo
    day: date
    zone: str
    formula: int = FORMULA
    district: DistrictCode
    """Home 旗区, service and company as they were when the day ended: whose day it is."""
    service: ServiceKind
    operator: OperatorId
    parts: tuple[Part, ...] = ()
    frames: int = 0
    """Positions measured within the day, each counted once."""
    silence_s: float
    """Gaps above this count as unknown time."""
    existed_s: float
    """Seconds of the day since the vehicle was registered: known_s + unknown_s."""
    known_s: float = 0.0
    unknown_s: float = 0.0
    permitted_s: float = 0.0
    """Seconds in which a permit covered the vehicle's service."""
    available_s: float = 0.0
    """Of these, seconds in which it was heard, had no fault and did not stand in minimal risk or off."""
    minutes_by_duty: Mapping[Duty, float] = {}
    stops_on_the_way: int = 0
    """Of the stops over 60 s, those in a duty in which the vehicle was to drive somewhere."""
    teleports: int = 0
    """Jumps that no vehicle drives; their metres are left out."""
    battery_used_ratio: float | None = None
    """Sum of the falls of the state of charge, 1 for a full battery; None when it was never told."""
    alarms: Mapping[str, int] = {}
    """Alarms raised within the day, by kind."""
    orders: int | None = None
    """Orders delivered within the day."""
    m2: float | None = None
    """Swept area that was verified."""
    kwh: float | None = None
    """Energy used; needs the battery's capacity."""

    @property
    def metres(self) -> float:
        """Return the distance of the day."""
        return sum(part.metres for part in self.parts)

    @property
    def takeovers(self) -> int:
        """Return how often a person took over."""
        return sum(part.takeovers for part in self.parts)

    @property
    def stops(self) -> int:
        """Return how often it stood for more than a minute."""
        return sum(part.stops for part in self.parts)

    @property
    def harsh_brakes(self) -> int:
        """Return how often it braked harshly."""
        return sum(part.harsh_brakes for part in self.parts)

    def in_mode(self, mode: ControlMode) -> tuple[float, float]:
        """Return (metres, seconds) in one control mode."""
        parts = [part for part in self.parts if part.mode is mode]
        return sum(part.metres for part in parts), sum(part.seconds for part in parts)
