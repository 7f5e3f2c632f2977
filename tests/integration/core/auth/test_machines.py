"""Keys of makers and devices: exchanged, refused, revoked; and the links that must notice."""

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide

from core.auth.api_tokens import ensure_internal_token, ensure_merchant_token, revoke_api_token
from core.auth.configured import machine_tokens
from core.auth.credentials import Credentials
from core.auth.guards import requires
from core.auth.litestar import AuthPlugin
from core.auth.machines import (
    GatewayIdentity,
    ensure_device_key,
    ensure_maker_key,
    revoke_machine_key,
)
from core.auth.principal import Principal, Role, Scope
from core.auth.services import AuthServices
from core.auth.token_exchange import TokenExchange
from core.errors import Unauthenticated
from core.ids import DeviceId, MakerId, MerchantId, VehicleNo
from core.problem_http import EXCEPTION_HANDLERS
from core.settings import Settings
from fleet.links.tokens import ask_for_token


@get("/v1/whoami", guards=[requires(Scope.TELEMETRY_SEND)], sync_to_thread=False)
def whoami(principal: NamedDependency[Principal]) -> str:
    return principal.id


@pytest.fixture
def gateway_identity(auth: AuthServices, settings: Settings) -> GatewayIdentity:
    return GatewayIdentity(auth.database, auth.clock, machine_tokens(settings.security))


@pytest.fixture
def gateway(auth: AuthServices, settings: Settings, gateway_identity: GatewayIdentity) -> httpx.AsyncClient:
    exchange = TokenExchange(auth.database, auth.clock, auth.keys, machine_tokens(settings.security))
    app: Any = Litestar(
        [ask_for_token, whoami],
        plugins=[AuthPlugin(gateway_identity)],
        dependencies={"token_exchange": Provide(lambda: exchange, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")


@pytest.fixture
async def maker_secret(auth: AuthServices) -> str:
    async with auth.database.write() as tx:
        secret = await ensure_maker_key(tx, "neolix-1", MakerId("neolix"), "Neolix", at=auth.clock.wall())
    assert secret is not None
    return secret


async def _token(gateway: httpx.AsyncClient, secret: str, key_id: str = "neolix-1") -> httpx.Response:
    return await gateway.post("/v1/tokens", json={"keyId": key_id, "secret": secret})


def _bearer(answer: httpx.Response) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def test_a_key_gets_a_token_of_ten_minutes(
    gateway: httpx.AsyncClient, maker_secret: str, clock: Any
) -> None:
    answer = await _token(gateway, maker_secret)
    assert (answer.status_code, answer.json()["expiresInS"]) == (200, 600)
    assert (await gateway.get("/v1/whoami", headers=_bearer(answer))).text == "neolix"
    clock.advance(600)
    late = await gateway.get("/v1/whoami", headers=_bearer(answer))
    assert (late.status_code, late.json()["code"]) == (401, "token-expired")


async def test_a_wrong_secret_and_an_unknown_key_get_the_same_answer(
    gateway: httpx.AsyncClient, maker_secret: str
) -> None:
    wrong, unknown = await _token(gateway, "mk_guess"), await _token(gateway, maker_secret, "nobody")
    assert wrong.status_code == 401
    assert wrong.json() == unknown.json()


async def test_a_guesser_is_slowed_down_and_the_maker_itself_is_not(
    gateway: httpx.AsyncClient, maker_secret: str
) -> None:
    answers = [(await _token(gateway, f"mk_guess{number}")).status_code for number in range(7)]
    assert answers == [401] * 5 + [429] * 2
    at_once = await asyncio.gather(*(_token(gateway, maker_secret) for _ in range(30)))
    assert {answer.status_code for answer in at_once} == {200}


async def test_a_revoked_key_gets_no_token_and_its_tokens_and_links_end(
    gateway: httpx.AsyncClient, maker_secret: str, auth: AuthServices, gateway_identity: GatewayIdentity
) -> None:
    answer = await _token(gateway, maker_secret)
    principal = await gateway_identity(Credentials(bearer=answer.json()["token"], sessions=()))
    async with auth.database.write() as tx:
        assert await revoke_machine_key(tx, None, "neolix-1", reason="lost", at=auth.clock.now())
        assert not await revoke_machine_key(tx, None, "neolix-1", reason="again", at=auth.clock.now())
    await gateway_identity.refresh()
    assert gateway_identity.is_revoked(principal)
    assert (await gateway.get("/v1/whoami", headers=_bearer(answer))).status_code == 401
    assert (await _token(gateway, maker_secret)).status_code == 401


async def test_the_running_gateway_notices_a_revocation_by_itself(
    auth: AuthServices, gateway_identity: GatewayIdentity, maker_secret: str, eventually: Any
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(gateway_identity.run(stop))
    link = Principal(
        kind="maker",
        id="neolix",
        name="Neolix",
        role=Role.MAKER,
        session="neolix-1",
        expires_at=auth.clock.wall(),
    )
    async with auth.database.write() as tx:
        await revoke_machine_key(tx, None, "neolix-1", reason="lost", at=auth.clock.now())
    await eventually(lambda: gateway_identity.is_revoked(link), within=5)
    stop.set()
    await running


async def test_a_key_that_is_there_stays_as_it_is(auth: AuthServices, maker_secret: str) -> None:
    async with auth.database.write() as tx:
        again = await ensure_maker_key(tx, "neolix-1", MakerId("neolix"), "Neolix", at=auth.clock.wall())
    assert again is None


async def test_a_devices_token_names_its_vehicles(
    gateway: httpx.AsyncClient, auth: AuthServices, gateway_identity: GatewayIdentity
) -> None:
    async with auth.database.write() as tx:
        secret = await ensure_device_key(
            tx, "d-1", DeviceId("d1"), "one vehicle", frozenset({VehicleNo(17)}), at=auth.clock.wall()
        )
    assert secret is not None
    token = (await _token(gateway, secret, "d-1")).json()["token"]
    principal = await gateway_identity(Credentials(bearer=token, sessions=()))
    assert principal.vehicles == frozenset({17})


async def test_a_merchants_token_is_good_until_it_is_revoked_or_a_year_old(
    auth: AuthServices, clock: Any
) -> None:
    async with auth.database.write() as tx:
        token = await ensure_merchant_token(tx, MerchantId("m1"), "till", at=clock.wall())
        again = await ensure_merchant_token(tx, MerchantId("m1"), "till", token=token, at=clock.wall())
    assert token is not None
    assert again is None
    credentials = Credentials(bearer=token, sessions=())
    principal = await auth.people(credentials)
    assert (principal.merchant, principal.role.value) == ("m1", "merchant")
    async with auth.database.write() as tx:
        assert await revoke_api_token(tx, None, principal.id, reason="till stolen", at=clock.now())
    with pytest.raises(Unauthenticated):
        await auth.people(credentials)

    async with auth.database.write() as tx:
        await ensure_internal_token(tx, "quotes", token="api_internal", at=clock.wall())
    clock.advance(366 * 86_400)
    with pytest.raises(Unauthenticated) as refusal:
        await auth.people(Credentials(bearer="api_internal", sessions=()))
    assert refusal.value.code == "token-expired"


@pytest.mark.parametrize("token", ["", "x", "api_", "api_guess", "st_guess", "eyJhbGciOiJub25lIn0.e30.", "é"])
async def test_any_other_bearer_is_nobody(auth: AuthServices, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await auth.people(Credentials(bearer=token, sessions=()))
