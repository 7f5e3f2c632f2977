"""Fence events of one vehicle or fence are found however far back they lie; on both stores."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.database.statements import insert_new_rows
from fleet.fences.capacity import NOBODY
from fleet.fences.read_events import EventFilter, StoredEvent, read_events
from fleet.fences.walk_back import FIRST_QUARTERS, MOST_QUARTERS, walk_back
from fleet.telemetry.facts import fence_events

NOW = Clock.real().now().replace(microsecond=0)
HOUR_S = FIRST_QUARTERS * 15
AGO_S = [0, 14, 15, 16, 59, 60, 61, HOUR_S, HOUR_S + 1, 5 * 3600, 26 * 3600, 40 * 86_400]


def an_event(fence: str, seq: int, ago_s: float) -> dict[str, Any]:
    at = NOW - timedelta(seconds=ago_s)
    moments = dict.fromkeys(("measured_at", "since_at", "received_at"), at)
    where = {"lat": 39.6, "lng": 109.8, "accuracy_m": None, "is_border_uncertain": seq % 2 == 0}
    of = {"vehicle_no": NOBODY, "fence_id": fence, "fence_version": 1, "set_version": 1, "kind": "crowded"}
    return {**of, **moments, **where, "seq": seq, "epoch": 1}


@pytest.fixture
async def stored(database: Database) -> Database:
    rng = np.random.default_rng(5)
    rows = [an_event("yard", seq, ago_s) for seq, ago_s in enumerate(AGO_S)]
    rows += [an_event(f"f{fence}", fence, float(rng.uniform(0, 45 * 86_400))) for fence in range(300)]
    async with database.write() as tx:
        await insert_new_rows(tx, fence_events, rows)
    return database


async def read(database: Database, before: Any = None, limit: int = 100) -> list[StoredEvent]:
    wanted = EventFilter(fences=frozenset({"yard"}))
    async with database.read() as tx:
        return list(await read_events(tx, wanted, reach=EVERYTHING, before=before, limit=limit))


async def test_pages_give_every_event_of_a_fence_once_newest_first(stored: Database) -> None:
    for page in (1, 2, 100):
        found: list[StoredEvent] = []
        before = None
        while some := await read(stored, before, page):
            found += some
            before = (some[-1].measured_at, some[-1].id)
        assert [NOW - event.measured_at for event in found] == [timedelta(seconds=ago_s) for ago_s in AGO_S]


async def test_walk_names_every_quarter_once_from_the_newest_event_to_the_oldest(stored: Database) -> None:
    async with stored.read() as tx:
        named = [list(condition.right.value) for condition in await walk_back(tx)]
    every = [quarter for quarters in reversed(named) for quarter in quarters]
    assert every == list(range(every[0], every[-1] + 1))
    assert len(named[0]) == FIRST_QUARTERS
    assert max(map(len, named)) == MOST_QUARTERS


async def test_empty_table_has_no_quarters(database: Database) -> None:
    async with database.read() as tx:
        assert list(await walk_back(tx)) == []


async def test_quarters_of_a_fence_are_looked_up_and_not_scanned(sqlite_database: Database) -> None:
    async with sqlite_database.write() as tx:
        await insert_new_rows(tx, fence_events, [an_event("yard", 1, 0.0)])
        condition = next(await walk_back(tx))
        query = fence_events.select().where(fence_events.c.fence_id == "yard", condition)
        sql = str(query.compile(tx.sync_connection, compile_kwargs={"literal_binds": True}))
        plan = (await tx.execute(text(f"EXPLAIN QUERY PLAN {sql}"))).all()
    assert "ix_fence_events_quarter_fence_id" in str(plan)
