"""Roads obey the fences in force, from the moment at which they are."""

import asyncio
from typing import Any

from geofences import shapes
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from services.dispatch.travel import TravelTimes
from services.routing.engine import RouteEngine
from services.routing.route import SLOW_VEHICLE, GeoPoint
from services.tasks.roads import Hop, Roads
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


async def test_remembered_travel_times_are_of_what_is_closed_now(
    engine: RouteEngine, stops: list[GeoPoint], clock: SettableClock
) -> None:
    start, end = stops[0], stops[-1]
    around_end = a_fence("works", shapes.circle(end.lat, end.lng, 60.0), kind=FenceKind.NO_GO)
    indexes = [FenceIndex.build([], set_version=1)]
    travel = TravelTimes(Roads(engine, RoadRules(lambda: indexes[-1], clock, engine).closed))

    async def hop() -> Hop | None:
        return (await travel.between([start], [end], SLOW_VEHICLE))[start, end]

    before = await hop()
    assert before is not None
    indexes.append(FenceIndex.build([around_end], set_version=2))
    assert await hop() is None
    indexes.append(FenceIndex.build([], set_version=3))
    assert await hop() == before
