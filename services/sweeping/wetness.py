"""Whether a run is swept in this weather, and whether with water: none below +3 °C road temperature
(domain.md, weather). Pure."""

from enum import StrEnum

from msgspec import Struct

from fleet.weather.conditions import Precipitation, RoadCondition, Weather

LEAST_ROAD_C = 3.0
"""Below it no water goes onto a road: it would freeze there."""
FREEZING_C = 0.0
ROAD_BELOW_AIR_C = 2.0
"""A road under a clear sky is colder than the air; taken off where only the air is known. Ours."""


class Way(StrEnum):
    """How a run is swept."""

    WET = "wet"
    DRY = "dry"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why it is not swept as planned; empty when it is."""

    AS_PLANNED = ""
    ROAD_COLD = "road_cold"
    ROAD_UNKNOWN = "road_unknown"
    GROUND_ICY = "ground_icy"
    GROUND_FREEZING = "ground_freezing"
    GROUND_SNOWY = "ground_snowy"
    GROUND_WET = "ground_wet"
    PRECIPITATION = "precipitation"


WAY_NAMES: dict[Way, tuple[str, str]] = {
    Way.WET: ("湿扫", "wet"),
    Way.DRY: ("干扫", "dry"),
    Way.CANCELLED: ("取消", "cancelled"),
}
REASON_NAMES: dict[Reason, tuple[str, str]] = {
    Reason.AS_PLANNED: ("按计划", "as planned"),
    Reason.ROAD_COLD: ("不得湿扫：路面低于 3 °C", "wet sweeping refused: the road is colder than 3 °C"),
    Reason.ROAD_UNKNOWN: (
        "不得湿扫：路面温度未知",
        "wet sweeping refused: nobody knows how cold the road is",
    ),
    Reason.GROUND_ICY: ("路面结冰", "ice lies on the road"),
    Reason.GROUND_FREEZING: ("路面湿滑且低于 0 °C", "the road is wet and freezing"),
    Reason.GROUND_SNOWY: ("路面积雪", "snow lies on the road"),
    Reason.GROUND_WET: ("路面潮湿", "the road is wet"),
    Reason.PRECIPITATION: ("正在降水", "rain or snow is falling"),
}


class Sweeping(Struct, frozen=True):
    """The way, and why."""

    way: Way
    reason: Reason


def held_back(weather: Weather) -> Reason | None:
    """Return why nothing is swept at all in this weather, None when it does not say so.

    A brush smears wet dirt and polishes snow; what nobody says of the weather holds nothing back.

    >>> held_back(Weather(road=RoadCondition.WET, air_c=-14.0))
    <Reason.GROUND_FREEZING: 'ground_freezing'>
    """
    if weather.road is RoadCondition.ICE:
        return Reason.GROUND_ICY
    if weather.road is RoadCondition.SNOW:
        return Reason.GROUND_SNOWY
    if weather.road is RoadCondition.WET:
        road_c = road_temperature(weather.road_c, weather.air_c)
        is_freezing = road_c is not None and road_c < FREEZING_C
        return Reason.GROUND_FREEZING if is_freezing else Reason.GROUND_WET
    if weather.precipitation in (None, Precipitation.NONE):
        return None
    return Reason.PRECIPITATION


def way_of(
    *, wants_water: bool, may_sweep_dry: bool, road_c: float | None, air_c: float | None = None
) -> Sweeping:
    """Return how a run is swept at a temperature.

    The road's temperature decides, else the air's less ``ROAD_BELOW_AIR_C``; when neither is known no water
    is used. What may not be swept dry is cancelled.

    >>> way_of(wants_water=True, may_sweep_dry=True, road_c=2.9).way
    <Way.DRY: 'dry'>
    """
    if not wants_water:
        return Sweeping(Way.DRY, Reason.AS_PLANNED)
    road_c = road_temperature(road_c, air_c)
    if road_c is not None and road_c >= LEAST_ROAD_C:
        return Sweeping(Way.WET, Reason.AS_PLANNED)
    reason = Reason.ROAD_UNKNOWN if road_c is None else Reason.ROAD_COLD
    return Sweeping(Way.DRY if may_sweep_dry else Way.CANCELLED, reason)


def road_temperature(road_c: float | None, air_c: float | None) -> float | None:
    """Return how cold the road is, from the air where nobody measured it; None when neither is known."""
    if road_c is not None or air_c is None:
        return road_c
    return air_c - ROAD_BELOW_AIR_C


def colder(one_c: float | None, other_c: float | None) -> float | None:
    """Return the lower of two temperatures of which either may be unknown."""
    known = [each for each in (one_c, other_c) if each is not None]
    return min(known, default=None)
