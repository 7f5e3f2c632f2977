"""The simulator's callers at the real routes: the hotline holds goods, a text comes, the keypad opens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.notices import DemoPhone
from core.auth.services import AuthServices
from core.database import Database
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.phone_sales import VendingSales
from dashboard.routes.staff_sessions import StaffSessions
from dashboard.routes.vending import Vending
from mobile_api.routes.demo_phone import demo_phone
from services.notices.console_carrier import ConsoleCarrier
from services.notices.send_notices import NoticeSender
from services.vending.sales.states import SaleState
from simulator.clock import CityClock
from simulator.issued import GivenStaff
from simulator.people.api import Api
from simulator.people.callers import Callers
from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace
from tests.integration.dashboard.test_order_routes import staff
from tests.integration.fleet.links.conftest import served
from tests.integration.services.notices.post_office import PRICES, WRITERS
from tests.integration.services.orders.town import Town
from tests.integration.services.vending.played_seller import PlayedSeller
from tests.integration.services.vending.stand import a_stocked_seller, sales_of_town

NOON_MS = 1_782_878_400_000
"""Twelve o'clock in Shanghai on 1 July 2026, when most people call."""
A_FEW_A_MINUTE = 200.0
"""Calls a day that are one in three seconds of the wall at noon and 60 city seconds a second."""

type Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    await a_stocked_seller(made, pieces=20)
    yield made
    await made.solver.close()


@pytest.fixture
async def api(town: Town, auth: AuthServices, parts: DashboardParts, tmp_path: Path) -> AsyncIterator[Api]:
    given = msgspec.structs.replace(parts, last_heard=town.listener)
    phone = DemoPhone(tmp_path / "demo-phone")
    app = Litestar(
        [StaffSessions, Vending, VendingSales, demo_phone],
        dependencies={
            "dashboard": Provide(lambda: given, sync_to_thread=False),
            "phone_box": Provide(lambda: phone, sync_to_thread=False),
        },
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    async with served(app) as server:
        opened = Api(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
        yield opened
        await opened.close()


async def test_callers_are_sold_what_they_come_for(
    town: Town, auth: AuthServices, api: Api, tmp_path: Path, eventually: Eventually
) -> None:
    seller, stop, clock = PlayedSeller(town), asyncio.Event(), CityClock()
    clock.tell(NOON_MS, 60.0)
    pace = Pace(clock, stop)
    carrier = ConsoleCarrier(lambda _: None, phone=DemoPhone(tmp_path / "demo-phone"))
    sender = NoticeSender(
        town.database,
        town.clock,
        carrier,
        WRITERS,
        auth.keys,
        prices_fen=PRICES,
        time_zone="Asia/Shanghai",
    )
    cookie = (await staff(auth))["cookie"]
    given = GivenStaff(username="lead", role="shift_lead", password="-", totp_secret="A" * 16)
    desk = StaffDesk(given, api, pace, {"lead": cookie}, asyncio.Semaphore(1))

    async def type_code(vehicle_code: str, code: str) -> bool:
        assert vehicle_code == await town.fleet_code(seller.vehicle.given.vehicle_no)
        await seller.listen()
        opened = seller.type_code(code) == "opened"
        seller.pass_time(60)
        await seller.speak()
        return opened

    callers = Callers(desk, api, pace, type_code, seed=7, per_day=A_FEW_A_MINUTE)
    calling = asyncio.create_task(callers.run())

    async def has_bought() -> bool:
        await sender.send_due()
        return callers.bought > 0

    try:
        await eventually(has_bought, within=90.0, every=0.5)
    finally:
        stop.set()
        await calling
    sold = [sale for sale in await sales_of_town(town) if sale.state is SaleState.SETTLED]
    assert len(sold) >= 1
    assert {sale.placed_by for sale in sold} == {"staff:示例调度员"}
