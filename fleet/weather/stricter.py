"""The city's limits and a company's own: the stricter counts, and a company's are never looser. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from core.errors import Invalid
from core.ids import OperatorId
from core.kinds import ServiceKind
from fleet.weather.conditions import WeatherLimits
from fleet.weather.fact import OwnLimits, ServiceLimits

_STRICTER: Final[Mapping[str, tuple[Callable[[float, float], float], str]]] = {
    "lowest_air_c": (max, "≥"),
    "highest_wind_mps": (min, "≤"),
    "shortest_visibility_m": (max, "≥"),
    "deepest_snow_cm": (min, "≤"),
    "heaviest_precipitation_mm_h": (min, "≤"),
}
"""Which of two limits lets less through, and how a limit is written."""


class Borne(msgspec.Struct, frozen=True, kw_only=True):
    """What vehicles bear: by service in the whole city, and what companies say of their own beside it."""

    city: Mapping[ServiceKind, ServiceLimits]
    own: Mapping[tuple[OperatorId, ServiceKind], OwnLimits]

    def of_city(self, service: ServiceKind) -> WeatherLimits:
        """Return what every vehicle of a service bears; a service without limits bears anything."""
        found = self.city.get(service)
        return WeatherLimits() if found is None else found.limits

    def of(self, operator: OperatorId, service: ServiceKind) -> WeatherLimits:
        """Return what the vehicles of a company and service bear: of both limits the stricter."""
        own = self.own.get((operator, service))
        return self.of_city(service) if own is None else stricter(self.of_city(service), own.limits)


def stricter(one: WeatherLimits, other: WeatherLimits) -> WeatherLimits:
    """Return limits that let through only what both do.

    >>> stricter(WeatherLimits(highest_wind_mps=12), WeatherLimits(highest_wind_mps=8)).highest_wind_mps
    8
    """
    values = {}
    for name, (pick, _) in _STRICTER.items():
        said = [value for value in (getattr(one, name), getattr(other, name)) if value is not None]
        values[name] = pick(*said) if len(said) == 2 else next(iter(said), None)
    return WeatherLimits(**values, refused_roads=one.refused_roads | other.refused_roads)


def must_not_be_looser(own: WeatherLimits, city: WeatherLimits) -> None:
    """Raise Invalid naming the first limit of a company that lets through what the city's does not.

    A limit that a company leaves out is the city's, and so is every road that the city refuses.
    """
    for name, (pick, sign) in _STRICTER.items():
        mine, bound = getattr(own, name), getattr(city, name)
        if mine is not None and bound is not None and pick(mine, bound) != mine:
            raise Invalid(
                "invalid-input",
                "a company's limits are not looser than the city's",
                field=f"limits.{_camel(name)}",
                limit=f"{sign} {bound:g}",
            )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
