"""What a position shows of the rules at its place: the causes of which violations are kept."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.clock import moment_of_ms
from core.ids import OperatorId
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.records import Records
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.tick import Numbers, Tick
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
_MINUTE_MS: Final = 60_000


class Seen(NamedTuple):
    """One position each of m different vehicles, with the rule at its place and time."""

    numbers: Numbers
    here: Records
    rules: Judgement

    def rows(self, rows: NDArray[np.intp]) -> "Seen":
        """Return some of them."""
        return Seen(self.numbers[rows], self.here[rows], _judgement([column[rows] for column in self.rules]))


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
    if has_areas:
        outside = (rules.operating_area_by == NOBODY) & works
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
    """Return STREAM_POSITION[m] of different vehicles with the rules of the minute each was measured in.

    For the few that are not of now: their fences are looked up, and rules are judged minute by minute.
    """
    numbers = here["vehicle_no"].astype(np.intp)
    index, roster = tick.index, tick.roster
    services = np.array([SERVICE_CODES[service] for service in roster.services])
    operators = np.array([index.rules.operator_code(OperatorId(name)) for name in roster.operators.all()])
    measured_ms = here["measured_ms"].astype(np.int64)
    minutes = measured_ms // _MINUTE_MS
    columns: list[NDArray[Any]] = []
    for minute in np.unique(minutes).tolist():
        rows = np.flatnonzero(minutes == minute)
        judged = index.rules.judge(
            *index.match(here["lat_e7"][rows] * 1e-7, here["lng_e7"][rows] * 1e-7),
            moment_of_ms(int(measured_ms[rows].max())),
            services[roster.service[numbers[rows]]],
            operators[roster.operator[numbers[rows]]],
        )
        columns = columns or [np.empty(len(here), column.dtype) for column in judged]
        for column, found in zip(columns, judged, strict=True):
            column[rows] = found
    return Seen(numbers, here, _judgement(columns))


def _judgement(columns: Sequence[NDArray[Any]]) -> Judgement:
    return Judgement(*columns)
