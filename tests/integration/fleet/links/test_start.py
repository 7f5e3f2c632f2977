"""A gateway that has just started: nobody is let in before it knows the vehicles, whatever that took."""

import asyncio
from collections.abc import Sequence
from typing import Any

from core.clock import Clock
from core.redis import connect
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.outgoing import NoCommands
from fleet.links.profile import LinkProfile
from fleet.telemetry.roster import RosterRow
from tests.integration.fleet.links.conftest import Tokens, a_device, a_row, served
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame


class SlowRoster:
    """A registry that takes a moment for its first answer."""

    async def changed_rows(self) -> Sequence[RosterRow]:
        await asyncio.sleep(0.5)
        return [a_row(7)]


async def stored(item: Any) -> Any:
    return item


async def test_a_link_that_comes_back_at_once_speaks_for_its_vehicles(valkey_url: str) -> None:
    redis, tokens = connect(valkey_url), Tokens()
    tokens.principals = {"seven": a_device(7)}
    stores = GatewayStores(
        streams=redis, plain=redis, roster=SlowRoster(), submit_report=stored, commands=NoCommands()
    )
    gateway = Gateway(stores, Clock.real(), LinkProfile(), partitions=4)
    async with served(gateway_app(gateway, tokens)) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        async with Vehicle(f"ws://127.0.0.1:{port}/v1/link", "seven") as vehicle:
            await vehicle.hello(vehicles=[7])
            [link] = gateway.links
            assert list(link.vehicles) == [7]
            await vehicle.send(positions_frame(1, gateway.clock.now_ms(), position(7, 1, 39.6, 109.78)))
            await vehicle.hear("accepted")
            assert [message for message in vehicle.heard if message["type"] == "error"] == []
    await redis.aclose()
