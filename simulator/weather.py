"""Air temperature of Ordos by season, hour and day: smooth, seeded, never measured."""

import math
import random

YEAR_MEAN_C = 6.9
SEASON_SWING_C = 16.5
"""Half the distance between the mean of January (-9.8 °C) and of July (23 °C) (Dongsheng, 1991-2020)."""
DAY_SWING_C = 6.0
COLDEST_DAY = 18
"""Day of the year of the coldest mean."""
WARMEST_HOUR = 15.0
_DAY_MS = 86_400_000
_YEAR_DAYS = 365.2425


def air_temperature_c(city_ms: int, *, seed: int, utc_offset_h: float = 8.0) -> float:
    """Return the outside air temperature at a moment; the same seed gives the same weather.

    >>> air_temperature_c(1_768_700_000_000, seed=1) < 0 < air_temperature_c(1_784_000_000_000, seed=1)
    True
    """
    local_ms = city_ms + utc_offset_h * 3_600_000
    day, hour = int(local_ms // _DAY_MS), (local_ms % _DAY_MS) / 3_600_000
    season = -math.cos(2 * math.pi * ((day % _YEAR_DAYS) - COLDEST_DAY) / _YEAR_DAYS)
    time_of_day = math.cos(2 * math.pi * (hour - WARMEST_HOUR) / 24)
    share = hour / 24
    wander = _day_wander(seed, day) * (1 - share) + _day_wander(seed, day + 1) * share
    return YEAR_MEAN_C + SEASON_SWING_C * season + DAY_SWING_C * time_of_day + wander


def _day_wander(seed: int, day: int) -> float:
    return random.Random(f"{seed}:{day}").gauss(0.0, 3.0)  # noqa: S311 - weather, not a secret
