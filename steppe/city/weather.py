"""What the vehicles of a service bear to begin with, as a pack says it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from core.kinds import ServiceKind
from fleet.weather.conditions import RoadCondition, WeatherLimits
from fleet.weather.fact import ServiceLimits


class ServiceWeather(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the vehicles of a service bear, whatever a permit allows; absent is no limit."""

    lowest_air_c: Annotated[float, Meta(ge=-60, le=40)] | None = None
    highest_wind_mps: Annotated[float, Meta(gt=0, le=60)] | None = None
    shortest_visibility_m: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    deepest_snow_cm: Annotated[float, Meta(ge=0, le=200)] | None = None
    heaviest_precipitation_mm_h: Annotated[float, Meta(ge=0, le=200)] | None = None
    refused_roads: frozenset[RoadCondition] = frozenset()


def weather_limits_of(
    limits: Mapping[ServiceKind, ServiceWeather], *, city: str, at: datetime
) -> tuple[ServiceLimits, ...]:
    """Return the first version for each service; one that the pack does not name bears anything."""
    return tuple(
        ServiceLimits(
            service=service,
            version=1,
            limits=WeatherLimits(**msgspec.structs.asdict(each)),
            by_name=f"city pack {city}",
            reason="",
            at=at,
        )
        for service, each in limits.items()
    )
