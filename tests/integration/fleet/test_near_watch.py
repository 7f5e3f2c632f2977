"""Vehicles near each other and near places, once a second, as events; on both stores."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from core.clock import Clock
from core.database import Database
from fleet.fences.near_watch import NearWatch
from fleet.telemetry.facts import fence_events
from fleet.telemetry.records import STATE, Records
from geofences.fences import FenceTiming
from geofences.index import FenceIndex
from tests.fences import KANGBASHI, a_fence

type Places = dict[int, float]


class Street:
    """Vehicles on a line east of the middle of Kangbashi, all moving unless said."""

    def __init__(self, database: Database, clock: Any, index: FenceIndex, vehicles_m: float) -> None:
        self.database = database
        self.state: Records = np.zeros(0, STATE)
        self.seq = 0
        self.watch = NearWatch(database, clock, self, lambda: index, vehicles_m=vehicles_m, holder="a")

    async def states(self) -> Records:
        return self.state

    async def look(self, places: Places, *, speed_cm_s: int = 200) -> int:
        self.seq += 1
        self.state = np.zeros(len(places), STATE)
        for row, (number, east) in enumerate(places.items()):
            lat, lng = KANGBASHI.lat_lng(east, 0.0)
            self.state[row]["vehicle_no"], self.state[row]["seq"] = number, self.seq
            self.state[row]["lat_e7"], self.state[row]["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
            self.state[row]["speed_cm_s"] = speed_cm_s
        return await self.watch.look()

    async def said(self) -> list[tuple[int, str, str, int]]:
        async with self.database.read() as tx:
            rows = (await tx.execute(select(fence_events).order_by(fence_events.c.id))).all()
        return [(row.vehicle_no, row.kind, row.fence_id, row.seq) for row in rows]


@pytest.fixture
def street(database: Database) -> Street:
    return Street(database, Clock.real(), FenceIndex.build(()), 20.0)


async def test_two_vehicles_come_near_and_part_once_however_long_they_stay(street: Street) -> None:
    for east in (100.0, 15.0, 5.0, 22.0, 15.0, 30.0, 90.0):
        await street.look({7: 0.0, 3: east, 9: 5000.0})
    assert await street.said() == [(3, "near", "vehicle-7", 2), (3, "far", "vehicle-7", 6)]


async def test_who_was_near_already_is_not_said_to_have_come(street: Street) -> None:
    await street.look({7: 0.0, 3: 5.0})
    await street.look({7: 0.0, 3: 6.0})
    assert await street.said() == []
    await street.look({7: 0.0, 3: 60.0})
    assert [kind for _, kind, _, _ in await street.said()] == ["far"]


async def test_two_that_stand_beside_each_other_have_not_come_near(street: Street) -> None:
    await street.look({7: 0.0, 3: 500.0}, speed_cm_s=0)
    await street.look({7: 0.0, 3: 5.0}, speed_cm_s=0)
    assert await street.said() == []


async def test_a_vehicle_comes_near_a_place_that_asks(database: Database) -> None:
    index = FenceIndex.build([a_fence("stop", version=4, timing=FenceTiming(near_m=100.0)), a_fence("other")])
    street = Street(database, Clock.real(), index, 0.0)
    for east in (500.0, 90.0, 110.0, 130.0):
        await street.look({3: east})
    assert await street.said() == [(3, "near", "stop", 2), (3, "far", "stop", 4)]


async def test_of_two_watches_one_looks(database: Database, street: Street) -> None:
    other = Street(database, Clock.real(), FenceIndex.build(()), 20.0)
    other.watch = NearWatch(
        database, Clock.real(), other, lambda: FenceIndex.build(()), vehicles_m=20.0, holder="b"
    )
    for east in (100.0, 10.0):
        await street.look({7: 0.0, 3: east})
        await other.look({7: 0.0, 3: east})
    assert len(await street.said()) == 1
