"""A vehicle that stands with goods in it calls a person, by an alarm that lasts as long as the need."""

from datetime import timedelta

from core.auth.principal import EVERYTHING
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import AlarmKind, AlarmState
from fleet.alarms.store import AlarmStore
from services.orders.states import OrderState
from services.tasks.states import StopKind
from tests.integration.services.orders.on_the_way import an_order_on_board, an_order_on_its_way
from tests.integration.services.orders.town import Town, later

FAULT = {"code": 3, "fatal": True}


async def calls(town: Town) -> list[Alarm]:
    """Return the alarms that call a person, newest first."""
    async with town.database.read() as tx:
        found = await AlarmStore(tx).page(EVERYTHING)
    return [alarm for alarm in found if alarm.kind is AlarmKind.NEEDS_PERSON]


async def test_a_vehicle_that_fell_silent_with_goods_calls_a_person_until_it_is_heard_again(
    town: Town,
) -> None:
    order, vehicle = await an_order_on_board(town)
    stood_at = town.now
    later(town, 700)
    await town.operators_stay()
    assert await town.watch.watch_once() == 1
    [alarm] = await calls(town)
    assert (alarm.state, alarm.vehicle_no, alarm.district) == (AlarmState.OPEN, 7, order.district)
    assert vehicle.plan is not None
    assert alarm.details == {
        "task_id": vehicle.plan.task_id,
        "reason": "vehicle_silent",
        "orders": order.order_id,
    }
    await town.watch.watch_once()
    assert await calls(town) == [alarm]
    # what it stored while nobody heard it is older than the alarm
    assert await vehicle.reach(StopKind.HANDOVER, measured_at=stood_at + timedelta(seconds=60)) == "applied"
    assert (await town.read(order.order_id)).state is OrderState.ARRIVED
    [alarm] = await calls(town)
    assert alarm.state is AlarmState.CLEARED


async def test_a_vehicle_that_is_lost_twice_with_the_same_goods_calls_a_person_twice(town: Town) -> None:
    order, vehicle = await an_order_on_board(town)
    stood_at = town.now
    later(town, 700)
    await town.operators_stay()
    await town.watch.watch_once()
    await vehicle.reach(StopKind.HANDOVER, measured_at=stood_at)
    assert await vehicle.say("fault", FAULT, measured_at=stood_at) == "raised"
    assert (await town.read(order.order_id)).state is OrderState.NEEDS_RECOVERY
    assert sorted(alarm.is_cleared for alarm in await calls(town)) == [False, True]


async def test_a_vehicle_that_is_lost_before_loading_calls_nobody(town: Town) -> None:
    order, vehicle = await an_order_on_its_way(town)
    await vehicle.say("fault", FAULT)
    assert (await town.read(order.order_id)).state is OrderState.ACCEPTED
    assert await calls(town) == []
