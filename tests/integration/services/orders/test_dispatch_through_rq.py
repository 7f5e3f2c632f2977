"""From the order to the plan through the real way: outbox, relay, RQ on Valkey, worker, SQL, vehicle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.outbox import Relay
from core.queue import JobQueue, WorkerContext, run_worker
from core.settings import Settings
from fleet.links.wire.commands import CommandKind
from services.dispatch import wake
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.settle_idle import IdleKeeper
from services.dispatch.wake import DispatchReconciler, DispatchWaker
from services.orders.states import OrderState
from services.tasks.states import StopKind
from tests.integration.services.orders.town import KB, Town


@pytest.fixture
async def queue(valkey_url: str) -> AsyncIterator[JobQueue]:
    opened = JobQueue(valkey_url)
    yield opened
    opened.close()


def work(town: Town, valkey_url: str, queue: JobQueue, settings: Settings, tmp_path: Path) -> bool:
    """Run a real worker in burst mode, with stores of its own on its own event loop."""

    @asynccontextmanager
    async def context() -> AsyncIterator[WorkerContext]:
        database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}")
        mirror = Town(database, town.clock, roads=town.roads, listener=town.listener)
        yield WorkerContext(
            settings=settings,
            database=database,
            clock=town.clock,
            queue=queue,
            parts={ZoneDispatcher: mirror.dispatcher, IdleKeeper: mirror.idle},
        )
        await mirror.solver.close()
        await database.close()

    return run_worker("dispatch", valkey_url, context, burst=True)


async def test_an_order_reaches_its_vehicle_and_is_delivered_through_the_queue(
    town: Town, valkey_url: str, queue: JobQueue, settings: Settings, tmp_path: Path
) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    relay = Relay(town.database, {wake.TOPIC: DispatchWaker(queue, town.clock)}, town.clock, holder="test")
    assert await relay.carry_once() == 1
    assert await queue.waiting("dispatch") == 1
    assert work(town, valkey_url, queue, settings, tmp_path)
    assert (await town.read(order.order_id)).state is OrderState.ASSIGNED
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    await vehicle.hand_over(order)
    await vehicle.leave(StopKind.HANDOVER)
    await vehicle.done()
    assert (await town.read(order.order_id)).state is OrderState.DELIVERED
    # the end of the task asked for another round, which sends the vehicle home
    town.clock.advance(1)
    await town.operators_stay()
    town.listener.says(7, measured_at=town.now)
    assert await relay.carry_once() >= 1
    work(town, valkey_url, queue, settings, tmp_path)
    assert [c.kind for c in await town.commands(7, CommandKind.RETURN_TO_DEPOT)] == [
        CommandKind.RETURN_TO_DEPOT
    ]


async def test_a_lost_wake_up_costs_a_few_seconds_and_no_order(
    town: Town, valkey_url: str, queue: JobQueue, settings: Settings, tmp_path: Path
) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    # the relay never ran: the reconciler finds the zone by itself
    reconciler = DispatchReconciler(town.database, town.clock, DispatchWaker(queue, town.clock))
    assert await reconciler.reconcile_once() == 1
    assert await reconciler.reconcile_once() == 0, "one wish for each zone and period"
    assert work(town, valkey_url, queue, settings, tmp_path)
    assert (await town.read(order.order_id)).state is OrderState.ASSIGNED


async def test_a_wish_that_meets_a_job_of_the_same_second_is_kept_for_the_next(
    town: Town, queue: JobQueue
) -> None:
    waker = DispatchWaker(queue, town.clock)
    wishes: list[Any] = [await waker.wake(KB) for _ in range(3)]
    assert wishes == [True, True, False], "this second, the next second, and then both are asked for"
    assert await queue.waiting("dispatch") == 2
