"""Codes and doors at the pickup point."""

import pytest

from core.auth.principal import Reach
from core.errors import Conflict
from fleet.links.wire.commands import CommandKind
from services.orders.collect_order import code_of_order, open_for_recipient, refresh_code
from tests.integration.services.orders.on_the_way import an_arrived_order, an_order_on_board
from tests.integration.services.orders.town import RESIDENT, Town

MINE = Reach(resident=RESIDENT)


async def test_wrong_codes_typed_at_the_vehicle_lock_the_code_until_a_fresh_one(town: Town) -> None:
    order, vehicle = await an_arrived_order(town)
    failed = {"orderId": order.order_id, "generation": 1, "tries": 5}
    assert await vehicle.say("code_failed", failed) == "applied"
    assert await vehicle.say("code_failed", failed) == "already"
    with pytest.raises(Conflict, match="pickup-code-locked"):
        await open_for_recipient(
            town.database, order.order_id, MINE, typed="123456", actor="r", at=town.now, rate=1.0
        )
    async with town.database.write() as tx:
        fresh = await refresh_code(tx, order.order_id, MINE)
    assert (fresh.generation, fresh.tries_left) == (2, 5)
    opened = await open_for_recipient(
        town.database, order.order_id, MINE, typed=fresh.code(), actor="r", at=town.now, rate=1.0
    )
    assert opened.kind is CommandKind.OPEN_COMPARTMENT


async def test_a_wrong_code_on_the_phone_page_costs_a_try_that_is_kept(town: Town) -> None:
    order, _ = await an_arrived_order(town)
    with pytest.raises(Conflict, match="pickup-code-wrong") as refusal:
        await open_for_recipient(
            town.database, order.order_id, MINE, typed="000000", actor="r", at=town.now, rate=1.0
        )
    assert refusal.value.fields["tries_left"] == 4
    async with town.database.read() as tx:
        assert (await code_of_order(tx, order.order_id, MINE)).tries_left == 4


async def test_nobody_opens_a_door_before_the_vehicle_is_there(town: Town) -> None:
    order, _ = await an_order_on_board(town)
    with pytest.raises(Conflict, match="vehicle-not-at-stop"):
        await open_for_recipient(
            town.database, order.order_id, MINE, typed=None, actor="r", at=town.now, rate=1.0
        )
