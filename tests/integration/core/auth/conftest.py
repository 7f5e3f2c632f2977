"""An app with nothing but log-in, over a real database and a clock that is set by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide

from core.auth.configured import secret_keys
from core.auth.guards import requires
from core.auth.notices import ConsoleNotices, DemoPhone
from core.auth.one_time import new_totp_secret, totp_at
from core.auth.passwords import Passwords
from core.auth.principal import Principal
from core.auth.roles import Role, Scope
from core.auth.services import AuthServices
from core.auth.staff import StaffAccount, ensure_staff
from core.database import Database
from core.privacy.encrypted import install_keys
from core.problem_http import EXCEPTION_HANDLERS
from core.settings import Settings, load
from dashboard.routes.staff_sessions import StaffSessions
from mobile_api.routes.demo_phone import DEMO_ROUTES
from mobile_api.routes.resident_sessions import ResidentSessions


@dataclass(frozen=True)
class Dispatcher:
    """A dispatcher who knows her password and carries her phone."""

    id: str
    password: str
    totp_secret: str

    def login(self, at: datetime, **changed: str) -> dict[str, str]:
        """Return the body of a log-in at a moment, with some of it changed."""
        right = {"username": "wang", "password": self.password, "totp": totp_at(self.totp_secret, at)}
        return {**right, **changed}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})


@pytest.fixture(autouse=True)
def _keys_installed(settings: Settings) -> None:
    install_keys(secret_keys(settings.security))


@pytest.fixture
def demo_phone(tmp_path: Path) -> DemoPhone:
    return DemoPhone(tmp_path / "demo-phone")


@pytest.fixture
def auth(database: Database, clock: Any, settings: Settings, demo_phone: DemoPhone) -> AuthServices:
    notices = ConsoleNotices(lambda _: None, phone=demo_phone)
    return AuthServices.assemble(database, clock, settings, notices, passwords=Passwords.quick())


@pytest.fixture
async def dispatcher(auth: AuthServices) -> Dispatcher:
    password, secret = "correct horse battery", new_totp_secret()
    account = StaffAccount(
        username="wang",
        name="王芳",
        role=Role.DISPATCHER,
        password=password,
        totp_secret=secret,
    )
    async with auth.database.write() as tx:
        staff = await ensure_staff(tx, account, Passwords.quick(), at=auth.clock.wall())
    return Dispatcher(id=staff, password=password, totp_secret=secret)


@get("/api/vehicles", guards=[requires(Scope.VEHICLES_READ)])
async def vehicles(principal: NamedDependency[Principal]) -> str:
    return principal.id


@pytest.fixture
async def client(auth: AuthServices, demo_phone: DemoPhone) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        [StaffSessions, ResidentSessions, vehicles, *DEMO_ROUTES],
        plugins=[auth.plugin()],
        dependencies={"phone_box": Provide(lambda: demo_phone, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="https://steppe.test") as client:
        yield client
