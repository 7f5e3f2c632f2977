"""How much battery a job costs at a temperature: enough to refuse a job that would strand a vehicle."""

import itertools

RATIO_PER_KM = 0.0085
"""Share of a full battery per kilometre at 20 °C: 90 Wh/km of 12 kWh with accessories (city pack, model
MY-D3)."""
RESERVE_RATIO = 0.12
"""What must be left after the job and the way back."""
UNKNOWN_FACTOR = 1.25
"""Factor when nobody knows the temperature: that of about 0 °C."""
_FACTORS: tuple[tuple[float, float], ...] = (
    (-30.0, 1.9),
    (-15.0, 1.55),
    (0.0, 1.25),
    (20.0, 1.0),
    (45.0, 1.1),
)
"""Consumption against 20 °C: range of lithium batteries falls by about 40 % at −20 °C; steps of our own."""


def temperature_factor(temperature_c: float | None) -> float:
    """Return consumption relative to 20 °C, straight lines between the points of the table, flat beyond
    its ends.

    >>> round(temperature_factor(-15.0), 2), temperature_factor(None)
    (1.55, 1.25)
    """
    if temperature_c is None:
        return UNKNOWN_FACTOR
    points = _FACTORS
    if temperature_c <= points[0][0]:
        return points[0][1]
    for (cold, high), (warm, low) in itertools.pairwise(points):
        if temperature_c <= warm:
            return high + (low - high) * (temperature_c - cold) / (warm - cold)
    return points[-1][1]


def battery_needed_ratio(distance_m: float, temperature_c: float | None) -> float:
    """Return the share of a full battery that ``distance_m`` metres cost, with the reserve; may exceed 1."""
    return distance_m / 1000.0 * RATIO_PER_KM * temperature_factor(temperature_c) + RESERVE_RATIO


def reach_m(battery_ratio: float, temperature_c: float | None) -> float:
    """Return how many metres a battery carries at a temperature until only the reserve is left; 0 for
    none."""
    spare = max(0.0, battery_ratio - RESERVE_RATIO)
    return spare / (RATIO_PER_KM * temperature_factor(temperature_c)) * 1000.0
