"""A fence that holds only so many says when there are too many; on both stores."""

from typing import Any

import numpy as np
from sqlalchemy import select

from core.clock import Clock
from core.database import Database
from fleet.fences.capacity_watch import CapacityWatch
from fleet.telemetry.facts import fence_events
from fleet.telemetry.records import STATE, Records
from geofences.fences import FenceRules
from geofences.index import FenceIndex
from tests.fences import KANGBASHI, a_fence


class Yard:
    """A square with room for two, and one without a limit around it."""

    def __init__(self, database: Database, holder: str = "a") -> None:
        self.database = database
        self.state: Records = np.zeros(0, STATE)
        index = FenceIndex.build([a_fence("yard", rules=FenceRules(capacity=2)), a_fence("open")])
        index.set_version = 5
        clock: Any = Clock.real()
        self.watch = CapacityWatch(database, clock, self, lambda: index, holder=holder)

    async def states(self) -> Records:
        return self.state

    async def look(self, inside: int, outside: int = 3) -> int:
        self.state = np.zeros(inside + outside, STATE)
        self.state["vehicle_no"] = np.arange(1, inside + outside + 1)
        for row in range(inside + outside):
            lat, lng = KANGBASHI.lat_lng(0.0 if row < inside else 500.0, 0.0)
            self.state[row]["lat_e7"], self.state[row]["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
        return await self.watch.look()

    async def said(self) -> list[tuple[str, str, int, int]]:
        async with self.database.read() as tx:
            rows = (await tx.execute(select(fence_events).order_by(fence_events.c.id))).all()
        return [(row.fence_id, row.kind, row.vehicle_no, row.set_version) for row in rows]


async def test_too_many_are_said_once_they_are_there_at_two_looks_and_free_likewise(
    database: Database,
) -> None:
    yard = Yard(database)
    said = [await yard.look(inside) for inside in (2, 3, 2, 3, 3, 4, 2, 3, 2, 2, 1)]
    assert said == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    assert await yard.said() == [("yard", "crowded", 0, 5), ("yard", "free", 0, 5)]


async def test_another_process_goes_on_from_what_was_said_last(database: Database) -> None:
    yard = Yard(database)
    for _ in range(2):
        await yard.look(3)
    waiting = Yard(database, "b")
    assert [await waiting.look(1) for _ in range(3)] == [0, 0, 0]
    await yard.watch._lease.give_back()
    heir = Yard(database, "c")
    assert [await heir.look(inside) for inside in (3, 3, 3, 1, 1)] == [0, 0, 0, 0, 1]
    assert [kind for _, kind, _, _ in await yard.said()] == ["crowded", "free"]
