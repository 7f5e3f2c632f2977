"""The city in numbers, and what every page must know before it can show anything."""

from collections.abc import Mapping, Sequence

import msgspec

from dashboard.parts import CityFacts, ServicePointFacts
from fleet.vehicles.paper_store import Company


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every answer."""


class PlanYear(_View, frozen=True):
    """How many vehicles the plan wants by the end of a year."""

    year: int
    planned: int


class ServiceCount(_View, frozen=True):
    """Vehicles of a service, and how many the roster plans."""

    vehicles: int
    planned: int


class DistrictSummary(_View, frozen=True):
    """One 旗区."""

    code: str
    name_zh: str
    name_en: str
    vehicles: int
    planned: int
    by_service: Mapping[str, ServiceCount]
    by_condition: Mapping[str, int]
    open_alarms: int
    """Standing ones from warning up."""
    worst_alarm: str | None


class CitySummary(_View, frozen=True):
    """The whole city as far as the caller sees it.

    `km_today` is today so far by odometer since `km_since_ms` (GET /api/vehicle-days/today says how); both
    are null while no vehicle has told its odometer twice.
    """

    vehicles: int
    online: int
    driving: int
    orders_today: int
    delivered_today: int
    on_time_ratio: float | None
    km_today: float | None
    km_since_ms: int | None
    open_alarms: int
    """Standing ones from warning up."""
    unacknowledged_alarms: int
    plan: tuple[PlanYear, ...]
    by_service: Mapping[str, ServiceCount]
    districts: tuple[DistrictSummary, ...]


class CityName(_View, frozen=True):
    """Which city this is."""

    code: str
    name_zh: str
    name_en: str


class ServicePoint(_View, frozen=True):
    """A counter of a company, open every day; hours as HH:MM-HH:MM of city time."""

    town: str
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    open_hours: str


class OperatorView(_View, frozen=True):
    """A company that runs vehicles here, as the public knows it; no service points means ask by telephone."""

    code: str
    name_zh: str
    name_en: str
    telephone: str
    service_points: tuple[ServicePoint, ...]


class TownView(_View, frozen=True):
    """A town whose roads are drawn; bbox is west, south, east, north; centre is longitude, latitude."""

    code: str
    district: str
    name_zh: str
    name_en: str
    bbox: tuple[float, float, float, float]
    centre: tuple[float, float]


class Config(_View, frozen=True):
    """What a page needs before anybody signs in."""

    city: CityName
    is_demo: bool
    is_synthetic: bool
    attribution_zh: str
    attribution_en: str
    approval_number: str
    telephone: str
    city_time_ms: int
    rate: float
    zone: str
    towns: tuple[TownView, ...]


def config_view(city: CityFacts, *, city_time_ms: int, rate: float) -> Config:
    """Return what every page is told about the city."""
    return Config(
        city=CityName(code=city.code, name_zh=city.name_zh, name_en=city.name_en),
        is_demo=city.is_demo,
        is_synthetic=city.is_synthetic,
        attribution_zh=city.attribution_zh,
        attribution_en=city.attribution_en,
        approval_number=city.approval_number,
        telephone=city.telephone,
        city_time_ms=city_time_ms,
        rate=rate,
        zone=str(city.zone),
        towns=tuple(
            TownView(
                code=town.code,
                district=town.district,
                name_zh=town.name_zh,
                name_en=town.name_en,
                bbox=town.bbox,
                centre=town.centre,
            )
            for town in city.towns
        ),
    )


def operator_view(company: Company, points: Sequence[ServicePointFacts]) -> OperatorView:
    """Return what anybody is told about a company."""
    return OperatorView(
        code=company.operator_id,
        name_zh=company.name_zh,
        name_en=company.name_en,
        telephone=company.telephone,
        service_points=tuple(
            ServicePoint(
                town=point.town,
                name_zh=point.name_zh,
                name_en=point.name_en,
                address_zh=point.address_zh,
                address_en=point.address_en,
                open_hours=point.open_hours,
            )
            for point in points
        ),
    )
