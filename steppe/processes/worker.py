"""An RQ worker on one queue, with stores and parts that live as long as the worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from zoneinfo import ZoneInfo

from core import logs
from core.health import HealthServer
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import load, process_environment
from geofences.watch import FenceWatch
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.give_run import RunGiver
from services.dispatch.joins.give_join import RunJoiner
from services.dispatch.runs.solver import RunSolver
from services.dispatch.settle_idle import IdleKeeper
from services.dispatch.travel import TravelTimes
from services.plugging import work_sources
from services.routing.engine import RouteEngine
from services.routing.tiles import current_tiles
from services.tasks.roads import Roads
from services.vending.calls.call_away import RoundCaller
from steppe.checks import store_checks
from steppe.composition import fleet_picture, operating_areas
from steppe.resources import open_resources, redis_url_of, secret
from steppe.road_rules import RoadRules


@asynccontextmanager
async def dispatch_context() -> AsyncIterator[WorkerContext]:
    """Open what dispatch jobs need: stores, the fleet, the roads with the fences in force."""
    settings = load(process_environment())
    stop = asyncio.Event()
    async with open_resources(settings) as resources, AsyncExitStack() as stack:
        database, clock = resources.database, resources.clock
        fences = FenceWatch(database, resources.redis, clock)
        await fences.load()
        health = HealthServer(
            settings.worker.health_host, settings.worker.health_port, store_checks(resources)
        )
        queue = JobQueue(redis_url_of(settings))
        stack.callback(queue.close)
        engine = RouteEngine(current_tiles(settings.data_dir))
        stack.callback(engine.close)
        rules = RoadRules(lambda: fences.index, clock, engine)
        roads = Roads(engine, rules.closed)
        tasks = [asyncio.create_task(component.run(stop)) for component in (fences, rules, health)]
        fleet = fleet_picture(resources, fences)
        keypad_root = secret(settings, "keypad_key")
        solver = RunSolver()
        stack.push_async_callback(solver.close)
        giver = RunGiver(database, clock, roads, keypad_root=keypad_root, zone=ZoneInfo(settings.city.zone))
        areas = operating_areas(fences)
        joiner = RunJoiner(database, clock, roads, keypad_root=keypad_root, zone=ZoneInfo(settings.city.zone))
        dispatcher = ZoneDispatcher(
            database, clock, fleet, TravelTimes(roads), solver, giver, areas, joiner=joiner
        )
        callers = (RoundCaller(database, clock, roads, areas),)
        keeper = IdleKeeper(database, clock, fleet, roads, work_sources(database, roads, areas), callers)
        try:
            yield WorkerContext(
                settings=settings,
                database=database,
                clock=clock,
                queue=queue,
                parts={ZoneDispatcher: dispatcher, IdleKeeper: keeper},
            )
        finally:
            stop.set()
            await asyncio.gather(*tasks)


def run(queue: str) -> None:
    """Work on one queue until told to stop."""
    settings = load(process_environment())
    logs.configure(f"worker-{queue}", settings.log_level)
    run_worker(queue, redis_url_of(settings), dispatch_context)
