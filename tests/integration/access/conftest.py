"""The real apps over real stores, and everybody who may knock at them."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from core.auth.configured import machine_tokens, secret_keys
from core.auth.machine_tokens import MachineTokens
from core.auth.machines import GatewayIdentity
from core.auth.notices import demo_phone_of, notice_port
from core.auth.passwords import Passwords
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.ids import OrderId, new_id
from core.privacy.encrypted import install_keys
from core.settings import Settings, load
from mobile_api.routes.demo_phone import DEMO_ROUTES
from steppe.apps import ApiParts, create_api
from tests.integration.access.people import HOME, Tenant, credentials_of

type HeadersOf = Callable[[], Awaitable[Mapping[Role, Mapping[str, str]]]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})


@pytest.fixture
def auth(sqlite_database: Database, clock: Any, settings: Settings) -> AuthServices:
    install_keys(secret_keys(settings.security))
    port = notice_port(settings, lambda _: None)
    return AuthServices.assemble(sqlite_database, clock, settings, port, passwords=Passwords.quick())


@pytest.fixture
def tokens(settings: Settings) -> MachineTokens:
    return machine_tokens(settings.security)


@pytest.fixture
def somebody(auth: AuthServices, tokens: MachineTokens) -> Callable[..., HeadersOf]:
    """Return, for a tenant and an order, what gives fresh credentials of every role."""

    def of(tenant: Tenant = HOME, order: OrderId | None = None) -> HeadersOf:
        wanted = order or OrderId(new_id())

        async def headers() -> Mapping[Role, Mapping[str, str]]:
            return await credentials_of(
                auth.database,
                auth.rules,
                auth.keys,
                tokens,
                tenant,
                order=wanted,
                wall=auth.clock.wall(),
            )

        return headers

    return of


@pytest.fixture
def api(auth: AuthServices, settings: Settings) -> Litestar:
    return create_api(
        ApiParts(
            auth=auth,
            checks={},
            provided={"phone_box": demo_phone_of(settings)},
            more_routes=DEMO_ROUTES,
        )
    )


@pytest.fixture
def identity(auth: AuthServices, tokens: MachineTokens) -> GatewayIdentity:
    return GatewayIdentity(auth.database, auth.clock, tokens)
