"""The city's limits and a company's own: the stricter counts, looser ones are refused by name."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.ids import OperatorId
from core.kinds import ServiceKind
from fleet.weather.conditions import RoadCondition, Weather, WeatherLimits, broken_limits
from fleet.weather.fact import OwnLimits, ServiceLimits
from fleet.weather.stricter import Borne, must_not_be_looser, stricter

NUMBER = st.none() | st.integers(-30, 30).map(float)
LIMITS = st.builds(
    WeatherLimits,
    lowest_air_c=NUMBER,
    highest_wind_mps=NUMBER,
    shortest_visibility_m=NUMBER,
    deepest_snow_cm=NUMBER,
    heaviest_precipitation_mm_h=NUMBER,
    refused_roads=st.frozensets(st.sampled_from(RoadCondition)),
)
WEATHER = st.builds(
    Weather,
    air_c=NUMBER,
    wind_mps=NUMBER,
    visibility_m=NUMBER,
    snow_cm=NUMBER,
    precipitation_mm_h=NUMBER,
    road=st.none() | st.sampled_from(RoadCondition),
)
CITY = WeatherLimits(lowest_air_c=-25, highest_wind_mps=12, shortest_visibility_m=200, deepest_snow_cm=5)


@given(one=LIMITS, other=LIMITS, weather=WEATHER)
def test_the_stricter_of_two_forbids_exactly_what_either_forbids(
    one: WeatherLimits, other: WeatherLimits, weather: Weather
) -> None:
    either = {each.quantity for limits in (one, other) for each in broken_limits(limits, weather)}
    assert {each.quantity for each in broken_limits(stricter(one, other), weather)} == either
    assert stricter(one, other) == stricter(other, one)


@given(own=LIMITS, city=LIMITS)
def test_what_is_accepted_counts_as_it_was_said(own: WeatherLimits, city: WeatherLimits) -> None:
    try:
        must_not_be_looser(own, city)
    except Invalid:
        return
    both = stricter(own, city)
    for name in own.__struct_fields__[:-1]:
        assert getattr(both, name) in (getattr(own, name), getattr(city, name))
        assert getattr(own, name) in (None, getattr(both, name))


@pytest.mark.parametrize(
    ("own", "field", "limit"),
    [
        (WeatherLimits(lowest_air_c=-30), "limits.lowestAirC", "≥ -25"),
        (WeatherLimits(highest_wind_mps=12.1), "limits.highestWindMps", "≤ 12"),
        (WeatherLimits(shortest_visibility_m=150), "limits.shortestVisibilityM", "≥ 200"),
        (WeatherLimits(deepest_snow_cm=6), "limits.deepestSnowCm", "≤ 5"),
    ],
    ids=["colder", "windier", "dimmer", "deeper snow"],
)
def test_looser_than_the_city_is_refused_with_the_limit(own: WeatherLimits, field: str, limit: str) -> None:
    with pytest.raises(Invalid) as refused:
        must_not_be_looser(own, CITY)
    assert (refused.value.fields["field"], refused.value.fields["limit"]) == (field, limit)


def test_the_same_as_the_city_and_what_the_city_leaves_open_may_be_said() -> None:
    must_not_be_looser(CITY, CITY)
    must_not_be_looser(WeatherLimits(heaviest_precipitation_mm_h=300), CITY)
    must_not_be_looser(WeatherLimits(), CITY)


def test_companies_bear_what_they_said_and_the_others_what_the_city_did() -> None:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    said: dict[str, Any] = {"version": 1, "by_name": "x", "reason": "", "at": at}
    delivery, op_a = ServiceKind.DELIVERY, OperatorId("op-a")
    own = OwnLimits(operator=op_a, service=delivery, limits=WeatherLimits(highest_wind_mps=8), **said)
    borne = Borne(
        city={delivery: ServiceLimits(service=delivery, limits=CITY, **said)},
        own={(op_a, delivery): own},
    )
    assert borne.of(op_a, delivery).highest_wind_mps == 8
    assert borne.of(op_a, delivery).lowest_air_c == -25, "what a company leaves out is the city's"
    assert borne.of(OperatorId("op-b"), delivery) == CITY
    assert borne.of(op_a, ServiceKind.PATROL) == WeatherLimits(), "nobody said anything"
