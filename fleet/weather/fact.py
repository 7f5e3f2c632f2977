"""Weather facts of a 旗区: observed or forecast, by a source, for a span of time. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from fleet.weather.conditions import Weather, WeatherLimits

LONGEST_SPAN: Final = timedelta(hours=48)
"""A fact holds no longer: a forecast for a week is many facts."""
OLDEST: Final = timedelta(hours=24)
"""A fact that was over before this is not news."""
FURTHEST: Final = timedelta(days=10)
"""A forecast further ahead is none."""


class FactKind(StrEnum):
    """How somebody knows it."""

    OBSERVED = "observed"
    FORECAST = "forecast"


class WeatherFact(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says of the weather of a 旗区 from ``valid_from`` until ``valid_to``, not included.

    The same source, kind and ``valid_from`` again is the same fact, said better.
    """

    district: DistrictCode
    source: str
    """A feed's name, or ``desk`` for what a person typed."""
    kind: FactKind
    valid_from: datetime
    valid_to: datetime
    weather: Weather
    is_synthetic: bool = False
    recorded_by: str = ""
    """Name of the person or feed that put it here."""
    recorded_at: datetime


class ServiceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the vehicles of a service bear, version by version; the highest version holds."""

    service: ServiceKind
    version: int
    limits: WeatherLimits
    by_name: str
    reason: str
    at: datetime


class OwnLimits(ServiceLimits, frozen=True, kw_only=True):
    """What a company says that its own vehicles of a service bear, beside what the city says."""

    operator: OperatorId


def weather_at(facts: Iterable[WeatherFact], at: datetime) -> Weather:
    """Return the weather at a moment, value by value: observed before forecast, then what was said last.

    A source that says only the wind leaves the temperature to the others.
    """
    holding = [fact for fact in facts if fact.valid_from <= at < fact.valid_to]
    holding.sort(key=lambda fact: (fact.kind is FactKind.OBSERVED, fact.recorded_at), reverse=True)
    known: dict[str, object] = {}
    for fact in holding:
        for name, value in msgspec.structs.asdict(fact.weather).items():
            if value is not None:
                known.setdefault(name, value)
    return Weather(**known)  # type: ignore[arg-type]


def check_span(fact: WeatherFact, *, at: datetime) -> None:
    """Raise Invalid with field and limit for a span that is empty, too long, past or far away."""
    checks = (
        (fact.valid_to <= fact.valid_from, "validTo", "after validFrom"),
        (fact.valid_to - fact.valid_from > LONGEST_SPAN, "validTo", "at most 48 h after validFrom"),
        (fact.valid_to < at - OLDEST, "validTo", "at most 24 h ago"),
        (fact.valid_from > at + FURTHEST, "validFrom", "at most 10 days ahead"),
    )
    for is_wrong, field, limit in checks:
        if is_wrong:
            raise Invalid("invalid-input", f"{field} must be {limit}", field=field, limit=limit)
    if fact.weather == Weather():
        raise Invalid("invalid-input", "a fact says something", field="weather", limit="at least one value")
