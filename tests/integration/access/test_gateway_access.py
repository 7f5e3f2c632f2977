"""The gateway: every route as nobody and as every role, foreign pages, forged and ended tokens."""

from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import pytest
from litestar import Litestar

from core.auth.machine_tokens import Machine, MachineTokens
from core.auth.machines import GatewayIdentity, ensure_maker_key, revoke_machine_key
from core.auth.roles import ROLE_SCOPES, Role, Scope
from core.auth.services import AuthServices
from core.auth.token_exchange import TokenExchange
from core.clock import Clock
from core.ids import MakerId
from core.inbox import InboxItem
from core.redis import connect
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.profile import LinkProfile
from fleet.links.tokens import token_routes
from fleet.links.wire.messages import Command
from fleet.quality.routes import quality_routes
from fleet.quality.shown import QualityReader
from fleet.telemetry.roster import FixedRoster
from tests.integration.access.walk import open_socket, routes_of, walk

OPEN_TO_ANYBODY = {"POST /v1/tokens"}
"""Probes and metrics are the composition's and are listed with the api's."""

PEOPLE = frozenset(role for role in Role if Scope.TELEMETRY_SEND not in ROLE_SCOPES[role])
"""Cookies and opaque tokens of people mean nothing to the gateway."""


class _NothingOwed:
    async def pending(self, vehicle_nos: Collection[int]) -> list[Command]:
        return []

    async def sent(self, command_ids: Collection[str]) -> None:
        return


async def _store(item: InboxItem) -> Any:
    return "stored"


@pytest.fixture
async def gateway(
    auth: AuthServices, identity: GatewayIdentity, tokens: MachineTokens, valkey_url: str
) -> AsyncIterator[Litestar]:
    redis = connect(valkey_url)
    stores = GatewayStores(
        streams=redis, plain=redis, roster=FixedRoster([]), submit_report=_store, commands=_NothingOwed()
    )
    exchange = TokenExchange(auth.database, auth.clock, auth.keys, tokens)
    links = Gateway(stores, Clock.real(), LinkProfile(), partitions=4)
    quality = quality_routes(QualityReader(redis))
    yield gateway_app(links, identity, routes=[token_routes(exchange), quality])
    await redis.aclose()


def test_only_the_exchange_of_keys_is_open_to_anybody(gateway: Litestar) -> None:
    assert {str(route) for route in routes_of(gateway) if route.scope is None} == OPEN_TO_ANYBODY


async def test_every_route_answers_every_role_as_the_table_says(
    gateway: Litestar, somebody: Callable[..., Any]
) -> None:
    async with gateway.lifespan():
        assert await walk(gateway, somebody(), {}, unknown_here=PEOPLE) == []


async def test_a_forged_an_ended_and_a_revoked_token_open_no_link(
    gateway: Litestar, auth: AuthServices, identity: GatewayIdentity, tokens: MachineTokens, clock: Any
) -> None:
    machine = Machine(key_id="k", kind="maker", subject="m", name="m")
    async with auth.database.write() as tx:
        await ensure_maker_key(tx, "k", MakerId("m"), "m", at=clock.wall())
    good = tokens.issue(machine, at=clock.wall())
    forged = MachineTokens("the token key of somebody else, 32 chars").issue(machine, at=clock.wall())

    async def opened_by(token: str) -> list[int]:
        return await open_socket(gateway, "/v1/link", {"authorization": f"Bearer {token}"})

    async with gateway.lifespan():
        assert (await opened_by(good))[0] == 1
        assert 4401 not in await opened_by(good)
        assert await opened_by(forged) == [1, 4401]
        clock.advance(601)
        assert await opened_by(good) == [1, 4401]
        fresh = tokens.issue(machine, at=clock.wall())
        async with auth.database.write() as tx:
            await revoke_machine_key(tx, None, "k", reason="stolen", at=clock.now())
        await identity.refresh()
        assert await opened_by(fresh) == [1, 4401]


async def test_a_browsers_page_cannot_open_a_link(gateway: Litestar) -> None:
    async with gateway.lifespan():
        assert await open_socket(gateway, "/v1/link", {"origin": "https://evil.test"}) == [4403]
