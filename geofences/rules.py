"""What holds at a place and a time: many fences, one rule, and the fence that decided each part of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import ms_of_moment
from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from geofences.distinct import distinct
from geofences.fences import Fence, FenceHours, FenceKind, FenceRef, HourSpan, ref

type Indices = NDArray[np.int32]
type Booleans = NDArray[np.bool_]

SERVICE_CODES: Final[Mapping[ServiceKind, int]] = {kind: code for code, kind in enumerate(ServiceKind)}
"""Number of each service in columns."""
ANY_OPERATOR: Final = -1
"""Operator number of a fence that concerns everybody, and of a vehicle whose operator no fence names."""
EVERYWHERE: Final = -1
"""District number of a fence that belongs to no 旗区."""
NOBODY: Final = -1
"""Fence number where no fence decides."""

_MINUTES_KEPT: Final = 32
"""That of now, and those of what came late: a buffer holds a quarter of an hour at most."""
_KIND_RANK: Final = {kind: rank for rank, kind in enumerate(FenceKind)}


class EffectiveRule(msgspec.Struct, frozen=True, kw_only=True):
    """The one rule at a place, a time, for one service and operator."""

    speed_limit_mps: float | None = None
    no_entry: bool = False
    no_stopping: bool = False
    is_service_allowed: bool = True
    capacity: int | None = None
    decided_by: dict[str, FenceRef] = {}
    """Field → the fence that decided it; a field at its default was decided by none."""
    fences: tuple[FenceRef, ...] = ()
    """Every fence in force here, most specific first."""


class Judgement(NamedTuple):
    """The rule for each of n positions, as columns; ``*_by`` is a fence number or ``NOBODY``."""

    speed_limit_mps: NDArray[np.float64]
    """inf where there is none."""
    speed_limit_by: Indices
    no_entry_by: Indices
    no_stopping_by: Indices
    service_refused_by: Indices
    operating_area_by: Indices
    """The most specific operating area around the position; NOBODY means outside all of them."""
    district_by: Indices


class RuleColumns:
    """Rules of an index's fences as numpy columns, by fence number. Immutable but for some cached minutes."""

    def __init__(self, fences: Sequence[Fence], areas_m2: NDArray[np.float64]) -> None:
        """Take the fences and the area of each; the smaller fence is the more specific one."""
        self.fences = fences
        self.areas_m2 = areas_m2
        order = sorted(range(len(fences)), key=lambda n: (*_specificity(fences[n], float(areas_m2[n])), n))
        self.rank = np.empty(len(fences), np.int32)
        self.rank[order] = np.arange(len(fences), dtype=np.int32)
        """0 is the most specific of all."""
        limits = [np.inf if f.rules.speed_limit_mps is None else f.rules.speed_limit_mps for f in fences]
        self.speed_limit_mps = np.array(limits, np.float64)
        self.no_entry = np.array([forbids_entry(f) for f in fences], np.bool_)
        self.no_stopping = np.array([forbids_stopping(f) for f in fences], np.bool_)
        self.kind = np.array([_KIND_RANK[f.kind] for f in fences], np.int8)
        self.concerns = np.array([_mask(f.services or ServiceKind) for f in fences], np.uint8)
        allowed = [
            ServiceKind if f.rules.allowed_services is None else f.rules.allowed_services for f in fences
        ]
        self.allows = np.array([_mask(services) for services in allowed], np.uint8)
        names = sorted({f.operator for f in fences if f.operator is not None})
        self.operator_codes: Mapping[OperatorId, int] = {name: code for code, name in enumerate(names)}
        self.operator = np.array([self.operator_code(f.operator) for f in fences], np.int32)
        places = sorted({f.district for f in fences if f.district is not None})
        self.district_codes: Mapping[DistrictCode, int] = {name: code for code, name in enumerate(places)}
        codes = [EVERYWHERE if f.district is None else self.district_codes[f.district] for f in fences]
        self.district = np.array(codes, np.int32)
        self.effective_at = [f.effective_at for f in fences]
        self._timed = [n for n, f in enumerate(fences) if f.hours is not None]
        self._begins_in = {start.replace(second=0, microsecond=0) for start in self.effective_at}
        self._minutes: dict[datetime, Booleans] = {}

    @cached_property
    def effective_ms(self) -> NDArray[np.int64]:
        """When each fence came or comes into force, int64[fences]."""
        return np.array([ms_of_moment(start) for start in self.effective_at], np.int64)

    @cached_property
    def begins_ms(self) -> NDArray[np.int64]:
        """The different moments at which fences come into force, ascending."""
        return distinct(self.effective_ms)

    @cached_property
    def is_operating_area(self) -> Booleans:
        """Which fences are operating areas, bool[fences]."""
        return np.array([fence.kind is FenceKind.OPERATING_AREA for fence in self.fences], np.bool_)

    def operator_code(self, operator: OperatorId | None) -> int:
        """Return the number of an operator in these columns, ``ANY_OPERATOR`` when no fence names it."""
        return ANY_OPERATOR if operator is None else self.operator_codes.get(operator, ANY_OPERATOR)

    def concerned(
        self,
        numbers: Indices,
        service: NDArray[np.integer],
        operator: NDArray[np.integer],
        district: NDArray[np.integer],
    ) -> Booleans:
        """Return for each pair of a fence and a vehicle whether the one concerns the other, bool[n].

        ``service``: code of each vehicle's service (``SERVICE_CODES``), ``operator`` and ``district``: the
        numbers of its operator and home 旗区 in these columns (-1 when no fence names it).
        """
        served = (self.concerns[numbers] >> service.astype(np.uint8)) & 1 != 0
        own = (self.operator[numbers] == ANY_OPERATOR) | (self.operator[numbers] == operator)
        home: Booleans = (self.district[numbers] == EVERYWHERE) | (self.district[numbers] == district)
        home &= served & own
        return home

    def active(self, at: datetime) -> Booleans:
        """Return which fences are in force at ``at`` (aware), as ``bool[fences]``.

        Hours count by whole minutes. The answers for some minutes are kept, the same array each time, but for
        a minute in which a fence comes into force.
        """
        minute = at.replace(second=0, microsecond=0)
        known = self._minutes.get(minute)
        if known is not None:
            return known
        active = np.array([start <= at for start in self.effective_at], np.bool_)
        for number in self._timed:
            hours = self.fences[number].hours
            active[number] &= hours is None or is_open(hours, at)
        if minute not in self._begins_in:
            if len(self._minutes) >= _MINUTES_KEPT:
                self._minutes.pop(next(iter(self._minutes)))
            self._minutes[minute] = active
        return active

    def judge(
        self,
        offsets: NDArray[np.int64],
        numbers: Indices,
        at: datetime,
        service: NDArray[np.integer],
        operator: NDArray[np.integer],
    ) -> Judgement:
        """Return the rule at each of n positions, given what ``FenceIndex.match`` said of them.

        ``service``: code of each position's vehicle (``SERVICE_CODES``); ``operator``: its number in
        these columns. A late position is judged at its own time: call again with that ``at``.
        """
        points = len(offsets) - 1
        row = np.repeat(np.arange(points), np.diff(offsets))
        own = self.operator[numbers]
        bit = np.left_shift(1, service.astype(np.int64))[row]
        applies = self.active(at)[numbers] & ((self.concerns[numbers] & bit) != 0)
        applies &= (own == ANY_OPERATOR) | (own == operator[row])
        row, numbers, bit = row[applies], numbers[applies], bit[applies]

        limited = np.isfinite(self.speed_limit_mps[numbers])
        limit_by = self._first(row[limited], numbers[limited], points, self.speed_limit_mps)
        limit = np.full(points, np.inf)
        limit[limit_by >= 0] = self.speed_limit_mps[limit_by[limit_by >= 0]]

        def decided(where: Booleans) -> Indices:
            return self._first(row[where], numbers[where], points)

        return Judgement(
            speed_limit_mps=limit,
            speed_limit_by=limit_by,
            no_entry_by=decided(self.no_entry[numbers]),
            no_stopping_by=decided(self.no_stopping[numbers]),
            service_refused_by=decided((self.allows[numbers] & bit) == 0),
            operating_area_by=decided(self.kind[numbers] == _KIND_RANK[FenceKind.OPERATING_AREA]),
            district_by=decided(self.kind[numbers] == _KIND_RANK[FenceKind.DISTRICT]),
        )

    def _first(
        self,
        row: NDArray[np.intp],
        numbers: Indices,
        points: int,
        smallest: NDArray[np.float64] | None = None,
    ) -> Indices:
        """Return for each point the fence with the smallest value, then the most specific; NOBODY without."""
        chosen = np.full(points, NOBODY, np.int32)
        if not len(row):
            return chosen
        keys = (self.rank[numbers],) if smallest is None else (self.rank[numbers], smallest[numbers])
        order = np.lexsort((*keys, row))[::-1]
        chosen[row[order]] = numbers[order]  # the last write wins: reversed, that is the first of each row
        return chosen


