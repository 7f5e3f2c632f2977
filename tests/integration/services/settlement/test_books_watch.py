"""Books that are wrong raise one alarm of the platform, which goes when they are right."""

from sqlalchemy import update

from core.auth.principal import EVERYTHING, Reach
from core.ids import OperatorId
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from services.orders.states import OrderState
from services.orders.tables import orders
from services.settlement.watch_books import BooksWatch
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import Town


async def of_the_books(town: Town, reach: Reach = EVERYTHING) -> list[Alarm]:
    async with town.database.read() as tx:
        found = await AlarmStore(tx).page(reach, limit=50)
    return [alarm for alarm in found if alarm.kind is AlarmKind.BOOKS_UNBALANCED]


async def test_wrong_books_are_one_alarm_of_the_platform_until_they_are_right(any_town: Town) -> None:
    town = any_town
    watch = BooksWatch(town.database, town.clock)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    assert await watch.check_once()
    assert await of_the_books(town) == []

    async def is_said_to_be(state: OrderState) -> None:
        async with town.database.write() as tx:
            await tx.execute(update(orders).values(state=state))

    await is_said_to_be(OrderState.CANCELLED)
    assert [await watch.check_once() for _ in range(2)] == [False, False]
    (alarm,) = await of_the_books(town)
    assert alarm.cleared_at is None
    assert (alarm.details["findings"], alarm.details["first_rule"]) == (1, "order-entries")
    assert alarm.details["first_about"] == order.order_id
    assert await of_the_books(town, Reach(operators=frozenset({OperatorId("op-a")}))) == []
    await is_said_to_be(OrderState.DELIVERED)
    assert await watch.check_once()
    (alarm,) = await of_the_books(town)
    assert alarm.cleared_at is not None
