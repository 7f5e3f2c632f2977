"""A fence that holds only so many says when there are too many; on both stores."""

from typing import Any

import msgspec
import numpy as np
from sqlalchemy import select

from core.auth.principal import EVERYTHING, Reach
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, OperatorId
from fleet.alarms.alarm import Alarm
from fleet.alarms.store import AlarmStore
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
        self.publish(2)
        clock: Any = Clock.real()
        self.watch = CapacityWatch(database, clock, self, lambda: self.index, holder=holder)

    def publish(self, capacity: int | None) -> None:
        yard = a_fence("yard", rules=FenceRules(capacity=capacity), district=DistrictCode("KB"))
        self.index = FenceIndex.build([yard, a_fence("open")], set_version=5)

    async def alarms(self, reach: Reach = EVERYTHING) -> list[Alarm]:
        async with self.database.read() as tx:
            return await AlarmStore(tx).page(reach)

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


async def test_a_crowded_fence_has_one_alarm_of_its_own_that_goes_when_it_is_free(database: Database) -> None:
    yard = Yard(database)
    for inside in (3, 3, 4, 3, 2, 3):
        await yard.look(inside)
    [alarm] = await yard.alarms()
    assert (alarm.kind, alarm.severity, alarm.state) == ("fence_crowded", "warning", "open")
    assert (alarm.vehicle_no, alarm.district, alarm.operator) == (0, "KB", "")
    assert alarm.details == {
        "fence_id": "yard", "fence_version": 1, "fence_name_zh": "限速区", "fence_name_en": "Slow zone",
        "set_version": 5, "vehicles": 3, "capacity": 2,
    }  # fmt: skip
    assert alarm.lat is not None
    for inside in (2, 2, 1):
        await yard.look(inside)
    [alarm] = await yard.alarms()
    assert alarm.state == "cleared"
    for _ in range(2):
        await yard.look(3)
    assert [alarm.state for alarm in await yard.alarms()] == ["open", "cleared"]


async def test_the_alarm_is_seen_in_its_district_and_by_nobody_bound_to_an_operator(
    database: Database,
) -> None:
    yard = Yard(database)
    for _ in range(2):
        await yard.look(3)
    reach = msgspec.structs.replace(EVERYTHING, districts=frozenset({DistrictCode("KB")}))
    assert len(await yard.alarms(reach)) == 1
    elsewhere = msgspec.structs.replace(EVERYTHING, districts=frozenset({DistrictCode("DS")}))
    assert await yard.alarms(elsewhere) == []
    company = msgspec.structs.replace(EVERYTHING, operators=frozenset({OperatorId("op-a")}))
    assert await yard.alarms(company) == []


async def test_a_fence_that_has_no_capacity_any_more_has_no_alarm_and_may_be_crowded_anew(
    database: Database,
) -> None:
    yard = Yard(database)
    for _ in range(2):
        await yard.look(3)
    yard.publish(None)
    await yard.look(3)
    assert [alarm.state for alarm in await yard.alarms()] == ["cleared"]
    yard.publish(2)
    for _ in range(2):
        await yard.look(3)
    assert [alarm.state for alarm in await yard.alarms()] == ["open", "cleared"]


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
