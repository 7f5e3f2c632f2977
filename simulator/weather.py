"""Air temperature and sky of Ordos by season, hour and day: smooth, seeded, never measured."""

import math
import random
from collections.abc import Sequence

import msgspec

YEAR_MEAN_C = 6.9
SEASON_SWING_C = 16.5
"""Half the distance between the mean of January (-9.8 °C) and of July (23 °C) (Dongsheng, 1991-2020)."""
DAY_SWING_C = 6.0
COLDEST_DAY = 18
"""Day of the year of the coldest mean."""
WARMEST_HOUR = 15.0
SQUALL_EVERY_MS = 3 * 3_600_000
SQUALL_AFTER_MS = 105 * 60_000
"""A squall begins so long after the beginning of its three hours."""
SQUALL_MS = 35 * 60_000
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


class Sky(msgspec.Struct, frozen=True):
    """What one sees outside."""

    air_c: float
    wind_mps: float
    visibility_m: float


def sky(city_ms: int, *, seed: int, district: str, stormy: Sequence[str]) -> Sky:
    """Return the sky over a 旗区: a breeze and clear air, and dust squalls now and then.

    Of every three hours a squall takes one of the ``stormy`` 旗区 for 35 minutes.
    """
    block, since_ms = divmod(city_ms, SQUALL_EVERY_MS)
    lot = random.Random(f"{seed}:squall:{block}")  # noqa: S311 - weather, not a secret
    hit = lot.choice(sorted(stormy)) if stormy else ""
    breeze = random.Random(f"{seed}:{district}:{block}").uniform(1.5, 7.0)  # noqa: S311 - as above
    air_c = air_temperature_c(city_ms, seed=seed)
    if district == hit and SQUALL_AFTER_MS <= since_ms < SQUALL_AFTER_MS + SQUALL_MS:
        return Sky(air_c=air_c, wind_mps=17.0 + breeze / 4, visibility_m=130.0)
    return Sky(air_c=air_c, wind_mps=breeze, visibility_m=9_000.0)
