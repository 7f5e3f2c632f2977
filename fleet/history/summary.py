"""What a vehicle did over a span, out of its positions. Pure; the formulas are in docs/history.md."""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8, PositionFlag
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import CONTROL_MODES, ControlMode

FORMULA: Final = "summary-1"
GAP_MS: Final = 15_000
"""Between positions further apart in time nothing is known; thinned history has one in 10 s at least."""
STANDING_M_S: Final = 0.3
"""Below it at both ends of a step a vehicle stands: wheel odometers and receivers show less when parked."""
STOP_S: Final = 60.0
ACCURACY_MOST_M: Final = 25.0
"""A position that knows its place worse, or has no fix, measures no distance."""
FASTEST_M_S: Final = 30.0
"""A step that would need more is a jump of the receiver."""
EARTH_M: Final = 6_371_008.8
"""Mean radius (IUGG)."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle over one span. moving + standing + silent = from the first position to the last."""

    vehicle_no: int
    positions: int
    first_ms: int
    last_ms: int
    distance_m: float
    moving_s: float
    standing_s: float
    silent_s: float
    stops: int
    """Times it stood for a minute or longer without a gap."""
    stopped_s: float
    """How long those stops lasted together."""
    idle_s: float
    """Standing, switched on and not charging."""
    top_speed_mps: float
    mode_s: dict[ControlMode, float]
    """Seconds in each control mode, gaps left out."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A span in which a vehicle said nothing."""

    from_ms: int
    to_ms: int


def gaps(measured_ms: NDArray[Any], from_ms: int, to_ms: int) -> tuple[Gap, ...]:
    """Return the silences of more than GAP_MS in a span, those at its ends included; times ascend."""
    edges = np.concatenate(([from_ms], measured_ms, [to_ms]))
    wide = np.flatnonzero(np.diff(edges) > GAP_MS)
    return tuple(Gap(from_ms=int(edges[at]), to_ms=int(edges[at + 1])) for at in wide)


def summarise(records: Records) -> Summary:
    """Return the summary of one vehicle's positions, ascending by time; at least one. See docs/history.md."""
    ms = records["measured_ms"]
    step_s = np.diff(ms) / 1000
    is_gap = np.diff(ms) > GAP_MS
    speed = records["speed_cm_s"] / 100
    moves = (np.maximum(speed[:-1], speed[1:]) >= STANDING_M_S) & ~is_gap
    stands = ~moves & ~is_gap
    flags = records["mode_flags"][:-1]
    modes = flags & MODE_MASK
    is_on = (modes != CONTROL_MODES.index(ControlMode.OFF)) & (flags & PositionFlag.CHARGING == 0)
    stops = _long_runs(stands, step_s)
    return Summary(
        vehicle_no=int(records["vehicle_no"][0]),
        positions=len(records),
        first_ms=int(ms[0]),
        last_ms=int(ms[-1]),
        distance_m=round(_distance_m(records), 1),
        moving_s=_seconds(step_s, moves),
        standing_s=_seconds(step_s, stands),
        silent_s=_seconds(step_s, is_gap),
        stops=len(stops),
        stopped_s=round(float(stops.sum()), 3),
        idle_s=_seconds(step_s, stands & is_on),
        top_speed_mps=float(speed.max()),
        mode_s={
            CONTROL_MODES[mode]: _seconds(step_s, (modes == mode) & ~is_gap)
            for mode in sorted({int(mode) for mode in modes[~is_gap]})
            if mode < len(CONTROL_MODES)
        },
    )


def _seconds(step_s: NDArray[np.float64], which: NDArray[np.bool_]) -> float:
    return round(float(step_s[which].sum()), 3)


def _distance_m(records: Records) -> float:
    """Sum the steps on which the vehicle says it moves, between positions that know their place."""
    accuracy, flags = records["accuracy_dm"], records["mode_flags"]
    is_placed = (flags & PositionFlag.NO_FIX) == 0
    is_placed &= (accuracy == UNKNOWN_U8) | (accuracy <= ACCURACY_MOST_M * 10)
    placed = records[is_placed]
    step_ms = np.diff(placed["measured_ms"])
    speed = placed["speed_cm_s"] / 100
    step_m = steps_m(placed["lat_e7"], placed["lng_e7"])
    counts = (np.maximum(speed[:-1], speed[1:]) >= STANDING_M_S) & (step_ms <= GAP_MS)
    counts &= step_m <= FASTEST_M_S * step_ms / 1000
    return float(step_m[counts].sum())


def steps_m(lat_e7: NDArray[Any], lng_e7: NDArray[Any]) -> NDArray[np.float64]:
    """Return the metres between neighbours on the sphere (haversine), n - 1 of n."""
    lat, lng = np.radians(lat_e7 * 1e-7), np.radians(lng_e7 * 1e-7)
    north, east = np.sin(np.diff(lat) / 2), np.sin(np.diff(lng) / 2)
    half = north * north + np.cos(lat[:-1]) * np.cos(lat[1:]) * east * east
    metres: NDArray[np.float64] = 2 * EARTH_M * np.arcsin(np.sqrt(half))
    return metres


def _long_runs(stands: NDArray[np.bool_], step_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds of each run of standing steps that lasts STOP_S or longer."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], stands, [False])).astype(np.int8)))
    sums = np.concatenate(([0.0], np.cumsum(step_s)))
    runs: NDArray[np.float64] = sums[edges[1::2]] - sums[edges[::2]]
    return runs[runs >= STOP_S]
