"""When limits hold vehicles back: now and as far as the weather is known."""

from datetime import timedelta

from fleet.weather.conditions import Weather, WeatherLimits
from fleet.weather.fact import FactKind
from fleet.weather.held import held_spans
from tests.unit.fleet.weather.test_weather import AT, HOUR, a_fact

NOW = WeatherLimits(highest_wind_mps=12)
WANTED = WeatherLimits(highest_wind_mps=8)
UNTIL = AT + 12 * HOUR


def test_a_storm_that_is_forecast_holds_back_from_its_hour_and_the_breeze_before_it_newly() -> None:
    facts = [
        a_fact(Weather(wind_mps=9)),
        a_fact(Weather(wind_mps=4), kind=FactKind.FORECAST, valid_from=AT + HOUR, valid_to=AT + 2 * HOUR),
        a_fact(
            Weather(wind_mps=17), kind=FactKind.FORECAST, valid_from=AT + 2 * HOUR, valid_to=AT + 5 * HOUR
        ),
    ]
    found = held_spans(WANTED, NOW, facts, at=AT, until=UNTIL)
    assert [(each.begins_at, each.ends_at, each.is_new) for each in found] == [
        (AT, AT + HOUR, True),
        (AT + 2 * HOUR, AT + 5 * HOUR, False),
    ]
    assert [each.broken[0].value for each in found] == ["9", "17"]


def test_what_nobody_says_holds_nobody_back_and_what_lies_beyond_is_left_out() -> None:
    long = a_fact(Weather(wind_mps=9), valid_to=AT + 20 * HOUR)
    [span] = held_spans(WANTED, NOW, [long], at=AT + HOUR, until=UNTIL)
    assert (span.begins_at, span.ends_at) == (AT + HOUR, UNTIL)
    assert held_spans(WANTED, NOW, [], at=AT, until=UNTIL) == ()
    assert held_spans(NOW, NOW, [long], at=AT, until=UNTIL) == ()


def test_a_span_goes_on_while_another_fact_begins_that_changes_nothing() -> None:
    facts = [
        a_fact(Weather(wind_mps=9), valid_to=AT + 4 * HOUR),
        a_fact(Weather(air_c=3), source="desk", valid_from=AT + HOUR, valid_to=AT + timedelta(hours=2)),
    ]
    [span] = held_spans(WANTED, NOW, facts, at=AT, until=UNTIL)
    assert (span.begins_at, span.ends_at) == (AT, AT + 4 * HOUR)
