"""Whether a vehicle should charge, when, and how warm its battery must be for it. Pure."""

from enum import StrEnum

from services.dispatch.energy import RATIO_PER_KM, RESERVE_RATIO, reach_m, temperature_factor

LEAST_REACH_M = 18_000.0
"""An idle vehicle that reaches less far at its temperature drives to a charger: two long deliveries are still
left in it. 27 % at 20 °C, 39 % at −25 °C."""
TOP_UP_BELOW_RATIO = 0.75
"""In a gap in demand a vehicle below this charges as well; above it the current tapers soon."""
LEAST_CHARGE_C = 0.0
"""A lithium cell below it takes hardly any current: lithium plates on the anode (Waldmann et al., J. Power
Sources 384, 2018). The maker's own limit where a pack names none."""
PREHEAT_TO_C = 5.0
"""Warm enough that it does not cool below the limit on the last metres."""
PREHEAT_S_PER_C = 170.0
"""Seconds of a 600 W heater for a degree of a 100 kg pack at 1 kJ/(kg K)."""
PREHEAT_RATIO_PER_C = 0.0024
"""What a degree takes of a 12 kWh pack."""
CHARGER_W = 7_000.0
"""What a slot gives unless its charger says otherwise."""


class Need(StrEnum):
    """How much a vehicle needs a charger."""

    NONE = "none"
    TOP_UP = "top_up"
    """Nobody needs it now: better now than in the rush."""
    NOW = "now"


def need_of(
    battery_ratio: float | None, temperature_c: float | None, *, is_charging: bool, is_gap: bool
) -> Need:
    """Return how much an idle vehicle needs a charger; one that charges or never said needs none.

    >>> need_of(0.3, 20, is_charging=False, is_gap=False), need_of(0.3, -25, is_charging=False, is_gap=False)
    (<Need.NONE: 'none'>, <Need.NOW: 'now'>)
    """
    if battery_ratio is None or is_charging:
        return Need.NONE
    if reach_m(battery_ratio, temperature_c) < LEAST_REACH_M:
        return Need.NOW
    return Need.TOP_UP if is_gap and battery_ratio < TOP_UP_BELOW_RATIO else Need.NONE


def preheat_s(battery_c: float | None) -> float:
    """Return how long a battery is warmed before it charges, 0 for one that is warm or does not say."""
    if battery_c is None or battery_c >= LEAST_CHARGE_C:
        return 0.0
    return (PREHEAT_TO_C - battery_c) * PREHEAT_S_PER_C


def preheat_ratio(battery_c: float | None) -> float:
    """Return the share of a full battery that warming it takes."""
    if battery_c is None or battery_c >= LEAST_CHARGE_C:
        return 0.0
    return (PREHEAT_TO_C - battery_c) * PREHEAT_RATIO_PER_C


def way_ratio(length_m: float, temperature_c: float | None) -> float:
    """Return the share of a full battery that a way costs at a temperature, without any reserve."""
    return length_m / 1000.0 * RATIO_PER_KM * temperature_factor(temperature_c)


def gets_there(
    battery_ratio: float, length_m: float, temperature_c: float | None, battery_c: float | None
) -> bool:
    """Return whether a battery carries a vehicle to a charger and warms itself; half the reserve is left."""
    spent = way_ratio(length_m, temperature_c) + preheat_ratio(battery_c)
    return battery_ratio - spent >= RESERVE_RATIO / 2
