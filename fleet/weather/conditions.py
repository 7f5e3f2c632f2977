"""What the weather is like, and which limits it breaks. Pure."""

from enum import StrEnum

import msgspec


class Precipitation(StrEnum):
    """What falls; dust and fog are told by how far one sees."""

    NONE = "none"
    RAIN = "rain"
    FREEZING_RAIN = "freezing_rain"
    SLEET = "sleet"
    SNOW = "snow"
    HAIL = "hail"


class RoadCondition(StrEnum):
    """What lies on the road."""

    DRY = "dry"
    WET = "wet"
    SNOW = "snow"
    ICE = "ice"


class Quantity(StrEnum):
    """What a limit is about; the words are the fields of ``Weather``."""

    AIR = "air_c"
    WIND = "wind_mps"
    VISIBILITY = "visibility_m"
    SNOW = "snow_cm"
    PRECIPITATION = "precipitation_mm_h"
    ROAD = "road"


class WeatherLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a permit or a service bears; None means no limit."""

    lowest_air_c: float | None = None
    highest_wind_mps: float | None = None
    shortest_visibility_m: float | None = None
    deepest_snow_cm: float | None = None
    heaviest_precipitation_mm_h: float | None = None
    """Of whatever falls, as water."""
    refused_roads: frozenset[RoadCondition] = frozenset()
    """What must not lie on the road."""


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """The weather of a 旗区 at one moment; None means not known, which breaks no limit."""

    air_c: float | None = None
    road_c: float | None = None
    wind_mps: float | None = None
    visibility_m: float | None = None
    snow_cm: float | None = None
    precipitation: Precipitation | None = None
    precipitation_mm_h: float | None = None
    road: RoadCondition | None = None


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """One limit that the weather breaks, with the value that decided, both as text for people."""

    quantity: Quantity
    value: str
    limit: str


def broken_limits(limits: WeatherLimits, weather: Weather) -> tuple[Broken, ...]:
    """Return every limit that the weather breaks; what is not known breaks none.

    >>> broken_limits(WeatherLimits(highest_wind_mps=12), Weather(wind_mps=17))[0].limit
    '≤ 12'
    """
    checks = (
        (Quantity.AIR, limits.lowest_air_c, weather.air_c, -1),
        (Quantity.WIND, limits.highest_wind_mps, weather.wind_mps, 1),
        (Quantity.VISIBILITY, limits.shortest_visibility_m, weather.visibility_m, -1),
        (Quantity.SNOW, limits.deepest_snow_cm, weather.snow_cm, 1),
        (Quantity.PRECIPITATION, limits.heaviest_precipitation_mm_h, weather.precipitation_mm_h, 1),
    )
    found = [
        Broken(quantity=quantity, value=f"{value:g}", limit=f"{'≤' if sign > 0 else '≥'} {limit:g}")
        for quantity, limit, value, sign in checks
        if limit is not None and value is not None and sign * value > sign * limit
    ]
    if weather.road in limits.refused_roads:
        refused = ", ".join(sorted(road.value for road in limits.refused_roads))
        found.append(Broken(quantity=Quantity.ROAD, value=str(weather.road), limit=f"≠ {refused}"))
    return tuple(found)


def shorter(broken: tuple[Broken, ...]) -> str:
    """Return the limits that are broken in one line: ``wind_mps 17 (≤ 12)``."""
    return ", ".join(f"{each.quantity.value} {each.value} ({each.limit})" for each in broken)
