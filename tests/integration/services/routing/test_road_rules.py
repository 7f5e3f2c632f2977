"""Roads obey the fences in force, from the moment at which they are."""

import asyncio
from typing import Any

from geofences import shapes
from geofences.index import FenceIndex
from services.routing.engine import RouteEngine
from services.routing.route import GeoPoint
from steppe.road_rules import RoadRules
from tests.conftest import SettableClock
from tests.fences import a_fence, a_limit

TOWN = shapes.circle(40.0, 110.0, 3000.0)


async def test_a_published_slow_zone_slows_and_a_retired_one_does_not(
    engine: RouteEngine, stops: list[GeoPoint], clock: SettableClock, eventually: Any
) -> None:
    indexes = [FenceIndex.build([a_fence("slow", TOWN, rules=a_limit(1.5))], set_version=1)]
    rules, stop = RoadRules(lambda: indexes[-1], clock, engine), asyncio.Event()
    running = asyncio.create_task(rules.run(stop))

    async def speeds() -> set[float]:
        (route,) = await engine.legs((stops[0], stops[-1]))
        return {span.speed_mps for span in route.limits}

    async def is_slow() -> bool:
        return await speeds() == {1.5}

    async def is_free() -> bool:
        return min(await speeds()) > 1.5

    await eventually(is_slow)
    indexes.append(FenceIndex.build([], set_version=2))
    await eventually(is_free)
    stop.set()
    await running
