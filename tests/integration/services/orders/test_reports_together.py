"""What a vehicle that was out of reach reports at once goes as if each report had come by itself."""

from typing import Any

from sqlalchemy import event, update

from core.ids import OrderId
from core.inbox import inbox
from services.orders.states import OrderState
from services.tasks.states import StopKind
from services.tasks.tables import tasks
from tests.integration.services.orders.on_the_way import an_order_on_its_way
from tests.integration.services.orders.town import Town


class _Waiting:
    """Reports are stored and nobody handles them yet."""

    async def consume_once(self) -> int:
        return 0


async def everything_at_once(town: Town) -> tuple[Any, OrderId]:
    """Store all reports of a delivery from its way to the shop to its end; return who handles them, and the
    order's id."""
    order, vehicle = await an_order_on_its_way(town)
    consumer, town.consumer = town.consumer, _Waiting()  # type: ignore[assignment]
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    await vehicle.hand_over(order)
    await vehicle.leave(StopKind.HANDOVER)
    await vehicle.done()
    return consumer, order.order_id


async def test_a_whole_delivery_that_is_reported_at_once_is_read_once(any_town: Town) -> None:
    town = any_town
    consumer, order_id = await everything_at_once(town)
    seen: list[str] = []
    engine = town.database._writer.sync_engine

    def note(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        seen.append(said)

    event.listen(engine, "before_cursor_execute", note)
    assert await consumer.consume_once() == 10
    event.remove(engine, "before_cursor_execute", note)
    assert (await town.read(order_id)).state is OrderState.DELIVERED
    assert [name for name, _ in await town.history(order_id)][-3:] == [
        "GoodsLoaded",
        "VehicleArrived",
        "GoodsCollected",
    ]
    for table in ("tasks", "stops", "orders", "vehicles"):
        assert sum(f"FROM {table} " in said.replace("\n", " ") for said in seen) == 1, table
    for table in ("order_events", "vehicle_spells", "audit_entries"):
        assert sum(f"INSERT INTO {table} " in said for said in seen) == 1, table


async def test_somebody_who_moves_the_task_meanwhile_costs_no_report(any_town: Town) -> None:
    """What was read ahead is then out of date: the group is handled again, report by report."""
    town = any_town
    consumer, order_id = await everything_at_once(town)
    ahead = consumer._read_ahead
    moved: list[Any] = []

    async def read_and_be_late(tx: Any, items: Any, /) -> None:
        await ahead(tx, items)
        if not moved:
            moved.append(await tx.execute(update(tasks).values(version=tasks.c.version + 1)))

    consumer._read_ahead = read_and_be_late
    assert await consumer.consume_once() == 10
    assert moved
    assert (await town.read(order_id)).state is OrderState.DELIVERED
    async with town.database.read() as tx:
        said = (await tx.execute(inbox.select().order_by(inbox.c.id))).mappings().all()
    assert {row["outcome"] for row in said} <= {"applied", "noted"}