def resolve(
    columns: RuleColumns,
    numbers: Iterable[int],
    at: datetime,
    service: ServiceKind,
    operator: OperatorId | None = None,
) -> EffectiveRule:
    """Return the one rule of these fences: the tightest limit wins, then the most specific fence decides."""
    active = columns.active(at)
    bit, own = 1 << SERVICE_CODES[service], columns.operator_code(operator)
    here = [
        columns.fences[n]
        for n in sorted(numbers, key=lambda n: int(columns.rank[n]))
        if active[n] and columns.concerns[n] & bit and columns.operator[n] in (ANY_OPERATOR, own)
    ]
    limits = [f for f in here if f.rules.speed_limit_mps is not None]
    tightest = min(limits, key=lambda f: f.rules.speed_limit_mps or 0.0, default=None)
    entry = next((f for f in here if forbids_entry(f)), None)
    stopping = next((f for f in here if forbids_stopping(f)), None)
    refusing = next((f for f in here if not _allows(f, service)), None)
    crowding = next((f for f in here if f.rules.capacity is not None), None)
    decided = {
        "speed_limit_mps": tightest,
        "no_entry": entry,
        "no_stopping": stopping,
        "is_service_allowed": refusing,
        "capacity": crowding,
    }
    return EffectiveRule(
        speed_limit_mps=tightest.rules.speed_limit_mps if tightest else None,
        no_entry=entry is not None,
        no_stopping=stopping is not None,
        is_service_allowed=refusing is None,
        capacity=crowding.rules.capacity if crowding else None,
        decided_by={field: ref(fence) for field, fence in decided.items() if fence is not None},
        fences=tuple(ref(fence) for fence in here),
    )


