"""The live page of one order: a snapshot, then what changed, and only to whom it belongs."""

import asyncio
from typing import Any

import msgspec
import pytest

from core.auth.principal import Principal
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.errors import NotFound
from core.ids import OrderId
from mobile_api.order_bell import OrderBell
from mobile_api.order_live import OrderPageFeed
from mobile_api.parts import MobileParts
from mobile_api.placing import Placing
from services.dispatch.travel import TravelTimes
from tests.integration.services.orders.town import KEYPAD_ROOT, RESIDENT, Town
from tests.integration.services.vending.stand import everywhere


def somebody(resident: str, town: Town) -> Principal:
    return Principal(
        kind="resident", id=resident, name="138****8000", role=Role.RESIDENT, expires_at=town.clock.wall()
    )


class Page:
    """What an open page was sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.messages.append(msgspec.json.decode(text))


def parts_of(town: Town, auth: AuthServices, bell: OrderBell) -> MobileParts:
    return MobileParts(
        database=town.database,
        clock=town.clock,
        travel=TravelTimes(town.ways),
        last_heard=town.listener,
        keypad_root=KEYPAD_ROOT,
        keys=auth.keys,
        rule_at=everywhere,
        bell=bell,
        placing=Placing(town.database, town.clock),
    )


async def test_a_page_gets_a_snapshot_then_an_upsert_for_each_change(
    town: Town, auth: AuthServices, bell: OrderBell, eventually: Any
) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    page, feed = Page(), OrderPageFeed(parts_of(town, auth, bell), somebody(RESIDENT, town), order.order_id)
    running = asyncio.create_task(feed.run(await feed.first(), page.send))
    await eventually(lambda: len(page.messages) == 1)
    assert (page.messages[0]["type"], page.messages[0]["seq"]) == ("snapshot", 0)
    await town.round()
    bell.ring(order.order_id)
    await eventually(lambda: len(page.messages) == 2)
    upsert = page.messages[1]
    assert (upsert["type"], upsert["seq"], upsert["items"][0]["state"]) == ("upsert", 1, "assigned")
    town.listener.says(7, measured_at=town.now, lat=39.605)
    await eventually(lambda: len(page.messages) == 3)
    assert page.messages[2]["items"][0]["vehicle"]["lat"] == 39.605
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_nothing_is_sent_while_nothing_changes(
    town: Town, auth: AuthServices, bell: OrderBell, eventually: Any
) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    page, feed = Page(), OrderPageFeed(parts_of(town, auth, bell), somebody(RESIDENT, town), order.order_id)
    running = asyncio.create_task(feed.run(await feed.first(), page.send))
    await eventually(lambda: len(page.messages) == 1)
    for _ in range(20):
        bell.ring(order.order_id)
        await asyncio.sleep(0)
    assert len(page.messages) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_page_of_somebody_elses_order_does_not_exist(
    town: Town, auth: AuthServices, bell: OrderBell
) -> None:
    await town.add_vehicle(7)
    order = await town.order()
    feed = OrderPageFeed(parts_of(town, auth, bell), somebody("r-2", town), OrderId(order.order_id))
    with pytest.raises(NotFound):
        await feed.first()


async def test_the_bell_forgets_pages_that_are_closed(bell: OrderBell) -> None:
    with bell.hear("o-1") as event:
        bell.ring("o-1")
        assert event.is_set()
    bell.ring("o-1")
    assert bell._waiting == {}
