"""What people see and say at the weather desk, each a use case with its own answer."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import NotFound
from core.ids import DistrictCode, VehicleNo
from dashboard.parts import DashboardParts, DistrictFacts
from dashboard.schemas.weather import (
    DistrictWeather,
    FactBody,
    RecallView,
    WeatherDesk,
    district_weather,
    limits_view,
    recall_view,
    weather_of,
)
from fleet.vehicles.store import VehicleStore
from fleet.weather.fact import WeatherFact
from fleet.weather.recall_store import RecallStore
from fleet.weather.record_weather import record_facts
from fleet.weather.store import WeatherStore

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
        limits = await WeatherStore(tx).limits()
    return WeatherDesk(
        at=at, districts=tuple(shown), limits=tuple(limits_view(each) for each in limits.values())
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


async def _districts(
    tx: Transaction, principal: Principal, districts: Sequence[DistrictFacts], *, at: datetime
) -> list[DistrictWeather]:
    codes = [each.code for each in districts]
    facts = await WeatherStore(tx).holding(at, codes, until=at + AHEAD)
    limits = (await WeatherStore(tx).limits()).values()
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