def forbids_entry(fence: Fence) -> bool:
    """Return whether nobody may enter: by its rules, or because its kind says so."""
    return fence.rules.no_entry or fence.kind is FenceKind.NO_GO


def forbids_stopping(fence: Fence) -> bool:
    """Return whether nobody may stop: by its rules, or because its kind says so."""
    return fence.rules.no_stopping or fence.kind is FenceKind.KEEP_CLEAR


def is_open(hours: FenceHours, at: datetime) -> bool:
    """Return whether a moment (aware) lies in the hours, by the wall clock of the fence's time zone.

    A span belongs to the day it starts on, so one that runs past midnight also runs past the last valid day.
    """
    local = at.astimezone(_zone(hours.time_zone))
    minute = local.hour * 60 + local.minute
    today = local.date()
    return _holds(hours, today, minute) or _holds(hours, today - timedelta(days=1), minute + 1440)


def _holds(hours: FenceHours, day: date, minute: int) -> bool:
    """Say whether a span that starts on a day holds at a minute counted from that day's midnight."""
    if (hours.valid_from is not None and day < hours.valid_from) or (
        hours.valid_until is not None and day > hours.valid_until
    ):
        return False
    other = next((other for other in hours.other_days if other.day == day), None)
    if other is not None:
        return any(span.start_minute <= minute < _end(span) for span in other.spans)
    weekday = day.isoweekday()
    return any(weekday in span.weekdays and span.start_minute <= minute < _end(span) for span in hours.spans)


def _end(span: HourSpan) -> int:
    return span.end_minute if span.end_minute > span.start_minute else span.end_minute + 1440


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _specificity(fence: Fence, area_m2: float) -> tuple[float, int]:
    return area_m2, -_KIND_RANK[fence.kind]


def _allows(fence: Fence, service: ServiceKind) -> bool:
    return fence.rules.allowed_services is None or service in fence.rules.allowed_services


def _mask(services: Iterable[ServiceKind]) -> int:
    return sum(1 << SERVICE_CODES[service] for service in services)
