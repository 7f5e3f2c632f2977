"""The real api over a furnished town, and people with real sessions."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from core.auth.api_tokens import ensure_merchant_token
from core.auth.configured import secret_keys
from core.auth.notices import notice_port
from core.auth.passwords import Passwords
from core.auth.residents import ResidentStore
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.auth.sessions import SessionStore
from core.auth.staff import StaffAccount, ensure_staff
from core.database import Database
from core.ids import OperatorId
from core.privacy.encrypted import install_keys
from core.settings import Settings, load
from mobile_api.order_bell import OrderBell
from mobile_api.parts import MobileParts
from mobile_api.placing import Placing
from mobile_api.routes import MOBILE_ROUTES
from services.dispatch.travel import TravelTimes
from steppe.apps import ApiParts, create_api
from tests.integration.services.orders.town import KEYPAD_ROOT, SHOP, Town
from tests.integration.services.vending.stand import everywhere


class People:
    """Headers of residents and merchants of the town."""

    def __init__(self, auth: AuthServices) -> None:
        self._auth = auth

    async def resident(self, phone: str = "+8613800138000") -> Mapping[str, str]:
        wall = self._auth.clock.wall()
        async with self._auth.database.write() as tx:
            resident = await ResidentStore(tx, self._auth.keys).ensure(phone, at=wall)
            opened = await SessionStore(tx).open("re", resident, self._auth.rules.lives, shown=(), at=wall)
        return {"cookie": f"steppe_resident={opened.token.token}"}

    async def crew(self, name: str = "crew-1") -> Mapping[str, str]:
        """One of the field crew of the company whose vehicles the town has."""
        wall = self._auth.clock.wall()
        account = StaffAccount(
            username=name,
            name=name,
            role=Role.CREW,
            operator=OperatorId("op-a"),
            password="a password of a test",
        )
        async with self._auth.database.write() as tx:
            staff = await ensure_staff(tx, account, Passwords.quick(), at=wall)
            opened = await SessionStore(tx).open("st", staff, self._auth.rules.lives, shown=(), at=wall)
        return {"cookie": f"steppe_session={opened.token.token}"}

    async def merchant(self, merchant_id: str = SHOP) -> Mapping[str, str]:
        async with self._auth.database.write() as tx:
            token = await ensure_merchant_token(tx, merchant_id, "till", at=self._auth.clock.wall())  # type: ignore[arg-type]
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})


@pytest.fixture
def auth(sqlite_database: Database, clock: Any, settings: Settings) -> AuthServices:
    install_keys(secret_keys(settings.security))
    port = notice_port(settings, lambda _: None)
    return AuthServices.assemble(sqlite_database, clock, settings, port, passwords=Passwords.quick())


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    yield made
    await made.solver.close()


@pytest.fixture
def people(auth: AuthServices) -> People:
    return People(auth)


@pytest.fixture
def bell() -> OrderBell:
    return OrderBell(None)


@pytest.fixture
def api(town: Town, auth: AuthServices, bell: OrderBell) -> Litestar:
    parts = MobileParts(
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
    return create_api(
        ApiParts(
            surfaces=MOBILE_ROUTES,
            auth=auth,
            checks={},
            provided={"mobile": parts},
        )
    )


@pytest.fixture
async def client(api: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(cast(Any, api))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as opened:
        yield opened
