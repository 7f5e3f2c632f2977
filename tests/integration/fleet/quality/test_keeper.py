"""Alarms about data and the facts of a day, from what gateways and trackers counted."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from sqlalchemy import select

from core import keys
from core.auth.principal import EVERYTHING
from core.database import Database
from core.ids import VehicleNo
from core.redis import Redis, connect
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.tables import alarms
from fleet.quality.keeper import QualityKeeper
from fleet.quality.shown import QualityReader
from fleet.quality.store import QualityStore
from fleet.quality.tallies import COLUMN, COLUMNS, Minute, Tallies
from tests.integration.fleet.builders import a_vehicle

CITY = ZoneInfo("Asia/Shanghai")


class Kept:
    """A keeper, its clock, and a process that counts."""

    def __init__(self, database: Database, redis: Redis, clock: Any) -> None:
        self.database, self.redis, self.clock = database, redis, clock
        self.keeper = self.another("keeper")

    def another(self, holder: str) -> QualityKeeper:
        return QualityKeeper(self.database, self.redis, self.clock, zone=CITY, holder=holder)

    async def counted(self, number: int, **counts: int) -> None:
        """Let a process say what it counted of one vehicle in a minute."""
        row = np.zeros(len(COLUMNS), np.int64)
        for name, count in counts.items():
            row[COLUMN[name]] = count
        numbers, packed = Tallies.of(np.array([number]), row.reshape(1, -1)).packed()
        makers = {"maker-a": row.tolist()}
        minute = Minute(at_ms=self.clock.now_ms(), makers=makers, numbers=numbers, counts=packed)
        await self.redis.xadd(keys.quality(), {b"m": msgspec.msgpack.encode(minute)})

    async def alarms(self) -> list[tuple[int, bool]]:
        query = (
            select(alarms).where(alarms.c.kind == AlarmKind.DATA_QUALITY.value).order_by(alarms.c.raised_at)
        )
        async with self.database.read() as tx:
            rows = (await tx.execute(query)).mappings().all()
        return [(row["vehicle_no"], row["cleared_at"] is not None) for row in rows]

    async def days(self) -> dict[tuple[str, int], float]:
        async with self.database.read() as tx:
            store = QualityStore(tx)
            since = self.clock.now().date() - timedelta(days=3)
            found = await store.of_makers(EVERYTHING, since=since)
            found += await store.of_vehicle(VehicleNo(1), since=since)
        return {(one.day.isoformat(), one.vehicle_no): one.score for one in found}


@pytest.fixture
async def kept(sqlite_database: Database, valkey_url: str, clock: Any) -> Any:
    redis = connect(valkey_url)
    async with sqlite_database.write() as tx:
        for number in (1, 2):
            await a_vehicle(tx, number)
    yield Kept(sqlite_database, redis, clock)
    await redis.aclose()


async def test_bad_data_raises_one_alarm_and_good_data_clears_it(kept: Kept) -> None:
    for _ in range(3):
        await kept.counted(1, believed=40, teleport=20)
        await kept.counted(2, believed=60)
        await kept.keeper.look()
        kept.clock.advance(60)
    assert await kept.alarms() == [(1, False)]
    for _ in range(6):
        await kept.counted(1, believed=60)
        await kept.keeper.look()
        kept.clock.advance(60)
    assert await kept.alarms() == [(1, True)]


async def test_a_few_positions_and_a_score_between_the_limits_say_nothing(kept: Kept) -> None:
    await kept.counted(1, believed=10, teleport=10)
    await kept.counted(2, believed=85, teleport=15)
    await kept.keeper.look()
    assert await kept.alarms() == []


async def test_a_keeper_that_starts_again_knows_its_windows_and_its_alarms(kept: Kept) -> None:
    await kept.counted(1, believed=40, teleport=20)
    await kept.keeper.look()
    kept.clock.advance(10)
    successor = kept.another("keeper")
    await successor.look()
    shown = (await QualityReader(kept.redis).windows()).vehicle(VehicleNo(1))
    assert shown.five_minutes.positions == 60
    kept.clock.advance(300)
    await kept.counted(1, believed=60)
    await successor.look()
    assert await kept.alarms() == [(1, True)]


async def test_of_two_keepers_one_works(kept: Kept) -> None:
    await kept.counted(1, believed=40, teleport=20)
    assert await kept.keeper.look() == 1
    await kept.counted(1, believed=40, teleport=20)
    assert await kept.another("other").look() == 0
    assert await kept.keeper.look() == 1


async def test_a_day_becomes_a_fact_once(kept: Kept) -> None:
    await kept.counted(1, believed=90, missing=10)
    await kept.keeper.look()
    assert await kept.days() == {}
    kept.clock.advance(86_400)
    await kept.keeper.look()
    assert await kept.days() == {("2026-07-01", 0): 0.9, ("2026-07-01", 1): 0.9}
    await kept.keeper.look()
    assert len(await kept.days()) == 2
