"""Codes and doors at the pickup point."""

import pytest

from core.auth.principal import Reach
from core.errors import Conflict
from fleet.commands.command import Command
from fleet.links.wire.commands import CommandKind
from services.orders.collect_order import WrongCode, code_of_order, open_for_recipient, refresh_code
from services.orders.order import Order
from tests.integration.services.orders.on_the_way import an_arrived_order, an_order_on_board
from tests.integration.services.orders.town import RESIDENT, Town

MINE = Reach(resident=RESIDENT)


async def opened(town: Town, order: Order, *, typed: str | None) -> Command | WrongCode:
    """Ask for the door as the recipient does."""
    async with town.database.write() as tx:
        return await open_for_recipient(
            tx, order.order_id, MINE, typed=typed, actor="r", at=town.now, rate=1.0
        )


async def test_wrong_codes_typed_at_the_vehicle_lock_the_code_until_a_fresh_one(town: Town) -> None:
    order, vehicle = await an_arrived_order(town)
    failed = {"orderId": order.order_id, "generation": 1, "tries": 5}
    assert await vehicle.say("code_failed", failed) == "applied"
    assert await vehicle.say("code_failed", failed) == "already"
    with pytest.raises(Conflict, match="pickup-code-locked"):
        await opened(town, order, typed="123456")
    async with town.database.write() as tx:
        fresh = await refresh_code(tx, order.order_id, MINE)
    assert (fresh.generation, fresh.tries_left) == (2, 5)
    command = await opened(town, order, typed=fresh.code())
    assert isinstance(command, Command)
    assert command.kind is CommandKind.OPEN_COMPARTMENT


async def test_a_wrong_code_on_the_phone_page_costs_a_try_that_is_kept(town: Town) -> None:
    order, _ = await an_arrived_order(town)
    assert await opened(town, order, typed="000000") == WrongCode(generation=1, tries_left=4)
    async with town.database.read() as tx:
        assert (await code_of_order(tx, order.order_id, MINE)).tries_left == 4


async def test_nobody_opens_a_door_before_the_vehicle_is_there(town: Town) -> None:
    order, _ = await an_order_on_board(town)
    with pytest.raises(Conflict, match="vehicle-not-at-stop"):
        await opened(town, order, typed=None)
