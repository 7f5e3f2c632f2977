"""Data quality over HTTP: makers to those who see the whole city, vehicles to those within reach."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from core import keys
from core.auth.principal import EVERYTHING
from core.database import Database
from core.ids import MakerId, VehicleNo
from core.redis import connect
from dashboard.parts import DashboardParts
from dashboard.quality_sheets import city_quality, refused_samples
from dashboard.schemas.quality import quality_view
from fleet.quality.samples import Sample
from fleet.quality.store import QualityDay, QualityStore
from fleet.quality.tallies import COLUMN, COLUMNS, Minute, Tallies
from fleet.quality.windows import Windows
from tests.integration.dashboard.conftest import Somebody

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
AT_MS = round(AT.timestamp() * 1000)


@pytest.fixture
async def quality(
    valkey_url: str, add_vehicles: Callable[..., Any], sqlite_database: Database, somebody: Somebody
) -> None:
    """A tenth of vehicle 1's positions teleported."""
    await add_vehicles(1, 2)
    row = np.zeros((1, len(COLUMNS)), np.int64)
    row[0, COLUMN["believed"]], row[0, COLUMN["teleport"]] = 90, 10
    numbers, counts = Tallies.of(np.array([1]), row).packed()
    minute = Minute(at_ms=AT_MS, makers={"maker-a": row[0].tolist()}, numbers=numbers, counts=counts)
    windows = Windows()
    windows.take([minute], AT_MS, AT)
    sample = Sample(reason="teleport", received_at_ms=AT_MS, vehicle_no=1, record="00")
    frame = Sample(reason="malformed-frame", received_at_ms=AT_MS, record="01")
    redis = connect(valkey_url)
    await redis.set(keys.quality_windows(), msgspec.msgpack.encode(windows))
    for one in (sample, frame):
        await redis.lpush(keys.quality_samples("maker-a", one.reason), msgspec.json.encode(one))
    await redis.aclose()
    day = QualityDay(
        day=date(2026, 6, 30), maker=MakerId("maker-a"), vehicle_no=VehicleNo(0), score=0.97, positions=1000,
        counts={"believed": 970, "missing": 30}, formula_version=1, closed_at=AT,
    )  # fmt: skip
    async with sqlite_database.write() as tx:
        await QualityStore(tx).close([day, msgspec.structs.replace(day, vehicle_no=VehicleNo(1))])


@pytest.mark.usefixtures("quality")
async def test_who_sees_the_whole_city_sees_makers_their_days_and_the_worst_vehicles(
    parts: DashboardParts,
) -> None:
    seen = quality_view(await city_quality(parts, EVERYTHING))
    [maker] = seen.makers
    assert (maker.maker, maker.five_minutes.score) == ("maker-a", 0.9)
    assert maker.five_minutes.shares == {"teleport": 0.1}
    assert (maker.today.score, maker.today.positions, seen.counted_at_ms) == (0.9, 100, AT_MS)
    assert [vehicle.vehicle_no for vehicle in seen.vehicles] == [1]
    assert [(day.day, day.score) for day in seen.days] == [(date(2026, 6, 30), 0.97)]
    samples = await refused_samples(parts, MakerId("maker-a"), EVERYTHING)
    assert {sample.reason for sample in samples} == {"teleport", "malformed-frame"}


@pytest.mark.usefixtures("quality")
async def test_who_sees_a_part_of_it_sees_its_vehicles_and_their_samples(somebody: Somebody) -> None:
    seen = (await somebody.get("/api/quality")).json()
    assert [vehicle["vehicleNo"] for vehicle in seen["vehicles"]] == [1]
    assert (seen["makers"], seen["days"]) == ([], [])
    samples = (await somebody.get("/api/quality/samples?maker=maker-a")).json()
    assert [sample["reason"] for sample in samples["samples"]] == ["teleport"]


@pytest.mark.usefixtures("quality")
async def test_a_vehicle_shows_its_own_score_and_one_without_faults_is_one(somebody: Somebody) -> None:
    bad = (await somebody.get("/api/vehicles/1/quality")).json()
    assert (bad["now"]["day"]["score"], len(bad["days"])) == (0.9, 1)
    good = (await somebody.get("/api/vehicles/2/quality")).json()
    assert (good["now"]["day"]["score"], good["days"]) == (1.0, [])
    assert (await somebody.get("/api/vehicles/99/quality")).status_code == 404


@pytest.mark.usefixtures("quality")
async def test_a_stranger_sees_neither_makers_nor_vehicles_nor_samples(somebody: Somebody) -> None:
    seen = (await somebody.get("/api/quality", "foreign dispatcher")).json()
    assert seen == {"countedAtMs": AT_MS, "makers": [], "vehicles": [], "days": []}
    samples = (await somebody.get("/api/quality/samples?maker=maker-a", "foreign dispatcher")).json()
    assert samples["samples"] == []
    assert (await somebody.get("/api/vehicles/1/quality", "foreign dispatcher")).status_code == 404
