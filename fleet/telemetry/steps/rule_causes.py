"""What a position shows of the rules at its place: the causes of which violations are kept."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.records import Records
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.tick import Numbers, Tick
from geofences.earlier import Place, judge_then
from geofences.rules import NOBODY, SERVICE_CODES, Judgement

type Mask = NDArray[np.bool_]
type Columns = Mapping[str, NDArray[np.float64]]

RULE_KINDS: Final = (
    AlarmKind.LEFT_OPERATING_AREA,
    AlarmKind.NO_GO_ENTRY,
    AlarmKind.OVERSPEED,
    AlarmKind.SERVICE_REFUSED,
    AlarmKind.STOPPED_IN_KEEP_CLEAR,
)


class Seen(NamedTuple):
    """One position each of m different vehicles, with the rule at its place and time."""

    numbers: Numbers
    here: Records
    rules: Judgement
    has_areas: Mask | None = None
    """Whether there was any operating area when each was measured; None: as there is now."""

    def rows(self, rows: NDArray[np.intp]) -> "Seen":
        """Return some of them."""
        had_areas = None if self.has_areas is None else self.has_areas[rows]
        columns: list[NDArray[Any]] = [column[rows] for column in self.rules]
        return Seen(self.numbers[rows], self.here[rows], Judgement(*columns), had_areas)


class Observed(NamedTuple):
    """Of each position whether it shows the cause, and whether it shows that the cause is gone."""

    kind: AlarmKind
    is_cause: Mask
    is_gone: Mask
    fences: NDArray[np.int32] | None = None
    """The fence that decided."""
    values: Columns = MappingProxyType({})


def rule_causes(
    seen: Seen, works: Mask, limits: AlarmLimits, *, has_areas: bool, has_refusals: bool
) -> Iterator[Observed]:
    """Yield every rule. ``works``: who is in service; the rest say what the city's fences ask for at all."""
    rules = seen.rules
    speed = seen.here["speed_cm_s"] / 100
    outside = (rules.operating_area_by == NOBODY) & works
    outside &= has_areas if seen.has_areas is None else seen.has_areas
    yield Observed(AlarmKind.LEFT_OPERATING_AREA, outside, ~outside)
    forbidden = rules.no_entry_by != NOBODY
    yield Observed(AlarmKind.NO_GO_ENTRY, forbidden, ~forbidden, rules.no_entry_by)
    allowed = rules.speed_limit_mps * limits.overspeed_ratio + limits.overspeed_margin_mps
    values = {"speed_mps": speed, "limit_mps": rules.speed_limit_mps}
    is_fast, is_slow = speed > allowed, speed <= rules.speed_limit_mps
    yield Observed(AlarmKind.OVERSPEED, is_fast, is_slow, rules.speed_limit_by, values)
    if has_refusals:
        refused = (rules.service_refused_by != NOBODY) & works
        yield Observed(AlarmKind.SERVICE_REFUSED, refused, ~refused, rules.service_refused_by)
    blocks = (rules.no_stopping_by != NOBODY) & (speed < limits.stopped_mps)
    yield Observed(AlarmKind.STOPPED_IN_KEEP_CLEAR, blocks, ~blocks, rules.no_stopping_by)


def seen_at_own_time(tick: Tick, here: Records) -> Seen:
    """Return STREAM_POSITION[m] of different vehicles with the rules of the moment each was measured at.

    For the few that are not of now: their fences are looked up, also those that have ended since.
    """
    numbers = here["vehicle_no"].astype(np.intp)
    roster = tick.roster
    services = np.array([SERVICE_CODES[service] for service in roster.services])
    place = Place(
        lat=here["lat_e7"] * 1e-7,
        lng=here["lng_e7"] * 1e-7,
        measured_ms=here["measured_ms"].astype(np.int64),
        service=services[roster.service[numbers]],
        operator=roster.operator[numbers],
        operators=roster.operators.all(),
    )
    return Seen(numbers, here, *judge_then(tick.index, place))
