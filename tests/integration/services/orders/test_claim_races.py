"""Promise 3: a vehicle never holds two tasks, an order never two vehicles, whoever claims at the same
moment."""

import asyncio
from collections import Counter

import msgspec
import pytest
from sqlalchemy import select

from core.auth.principal import EVERYTHING
from core.errors import Conflict, IllegalTransition
from core.ids import OrderId, VehicleNo
from services.orders.cancel_order import cancel_order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.tasks.states import ACTIVE
from services.tasks.store import TaskStore
from services.tasks.tables import tasks
from tests.integration.services.orders.town import KB, Town


async def holders(town: Town) -> tuple[Counter[VehicleNo], Counter[OrderId]]:
    """How many living tasks hold each vehicle and each order."""
    async with town.database.read() as tx:
        query = select(tasks.c.vehicle_no).where(tasks.c.state.in_(sorted(ACTIVE)))
        vehicles = Counter(VehicleNo(row.vehicle_no) for row in await tx.execute(query))
        orders = Counter(order for task in await TaskStore(tx).active(EVERYTHING) for order in task.orders())
    return vehicles, orders


async def test_rounds_that_race_give_each_order_one_vehicle_and_each_vehicle_one_order(
    racers: list[Town],
) -> None:
    town = racers[0]
    for number in range(1, 5):
        await town.add_vehicle(number, lat=39.6 + number / 1000)
    for _ in range(4):
        await town.order()
    counts = await asyncio.gather(*(racer.dispatcher.run_round(KB) for racer in racers))
    vehicles, orders = await holders(town)
    assert sum(count["assigned"] for count in counts) == 4
    assert set(vehicles.values()) == set(orders.values()) == {1}
    assert len(orders) == 4


async def test_cancelling_against_dispatching_leaves_no_vehicle_on_a_cancelled_order(
    racers: list[Town],
) -> None:
    town = racers[0]
    for number in range(1, 4):
        await town.add_vehicle(number)
    placed = [await town.order() for _ in range(3)]

    async def cancel(racer: Town, order_id: OrderId) -> bool:
        try:
            async with racer.database.write() as tx:
                await cancel_order(
                    tx,
                    order_id,
                    EVERYTHING,
                    by="resident",
                    reason="changed_mind",
                    actor="r",
                    at=racer.now,
                    rate=1.0,
                )
        except (Conflict, IllegalTransition):
            return False
        return True

    await asyncio.gather(
        racers[0].dispatcher.run_round(KB),
        racers[1].dispatcher.run_round(KB),
        *(cancel(racers[2 + i % 2], order.order_id) for i, order in enumerate(placed)),
    )
    vehicles, orders = await holders(town)
    async with town.database.read() as tx:
        now = await OrderStore(tx).of_ids([order.order_id for order in placed], EVERYTHING)
    for order in now.values():
        holds = 0 if order.state is OrderState.CANCELLED else int(order.state is OrderState.ASSIGNED)
        assert orders[order.order_id] == holds
    assert all(count == 1 for count in vehicles.values())


async def test_rounds_and_errands_that_race_for_one_vehicle_give_it_one_task(racers: list[Town]) -> None:
    town = racers[0]
    await town.add_vehicle(1, battery_ratio=0.34)
    await town.order()
    await asyncio.gather(
        *(racer.dispatcher.run_round(KB) for racer in racers[:2]),
        *(racer.idle.settle(KB) for racer in racers[2:]),
    )
    vehicles, _ = await holders(town)
    assert vehicles == {VehicleNo(1): 1}


async def test_the_index_refuses_a_second_task_that_a_forgetful_claim_would_make(town: Town) -> None:
    await town.add_vehicle(7)
    await town.order()
    await town.round()
    held = await town.task_of(7)
    assert held is not None
    with pytest.raises(Conflict, match="another task holds the vehicle"):
        async with town.database.write() as tx:
            await TaskStore(tx).claim(msgspec.structs.replace(held, task_id="another"))
