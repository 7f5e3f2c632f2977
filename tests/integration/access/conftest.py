"""The real apps over real stores, and everybody who may knock at them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from core.auth.configured import machine_tokens, secret_keys
from core.auth.machine_tokens import MachineTokens
from core.auth.machines import GatewayIdentity
from core.auth.notices import notice_port
from core.auth.passwords import Passwords
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.ids import OrderId, new_id
from core.privacy.encrypted import install_keys
from core.redis import connect
from core.settings import Settings, load
from steppe.city.files import CityFiles
from steppe.processes.api import compose
from steppe.resources import Resources
from tests.integration.access.people import HOME, Tenant, credentials_of

type HeadersOf = Callable[[], Awaitable[Mapping[Role, Mapping[str, str]]]]


TINY_CITY = Path(__file__).parents[2] / "fixtures" / "cities" / "tiny"


@pytest.fixture(scope="session")
def built_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a process that has built the tiny city once."""
    folder = tmp_path_factory.mktemp("tiny-city")
    CityFiles.open(str(TINY_CITY), folder)
    return folder


@pytest.fixture
def settings(built_city: Path, valkey_url: str) -> Settings:
    return load(
        {
            "STEPPE_ENVIRONMENT": "test",
            "STEPPE_DATA_DIR": str(built_city),
            "STEPPE_REDIS__URL": valkey_url,
            "STEPPE_CITY__PACK": str(TINY_CITY),
        }
    )


@pytest.fixture
async def resources(settings: Settings, clock: Any, sqlite_database: Database) -> AsyncIterator[Resources]:
    redis, streams = connect(str(settings.redis.url)), connect(str(settings.redis.url))
    yield Resources(settings=settings, clock=clock, database=sqlite_database, redis=redis, streams=streams)
    await redis.aclose()
    await streams.aclose()


@pytest.fixture
def auth(sqlite_database: Database, clock: Any, settings: Settings) -> AuthServices:
    """Return services over the same stores as the api's own, to make accounts and sessions with."""
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
async def api(resources: Resources, auth: AuthServices) -> Litestar:
    """The app that the api process serves, put together by the process's own composition."""
    components: dict[str, Any] = dict(await compose(resources))
    app: Litestar = components["web"].runnable._server.config.app
    return app


@pytest.fixture
def identity(auth: AuthServices, tokens: MachineTokens) -> GatewayIdentity:
    return GatewayIdentity(auth.database, auth.clock, tokens)
