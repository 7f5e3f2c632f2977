"""Weather facts, what they break, and what becomes of a recall."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import IllegalTransition, Invalid
from core.ids import DistrictCode
from core.kinds import ServiceKind
from fleet.weather.conditions import (
    Broken,
    Precipitation,
    Quantity,
    RoadCondition,
    Weather,
    WeatherLimits,
    broken_limits,
)
from fleet.weather.fact import FactKind, WeatherFact, check_span, weather_at
from fleet.weather.recall import (
    CALM_FOR,
    RECALL_TRANSITIONS,
    Recall,
    RecallEvent,
    RecallState,
    advance,
    event_of,
)

AT = datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = WeatherLimits(
    lowest_air_c=-25,
    highest_wind_mps=10,
    shortest_visibility_m=200,
    deepest_snow_cm=5,
    heaviest_precipitation_mm_h=4,
    refused_roads=frozenset({RoadCondition.ICE}),
)


def a_fact(weather: Weather, **changes: Any) -> WeatherFact:
    values: dict[str, Any] = {
        "district": DistrictCode("KB"),
        "source": "feed",
        "kind": FactKind.OBSERVED,
        "valid_from": AT,
        "valid_to": AT + HOUR,
        "weather": weather,
        "recorded_at": AT,
    }
    return WeatherFact(**{**values, **changes})


def test_a_limit_is_broken_only_beyond_it_and_only_by_what_is_known() -> None:
    at_the_limit = Weather(
        air_c=-25, wind_mps=10, visibility_m=200, snow_cm=5, precipitation_mm_h=4, road=RoadCondition.SNOW
    )
    assert broken_limits(LIMITS, at_the_limit) == ()
    assert broken_limits(LIMITS, Weather()) == ()
    worse = Weather(
        air_c=-25.1, wind_mps=10.1, visibility_m=199, snow_cm=5.1, precipitation_mm_h=4.1,
        road=RoadCondition.ICE,
    )  # fmt: skip
    assert [(each.quantity.value, each.value, each.limit) for each in broken_limits(LIMITS, worse)] == [
        ("air_c", "-25.1", "≥ -25"),
        ("wind_mps", "10.1", "≤ 10"),
        ("visibility_m", "199", "≥ 200"),
        ("snow_cm", "5.1", "≤ 5"),
        ("precipitation_mm_h", "4.1", "≤ 4"),
        ("road", "ice", "≠ ice"),
    ]
    assert broken_limits(WeatherLimits(), worse) == ()


def test_what_was_observed_beats_a_forecast_and_what_was_said_last_beats_the_rest_value_by_value() -> None:
    facts = [
        a_fact(Weather(air_c=-20, wind_mps=9), kind=FactKind.FORECAST, recorded_at=AT + HOUR / 2),
        a_fact(Weather(air_c=-12, visibility_m=900)),
        a_fact(Weather(air_c=-13), source="desk", recorded_at=AT + HOUR / 3),
        a_fact(Weather(air_c=5, snow_cm=9), valid_from=AT - 2 * HOUR, valid_to=AT),
    ]
    assert weather_at(facts, AT) == Weather(air_c=-13, wind_mps=9, visibility_m=900)
    assert weather_at(facts, AT + HOUR) == Weather(), "its last moment is not included"
    assert weather_at(facts, AT - HOUR).snow_cm == 9


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)))
def test_the_weather_does_not_depend_on_the_order_in_which_facts_are_read(order: list[int]) -> None:
    facts = [
        a_fact(Weather(air_c=float(-n), wind_mps=None if n % 2 else float(n)), source=f"s{n}",
               recorded_at=AT + timedelta(minutes=n))
        for n in range(4)
    ]  # fmt: skip
    assert weather_at([facts[n] for n in order], AT) == Weather(air_c=-3, wind_mps=2)


@pytest.mark.parametrize(
    ("changes", "field", "limit"),
    [
        ({"valid_to": AT}, "validTo", "after validFrom"),
        ({"valid_to": AT + 49 * HOUR}, "validTo", "at most 48 h after validFrom"),
        ({"valid_from": AT - 30 * HOUR, "valid_to": AT - 25 * HOUR}, "validTo", "at most 24 h ago"),
        ({"valid_from": AT + 241 * HOUR, "valid_to": AT + 242 * HOUR}, "validFrom", "at most 10 days ahead"),
        ({"weather": Weather()}, "weather", "at least one value"),
    ],
)
def test_a_fact_about_no_time_or_about_nothing_is_refused_by_name(
    changes: dict[str, Any], field: str, limit: str
) -> None:
    values: dict[str, Any] = {"weather": Weather(precipitation=Precipitation.SNOW), **changes}
    with pytest.raises(Invalid) as refused:
        check_span(a_fact(values.pop("weather"), **values), at=AT)
    assert (refused.value.fields["field"], refused.value.fields["limit"]) == (field, limit)


WIND = Broken(quantity=Quantity.WIND, value="17", limit="≤ 12")
RECALL = Recall(
    recall_id="r", district=DistrictCode("KB"), service=ServiceKind.DELIVERY, causes=(WIND,), started_at=AT
)
CALM = Weather(wind_mps=4)


def test_a_recall_ends_when_its_weather_has_kept_every_limit_for_a_while() -> None:
    assert event_of(RECALL, CALM, is_broken=True, at=AT) is None
    event = event_of(RECALL, CALM, is_broken=False, at=AT)
    assert event is RecallEvent.KEPT
    calming = advance(RECALL, event, at=AT)
    assert event_of(calming, CALM, is_broken=False, at=AT + CALM_FOR - timedelta(seconds=1)) is None
    assert event_of(calming, CALM, is_broken=False, at=AT + CALM_FOR) is RecallEvent.OVER
    over = advance(calming, RecallEvent.OVER, at=AT + CALM_FOR)
    assert (over.state, over.released_at, over.version) == (RecallState.RELEASED, AT + CALM_FOR, 3)


def test_a_gust_begins_the_calm_again_and_its_cause_is_kept() -> None:
    calming = advance(RECALL, RecallEvent.KEPT, at=AT)
    assert event_of(calming, CALM, is_broken=True, at=AT) is RecallEvent.BROKEN
    snow = Broken(quantity=Quantity.SNOW, value="9", limit="≤ 6")
    again = advance(calming, RecallEvent.BROKEN, at=AT, causes=(snow,))
    assert (again.state, again.calm_since, again.cause) == (RecallState.ACTIVE, None, "snow_cm 9 (≤ 6)")


def test_weather_that_nobody_knows_ends_no_recall() -> None:
    assert event_of(RECALL, Weather(air_c=3), is_broken=False, at=AT) is None
    calming = advance(RECALL, RecallEvent.KEPT, at=AT)
    assert event_of(calming, Weather(), is_broken=False, at=AT + 2 * CALM_FOR) is None


@pytest.mark.parametrize("state", list(RecallState))
@pytest.mark.parametrize("event", list(RecallEvent))
def test_a_step_that_is_not_in_the_table_raises(state: RecallState, event: RecallEvent) -> None:
    if (state, event) in RECALL_TRANSITIONS:
        return
    with pytest.raises(IllegalTransition):
        advance(Recall(**{**_fields(RECALL), "state": state}), event, at=AT)


def _fields(recall: Recall) -> dict[str, Any]:
    return {name: getattr(recall, name) for name in recall.__struct_fields__}
