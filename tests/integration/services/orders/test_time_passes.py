"""What time alone does to orders, and what the city tells people meanwhile."""

from sqlalchemy import select

from core.auth.principal import EVERYTHING, Reach
from core.outbox import outbox
from services.notices.tables import notices
from services.orders.accept_order import accept_order
from services.orders.states import OrderState
from services.orders.watch_orders import OrderWatch
from services.tasks.states import StopKind
from tests.integration.services.orders.town import SHOP, Town, later


async def told_about(town: Town) -> list[str]:
    """Occasions on the order's page, in the order in which they were wanted."""
    async with town.database.read() as tx:
        on_page = select(notices.c.occasion).where(notices.c.channel == "page")
        return list((await tx.execute(on_page.order_by(notices.c.wanted_at, notices.c.turn))).scalars())


async def test_a_merchant_that_does_not_answer_loses_the_order_and_the_goods_go_back(town: Town) -> None:
    await town.furnish_again(accepts_itself=False)
    await town.add_vehicle(7)
    order = await town.order()
    watch = OrderWatch(town.database, town.clock)
    later(town, 899)
    assert await watch.watch_once() == 0
    later(town, 2)
    assert await watch.watch_once() == 1
    cancelled = await town.read(order.order_id)
    assert (cancelled.state, cancelled.reason) == (OrderState.CANCELLED, "merchant_did_not_answer")
    assert await told_about(town) == ["cancelled"]
    assert await watch.watch_once() == 0


async def test_an_order_that_no_vehicle_takes_for_two_hours_is_given_up(town: Town) -> None:
    await town.add_vehicle(7, battery_ratio=0.13)
    order = await town.order()
    later(town, 7201)
    assert await OrderWatch(town.database, town.clock).watch_once() == 1
    failed = await town.read(order.order_id)
    assert (failed.state, failed.reason) == (OrderState.FAILED, "no_vehicle")


async def test_a_recipient_is_told_on_arrival_reminded_once_and_told_when_it_is_too_late(
    town: Town,
) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    watch = OrderWatch(town.database, town.clock)
    assert await watch.watch_once() == 0
    later(town, 301)
    assert await watch.watch_once() == 1
    assert await watch.watch_once() == 0
    later(town, 300)
    await vehicle.leave(StopKind.HANDOVER, "waited_out")
    assert await told_about(town) == ["arrived", "reminder", "missed"]


async def test_no_notice_ever_carries_a_code_or_a_phone(town: Town) -> None:
    await test_a_recipient_is_told_on_arrival_reminded_once_and_told_when_it_is_too_late(town)
    async with town.database.read() as tx:
        query = select(outbox.c.payload).where(outbox.c.topic == "notice.wanted")
        said = [row.payload for row in await tx.execute(query)]
    assert said
    assert all(payload == {} for payload in said)


async def test_accepting_twice_is_accepting_once(town: Town) -> None:
    await town.furnish_again(accepts_itself=False)
    await town.add_vehicle(7)
    order = await town.order()
    shop = Reach(merchants=frozenset({SHOP}))
    for _ in range(2):
        async with town.database.write() as tx:
            await accept_order(tx, order.order_id, shop, ready_at=town.now, actor="merchant:m-1", at=town.now)
    assert [event for event, _ in await town.history(order.order_id)] == ["OrderPlaced", "MerchantAccepted"]
    assert (await town.read(order.order_id, EVERYTHING)).ready_at == town.now


async def test_a_report_that_moves_nothing_counts_as_heard_of_its_task(town: Town) -> None:
    await town.add_vehicle(7)
    await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    assert await vehicle.reach(StopKind.LOAD) == "applied"
    later(town, 120)
    assert await vehicle.reach(StopKind.LOAD) == "already"
    task = await town.task_of(7)
    assert task is not None
    assert task.last_report_at == town.now
