"""Weather on the wire: facts, what they forbid, limits, recalls."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from core.kinds import ServiceKind
from dashboard.parts import DistrictFacts
from fleet.weather.conditions import (
    Broken,
    Precipitation,
    Quantity,
    RoadCondition,
    Weather,
    WeatherLimits,
    broken_limits,
)
from fleet.weather.fact import FactKind, OwnLimits, ServiceLimits, WeatherFact, weather_at
from fleet.weather.recall import Deed, Recall, Recalled, RecallState
from fleet.weather.stricter import Borne

Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Air = Annotated[float, Meta(ge=-60, le=60, description="°C")]
Wind = Annotated[float, Meta(ge=0, le=80, description="m/s")]
Visibility = Annotated[float, Meta(ge=0, le=50_000, description="m")]
Depth = Annotated[float, Meta(ge=0, le=300, description="cm")]
Rate = Annotated[float, Meta(ge=0, le=300, description="mm of water an hour")]


class WeatherValues(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is known of the weather; null is not known."""

    air_c: Air | None = None
    road_c: Air | None = None
    wind_mps: Wind | None = None
    visibility_m: Visibility | None = None
    snow_cm: Depth | None = None
    precipitation: Precipitation | None = None
    precipitation_mm_h: Rate | None = None
    road: RoadCondition | None = None


class FactBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a person says of the weather of a 旗区; the same kind and beginning again is the same fact."""

    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    kind: FactKind = FactKind.OBSERVED
    valid_from: Annotated[datetime, Meta(tz=True)]
    valid_to: Annotated[datetime, Meta(tz=True)]
    weather: WeatherValues
    is_synthetic: bool = False
    """Made up, for a demonstration or a rehearsal; screens say so."""


class LimitsValues(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the vehicles of a service bear; null is no limit."""

    lowest_air_c: Air | None = None
    highest_wind_mps: Wind | None = None
    shortest_visibility_m: Visibility | None = None
    deepest_snow_cm: Depth | None = None
    heaviest_precipitation_mm_h: Rate | None = None
    refused_roads: Annotated[tuple[RoadCondition, ...], Meta(max_length=4)] = ()


