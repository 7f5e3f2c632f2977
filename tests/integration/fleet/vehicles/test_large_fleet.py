"""More vehicles than one statement of PostgreSQL takes: who watches all of them does it part by part."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.lapse_papers import PaperWatch
from fleet.vehicles.store import PART_MOST, VehicleFilter, VehicleStore
from fleet.vehicles.tables import insurances, permits, vehicles
from fleet.weather.conditions import Quantity, Weather, WeatherLimits
from fleet.weather.fact import FactKind, ServiceLimits, WeatherFact
from fleet.weather.recall import EVERY
from fleet.weather.store import WeatherStore
from fleet.work_orders.watch_inspections import InspectionWatch
from services.weather_recall.read_fleet import read_sky
from tests.integration.fleet.builders import AT, working_vehicles

LARGE = 33_000
"""Above the 32,767 parameters of a statement of PostgreSQL."""


async def _copy(database: Database, table: Table, many: int = LARGE, **named: str) -> None:
    """Copy the row of vehicle 1 for every other vehicle, with names of its own."""
    async with database.write() as tx:
        row = dict((await tx.execute(select(table).where(table.c.vehicle_no == 1))).mappings().one())
        row.pop("id", None)
        rows: list[dict[str, Any]] = [
            row
            | {"vehicle_no": number, **{name: f"{said}-{number}" for name, said in named.items()}}
            | ({"code": None} if "code" in row else {})
            for number in range(2, many + 1)
        ]
        await tx.execute(insert(table), rows)


async def test_parts_are_the_page_cut_up(sqlite_database: Database) -> None:
    await working_vehicles(sqlite_database, 1, 2, 3, 5, 8)
    async with sqlite_database.read() as tx:
        store, every = VehicleStore(tx), VehicleFilter()
        for most in (1, 2, 5, 6):
            parts = [part async for part in store.parts(EVERYTHING, every, most=most)]
            assert [each for part in parts for each in part] == await store.page(EVERYTHING, every)
            assert [len(part) for part in parts[:-1]] == [most] * (len(parts) - 1)
            assert all(parts)
        nobody = VehicleFilter(lifecycles=frozenset({Lifecycle.DECOMMISSIONED}))
        assert [part async for part in store.parts(EVERYTHING, nobody)] == []


async def test_all_that_changed_at_one_moment_are_given_once(sqlite_database: Database) -> None:
    await working_vehicles(sqlite_database, 1)
    many = 2 * PART_MOST + 5
    await _copy(sqlite_database, vehicles, many, device_id="d", maker_serial="s")
    async with sqlite_database.read() as tx:
        store = VehicleStore(tx)
        moment = (await store.get(VehicleNo(1), EVERYTHING)).changed_at
        everybody = list(range(1, many + 1))
        for since, included in ((None, True), (moment, True), (moment - timedelta(seconds=1), False)):
            found = await store.changed_since(since, included=included)
            assert sorted(each.vehicle_no for each in found) == everybody
        assert await store.changed_since(moment, included=False) == []


@pytest.mark.slow
@pytest.mark.thorough
async def test_papers_inspections_and_weather_are_watched_for_all(
    postgresql_database: Database, clock: Clock
) -> None:
    database = postgresql_database
    await working_vehicles(database, 1)
    await _copy(database, vehicles, device_id="d", maker_serial="s")
    await _copy(database, permits, permit_no="P")
    await _copy(database, insurances, policy_no="I")
    assert await PaperWatch(database, clock).lapse_once() == 0
    assert await InspectionWatch(database, clock).look_once() == 0
    cold = WeatherFact(
        district=DistrictCode("KB"),
        source="test",
        kind=FactKind.OBSERVED,
        valid_from=AT,
        valid_to=AT + timedelta(hours=1),
        weather=Weather(air_c=-31.0),
        recorded_at=AT,
    )
    limits = ServiceLimits(
        service=ServiceKind.DELIVERY,
        version=1,
        limits=WeatherLimits(lowest_air_c=-25.0),
        by_name="test",
        reason="cold",
        at=AT,
    )
    async with database.write() as tx:
        assert await WeatherStore(tx).put(cold)
        await WeatherStore(tx).add_limits(limits)
        [vehicle] = await VehicleStore(tx).page(EVERYTHING, VehicleFilter(), after=VehicleNo(LARGE - 1))
        sky = await read_sky(tx, at=AT)
    assert vehicle.vehicle_no == LARGE
    [(part, broken)] = sky.broken.items()
    assert part == (vehicle.district, vehicle.service, EVERY)
    assert [one.quantity for one in broken] == [Quantity.AIR]
