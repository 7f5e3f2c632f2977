"""No water goes onto a road that is colder than +3 °C."""

import pytest

from fleet.weather.conditions import Precipitation, RoadCondition, Weather
from services.sweeping.run_states import NOBODYS_FAULT, RUN_REASON_NAMES
from services.sweeping.wetness import REASON_NAMES, WAY_NAMES, Reason, Sweeping, Way, held_back, way_of


@pytest.mark.parametrize(
    ("road_c", "air_c", "may_sweep_dry", "expected"),
    [
        (3.0, None, True, Sweeping(Way.WET, Reason.AS_PLANNED)),
        (2.9, None, True, Sweeping(Way.DRY, Reason.ROAD_COLD)),
        (-25.0, None, False, Sweeping(Way.CANCELLED, Reason.ROAD_COLD)),
        (8.0, -10.0, False, Sweeping(Way.WET, Reason.AS_PLANNED)),
        (None, 5.0, True, Sweeping(Way.WET, Reason.AS_PLANNED)),
        (None, 4.9, True, Sweeping(Way.DRY, Reason.ROAD_COLD)),
        (None, None, True, Sweeping(Way.DRY, Reason.ROAD_UNKNOWN)),
        (None, None, False, Sweeping(Way.CANCELLED, Reason.ROAD_UNKNOWN)),
    ],
)
def test_the_road_decides_and_else_the_air_with_a_margin(
    road_c: float | None, air_c: float | None, may_sweep_dry: bool, expected: Sweeping
) -> None:
    assert way_of(wants_water=True, may_sweep_dry=may_sweep_dry, road_c=road_c, air_c=air_c) == expected


def test_a_dry_run_is_dry_at_any_temperature() -> None:
    assert way_of(wants_water=False, may_sweep_dry=True, road_c=-30.0).reason is Reason.AS_PLANNED


@pytest.mark.parametrize(
    ("weather", "expected"),
    [
        (Weather(road=RoadCondition.ICE), Reason.GROUND_ICY),
        (Weather(road=RoadCondition.SNOW, precipitation=Precipitation.SNOW), Reason.GROUND_SNOWY),
        (Weather(road=RoadCondition.WET, road_c=-0.1), Reason.GROUND_FREEZING),
        (Weather(road=RoadCondition.WET, air_c=1.9), Reason.GROUND_FREEZING),
        (Weather(road=RoadCondition.WET, road_c=0.0, air_c=-5.0), Reason.GROUND_WET),
        (Weather(road=RoadCondition.WET), Reason.GROUND_WET),
        (Weather(road=RoadCondition.DRY, precipitation=Precipitation.SLEET), Reason.PRECIPITATION),
        (Weather(precipitation=Precipitation.RAIN), Reason.PRECIPITATION),
        (Weather(road=RoadCondition.DRY, precipitation=Precipitation.NONE, snow_cm=9.0), None),
        (Weather(road_c=-25.0, wind_mps=30.0), None),
        (Weather(), None),
    ],
)
def test_wet_snowy_or_freezing_ground_holds_a_run_back_and_what_nobody_says_does_not(
    weather: Weather, expected: Reason | None
) -> None:
    assert held_back(weather) is expected


def test_whatever_the_weather_forbids_is_nobodys_fault_and_has_its_name_on_runs() -> None:
    words = {reason.value for reason in Reason if reason is not Reason.AS_PLANNED}
    assert words < NOBODYS_FAULT
    assert set(RUN_REASON_NAMES) >= NOBODYS_FAULT


def test_every_way_and_reason_has_both_names() -> None:
    assert set(WAY_NAMES) == set(Way)
    assert set(REASON_NAMES) == set(Reason)
    assert all(zh and en for zh, en in (*WAY_NAMES.values(), *REASON_NAMES.values()))