class LimitsProposal(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Limits that somebody thinks of: the city's for null, else a company's own."""

    operator: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    limits: LimitsValues


class LimitsBody(LimitsProposal, frozen=True, kw_only=True):
    """Limits in place of ``version`` (0 for none), and why."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    reason: Reason


class LimitsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the vehicles of a service bear, and who said so. ``operator`` is null for the city's; ``bears`` is
    of a company's own and the city's limits the stricter, which counts."""

    service: ServiceKind
    operator: str | None
    version: int
    limits: LimitsValues
    bears: LimitsValues
    by_name: str
    reason: str
    at: datetime


class FactView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact that holds now or soon."""

    source: str
    kind: FactKind
    valid_from: datetime
    valid_to: datetime
    weather: WeatherValues
    is_synthetic: bool
    recorded_by: str
    recorded_at: datetime


class BrokenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A limit that the weather breaks."""

    quantity: Quantity
    value: str
    limit: str


class ForbiddenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A service that may not drive, and why; ``from`` is now, or when a forecast says so."""

    service: ServiceKind
    begins_at: datetime
    broken: tuple[BrokenView, ...]


class RecalledView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle of a recall."""

    vehicle_no: VehicleNo
    code: str | None
    place: int
    range_m: float | None
    deed: Deed
    called_at: datetime
    changed_at: datetime


class RecallView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A recall with its vehicles in the order in which they were called."""

    recall_id: str
    service: ServiceKind
    operator: str | None
    """The company whose own limits are broken; null is every vehicle of the service."""
    state: RecallState
    causes: tuple[BrokenView, ...]
    started_at: datetime
    calm_since: datetime | None
    released_at: datetime | None
    vehicles: tuple[RecalledView, ...]


class DistrictWeather(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The weather of a 旗区: now, what is said of the next hours, what it forbids, who is brought in."""

    district: str
    name_zh: str
    name_en: str
    now: WeatherValues
    facts: tuple[FactView, ...]
    forbidden: tuple[ForbiddenView, ...]
    recalls: tuple[RecallView, ...]


class WeatherDesk(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The weather of every 旗区 within reach, and what each service bears by the city and by companies."""

    at: datetime
    districts: tuple[DistrictWeather, ...]
    limits: tuple[LimitsView, ...]
    own_limits: tuple[LimitsView, ...]


def weather_of(values: WeatherValues) -> Weather:
    """Return what a body says."""
    return Weather(**msgspec.structs.asdict(values))


def limits_of(values: LimitsValues) -> WeatherLimits:
    """Return the limits of a body."""
    return WeatherLimits(
        **{**msgspec.structs.asdict(values), "refused_roads": frozenset(values.refused_roads)}
    )


def limits_view(limits: ServiceLimits, borne: Borne) -> LimitsView:
    """Return limits as screens show them, beside what counts."""
    operator = limits.operator if isinstance(limits, OwnLimits) else None
    bears = limits.limits if operator is None else borne.of(operator, limits.service)
    return LimitsView(
        service=limits.service,
        operator=operator,
        version=limits.version,
        limits=limits_values(limits.limits),
        bears=limits_values(bears),
        by_name=limits.by_name,
        reason=limits.reason,
        at=limits.at,
    )


def limits_values(limits: WeatherLimits) -> LimitsValues:
    """Return limits on the wire."""
    fields = msgspec.structs.asdict(limits)
    return LimitsValues(**{**fields, "refused_roads": tuple(sorted(limits.refused_roads))})


def district_weather(
    district: DistrictFacts,
    facts: Sequence[WeatherFact],
    limits: Mapping[ServiceKind, WeatherLimits],
    recalls: Sequence[RecallView],
    *,
    at: datetime,
) -> DistrictWeather:
    """Return a 旗区 with what its facts of now and the next hours forbid."""
    return DistrictWeather(
        district=district.code,
        name_zh=district.name_zh,
        name_en=district.name_en,
        now=_values(weather_at(facts, at)),
        facts=tuple(_fact_view(fact) for fact in facts),
        forbidden=_forbidden(facts, limits, at),
        recalls=tuple(recalls),
    )


def recall_view(
    recall: Recall, vehicles: Sequence[Recalled], codes: Mapping[VehicleNo, str | None]
) -> RecallView:
    """Return a recall as screens show it."""
    return RecallView(
        recall_id=recall.recall_id,
        service=recall.service,
        operator=recall.operator or None,
        state=recall.state,
        causes=broken_views(recall.causes),
        started_at=recall.started_at,
        calm_since=recall.calm_since,
        released_at=recall.released_at,
        vehicles=tuple(
            RecalledView(
                vehicle_no=each.vehicle_no,
                code=codes.get(each.vehicle_no),
                place=each.place,
                range_m=each.range_m,
                deed=each.deed,
                called_at=each.called_at,
                changed_at=each.changed_at,
            )
            for each in vehicles
        ),
    )


def _forbidden(
    facts: Sequence[WeatherFact], limits: Mapping[ServiceKind, WeatherLimits], at: datetime
) -> tuple[ForbiddenView, ...]:
    """Return each service that may not drive at some moment from now on, from its first such moment."""
    moments = sorted({at, *(fact.valid_from for fact in facts if fact.valid_from > at)})
    found = []
    for service, borne in limits.items():
        for moment in moments:
            broken = broken_limits(borne, weather_at(facts, moment))
            if broken:
                view = ForbiddenView(service=service, begins_at=moment, broken=broken_views(broken))
                found.append(view)
                break
    return tuple(found)


def _fact_view(fact: WeatherFact) -> FactView:
    return FactView(
        source=fact.source,
        kind=fact.kind,
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        weather=_values(fact.weather),
        is_synthetic=fact.is_synthetic,
        recorded_by=fact.recorded_by,
        recorded_at=fact.recorded_at,
    )


def _values(weather: Weather) -> WeatherValues:
    return WeatherValues(**msgspec.structs.asdict(weather))


def broken_views(broken: Iterable[Broken]) -> tuple[BrokenView, ...]:
    """Return limits that are broken on the wire."""
    return tuple(BrokenView(quantity=each.quantity, value=each.value, limit=each.limit) for each in broken)
