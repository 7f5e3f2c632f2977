"""What people see and say at the weather desk, each a use case with its own answer."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import NotFound
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from dashboard.parts import DashboardParts, DistrictFacts
from dashboard.schemas.weather import (
    DistrictWeather,
    FactBody,
    LimitsBody,
    LimitsProposal,
    LimitsView,
    RecallView,
    WeatherDesk,
    district_weather,
    limits_of,
    limits_view,
    recall_view,
    weather_of,
)
from dashboard.schemas.weather_limits import LimitsPreviewView, limits_preview
from fleet.vehicles.store import VehicleStore
from fleet.weather.conditions import WeatherLimits
from fleet.weather.fact import OwnLimits, ServiceLimits, WeatherFact
from fleet.weather.recall import EVERY
from fleet.weather.recall_store import RecallStore
from fleet.weather.record_weather import record_facts
from fleet.weather.set_limits import must_set_for, must_set_for_city, set_limits, set_own_limits
from fleet.weather.store import WeatherStore
from fleet.weather.stricter import Borne, must_not_be_looser
from services.weather_recall.preview_limits import preview_limits

AHEAD = timedelta(hours=12)
"""How far the desk looks ahead: a shift."""
DESK = "desk"
"""The source of what a person typed."""


async def weather_desk(parts: DashboardParts, principal: Principal) -> WeatherDesk:
    """Return the weather of every 旗区 within reach."""
    at = parts.clock.now()
    districts = [each for each in parts.city.districts if _is_within(principal, each.code)]
    async with parts.database.read() as tx:
        shown = await _districts(tx, principal, districts, at=at)
        borne = await WeatherStore(tx).borne()
    own = [each for each in borne.own.values() if principal.operator in (None, each.operator)]
    return WeatherDesk(
        at=at,
        districts=tuple(shown),
        limits=tuple(limits_view(each, borne) for each in borne.city.values()),
        own_limits=tuple(limits_view(each, borne) for each in own),
    )


async def say_weather(parts: DashboardParts, principal: Principal, body: FactBody) -> DistrictWeather:
    """Keep what a person says of a 旗区, and return it as it is then.

    Raises NotFound for a 旗区 that the city does not have, else as ``record_facts``.
    """
    at, district = parts.clock.now(), DistrictCode(body.district)
    found = [each for each in parts.city.districts if each.code == district]
    if not found:
        raise NotFound("not-found", f"the city has no 旗区 {district}", district=district)
    fact = WeatherFact(
        district=district,
        source=DESK,
        kind=body.kind,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        weather=weather_of(body.weather),
        is_synthetic=body.is_synthetic,
        recorded_by=principal.name,
        recorded_at=at,
    )
    async with parts.database.write() as tx:
        await record_facts(tx, principal, [fact], at=at)
        return (await _districts(tx, principal, found, at=at))[0]


async def put_limits(
    parts: DashboardParts, principal: Principal, service: ServiceKind, body: LimitsBody
) -> LimitsView:
    """Set what the vehicles of a service bear, in the whole city or of a company."""
    at, limits = parts.clock.now(), limits_of(body.limits)
    made: ServiceLimits
    if body.operator is None:
        made = await set_limits(
            parts.database, principal, service, limits, version=body.version, reason=body.reason, at=at
        )
    else:
        made = await set_own_limits(
            parts.database,
            principal,
            OperatorId(body.operator),
            service,
            limits,
            version=body.version,
            reason=body.reason,
            at=at,
        )
    async with parts.database.read() as tx:
        return limits_view(made, await WeatherStore(tx).borne())


async def try_out_limits(
    parts: DashboardParts, principal: Principal, service: ServiceKind, body: LimitsProposal
) -> LimitsPreviewView:
    """Return whom limits would hold back in the next hours; refused as setting them would be."""
    at, limits = parts.clock.now(), limits_of(body.limits)
    until = at + AHEAD
    async with parts.database.read() as tx:
        present = await WeatherStore(tx).borne()
        wanted = _wanted(principal, present, service, limits, body.operator, at=at)
        held = await preview_limits(tx, reach_of(principal), service, present, wanted, at=at, until=until)
        facts = await WeatherStore(tx).holding(at, until=until)
        numbers = [each.vehicle.vehicle_no for one in held for each in one.vehicles]
        codes = await _own(tx, principal, numbers)
    operator = None if body.operator is None else OperatorId(body.operator)
    bears = wanted.of_city(service) if operator is None else wanted.of(operator, service)
    known = max((fact.valid_to for fact in facts), default=None)
    return limits_preview(
        service,
        operator,
        bears,
        held,
        codes,
        at=at,
        until=until,
        known_until=None if known is None else min(known, until),
    )


def _wanted(
    principal: Principal,
    present: Borne,
    service: ServiceKind,
    limits: WeatherLimits,
    operator: str | None,
    *,
    at: datetime,
) -> Borne:
    """Return what would hold; raise as ``set_limits`` and ``set_own_limits`` do."""
    if operator is None:
        must_set_for_city(principal)
        thought = ServiceLimits(
            service=service, version=0, limits=limits, by_name=principal.name, reason="", at=at
        )
        return Borne(city={**present.city, service: thought}, own=present.own)
    company = OperatorId(operator)
    must_set_for(principal, company)
    must_not_be_looser(limits, present.of_city(service))
    own = OwnLimits(
        operator=company,
        service=service,
        version=0,
        limits=limits,
        by_name=principal.name,
        reason="",
        at=at,
    )
    return Borne(city=present.city, own={**present.own, (company, service): own})


async def _districts(
    tx: Transaction, principal: Principal, districts: Sequence[DistrictFacts], *, at: datetime
) -> list[DistrictWeather]:
    codes = [each.code for each in districts]
    facts = await WeatherStore(tx).holding(at, codes, until=at + AHEAD)
    borne = await WeatherStore(tx).borne()
    services = {*borne.city, *(service for _, service in borne.own)}
    limits = {each: _borne_by(borne, principal, each) for each in sorted(services)}
    recalls = await _recalls(tx, principal, codes)
    return [
        district_weather(
            district,
            [fact for fact in facts if fact.district == district.code],
            limits,
            recalls.get(district.code, []),
            at=at,
        )
        for district in districts
    ]


def _borne_by(borne: Borne, principal: Principal, service: ServiceKind) -> WeatherLimits:
    """Return what counts for whoever looks: a company's people see their own limits at work."""
    if principal.operator is None:
        return borne.of_city(service)
    return borne.of(principal.operator, service)


async def _recalls(
    tx: Transaction, principal: Principal, districts: Collection[DistrictCode]
) -> dict[DistrictCode, list[RecallView]]:
    """Return the recalls that are not over; people of a company see their own vehicles in them."""
    running = await RecallStore(tx).running(districts)
    called = await RecallStore(tx).vehicles([each.recall_id for each in running])
    numbers = {each.vehicle_no for rows in called.values() for each in rows}
    own = await _own(tx, principal, numbers)
    found: dict[DistrictCode, list[RecallView]] = {}
    for recall in running:
        if recall.operator not in (EVERY, principal.operator) and principal.operator is not None:
            continue
        rows = [each for each in called[recall.recall_id] if each.vehicle_no in own]
        found.setdefault(recall.district, []).append(recall_view(recall, rows, own))
    return found


async def _own(
    tx: Transaction, principal: Principal, numbers: Collection[VehicleNo]
) -> dict[VehicleNo, str | None]:
    vehicles = await VehicleStore(tx).of_numbers(numbers, reach_of(principal))
    return {number: vehicle.code for number, vehicle in vehicles.items()}


def _is_within(principal: Principal, district: DistrictCode) -> bool:
    return principal.districts is None or district in principal.districts
