"""Simulated people at the real api of a tiny city: with its catalogue, and the credentials it handed out."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy import func, select, update

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.ids import VehicleNo
from core.redis import connect
from core.settings import Settings, load
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind, AlarmState
from fleet.alarms.store import AlarmStore
from fleet.people.store import ShiftStore
from fleet.people.tables import shifts
from fleet.work_orders.kinds import WorkKind, WorkState
from fleet.work_orders.open_work_order import NewWork, open_work
from fleet.work_orders.store import WorkOrderStore
from services.delivery.tables import goods
from services.merchants.tables import merchant_desks
from services.orders.tables import orders
from simulator.clock import CityClock
from simulator.issued import Issued, read_issued
from simulator.people.api import Api
from simulator.people.collecting import Collecting
from simulator.people.crews import Crew
from simulator.people.desk import StaffDesk
from simulator.people.merchants import FEW, FULL, Merchant
from simulator.people.moods import Moods
from simulator.people.operators import Operator
from simulator.people.pace import Pace, learn_city_time
from simulator.people.residents import Residents
from steppe.loading import load_city
from steppe.processes.api import compose
from steppe.resources import Resources
from tests.integration.fleet.builders import a_principal
from tests.integration.fleet.links.conftest import served

TINY = Path(__file__).parents[2] / "fixtures" / "cities" / "tiny"

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai, when most people order."""
ONE_A_SECOND = 35_000.0
"""Orders a day that are one a second at noon: no storm, however slow the machine is."""

type Eventually = Callable[..., Awaitable[Any]]


class Town:
    """A loaded city that serves its api, and the people's side of it."""

    def __init__(self, database: Database, issued: Issued, api: Api) -> None:
        self.database, self.issued, self.api = database, issued, api
        self.stop = asyncio.Event()
        self.pace = Pace(CityClock(), self.stop)
        self._tasks: list[asyncio.Task[None]] = [asyncio.create_task(learn_city_time(api, self.pace))]

    def play(self, run: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(run))

    async def go_home(self) -> None:
        self.stop.set()
        await asyncio.gather(*self._tasks)

    async def order_states(self) -> list[str]:
        async with self.database.read() as tx:
            return [row.state for row in await tx.execute(select(orders.c.state))]

    async def shift_states(self) -> list[str]:
        async with self.database.read() as tx:
            return [row.state for row in await tx.execute(select(shifts.c.state))]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a loaded tiny city; copy what is changed."""
    folder = tmp_path_factory.mktemp("town")
    pack = folder / "pack"
    shutil.copytree(TINY, pack)
    # its one vehicle model has no chilled box, and its one kind of goods wants one
    goods = pack / "goods.toml"
    goods.write_text(goods.read_text().replace('"chilled"', '"ambient"'))

    async def prepare() -> None:
        settings = _settings(folder, "unix:///nowhere")
        database = await Database.open(settings.database_url)
        await database.create_tables()
        await database.close()
        await load_city(str(pack), say=lambda _: None, settings=settings)

    asyncio.run(prepare())
    return folder


def _settings(folder: Path, valkey_url: str) -> Settings:
    return load(
        {
            "STEPPE_ENVIRONMENT": "test",
            "STEPPE_DATA_DIR": str(folder),
            "STEPPE_REDIS__URL": valkey_url,
            "STEPPE_CITY__PACK": str(folder / "pack"),
            "STEPPE_SECURITY__SECURE_COOKIES": "false",
        }
    )


@pytest.fixture
async def town(loaded: Path, tmp_path: Path, valkey_url: str) -> AsyncIterator[Town]:
    folder = tmp_path / "data"
    shutil.copytree(loaded, folder)
    settings = _settings(folder, valkey_url)
    database = await Database.open(settings.database_url)
    redis = connect(valkey_url)
    resources = Resources(
        settings=settings,
        clock=Clock(Clock.real().wall(), NOON, 1.0),
        database=database,
        redis=redis,
        streams=redis,
    )
    components: dict[str, Any] = dict(await compose(resources))
    app: Litestar = components["web"].runnable._server.config.app
    async with served(app) as server:
        api = Api(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
        around = Town(database, read_issued(folder / "issued.json"), api)
        yield around
        await around.go_home()
        await api.close()
    await redis.aclose()
    await database.close()


@pytest.mark.thorough  # half a minute; the journeys in the browser order and accept in such a city, too
async def test_residents_order_and_merchants_accept(town: Town, eventually: Eventually) -> None:
    sessions: dict[str, str] = {}
    collecting = Collecting(town.api, None)
    residents = Residents(
        town.api,
        town.pace,
        collecting,
        town.issued.districts(),
        seed=1,
        orders_per_day=ONE_A_SECOND,
        sessions=sessions,
    )
    town.play(residents.run())
    for given in town.issued.merchants:
        merchant = Merchant(given, town.api, town.pace, seed=1)
        merchant.think_s = (0.0, 0.5)
        town.play(merchant.run())

    async def accepted() -> bool:
        return (await town.order_states()).count("accepted") >= 3

    await eventually(accepted, within=120)
    assert residents.placed >= 3
    assert len([cookie for cookie in sessions.values() if cookie]) >= 3
    refused = {code for code in town.api.refused if not code.startswith("nobody")}
    assert refused <= {"out-of-stock", "goods-not-together", "order-too-large", "too-many-tries"}


async def test_a_merchant_fills_its_shelf_before_it_is_empty(town: Town, eventually: Eventually) -> None:
    given = town.issued.merchants[0]
    own = goods.c.merchant_id == given.merchant
    async with town.database.write() as tx:
        await tx.execute(update(goods).values(stock=FEW))
        first = (await tx.execute(select(func.min(goods.c.goods_id)).where(own))).scalar_one()
        await tx.execute(update(goods).where(goods.c.goods_id == first).values(stock=2))
    town.play(Merchant(given, town.api, town.pace, seed=1).run())

    async def filled() -> bool:
        async with town.database.read() as tx:
            return FULL in (await tx.execute(select(goods.c.stock).where(own))).scalars().all()

    await eventually(filled, within=60)
    async with town.database.read() as tx:
        stocks = (await tx.execute(select(goods.c.goods_id, goods.c.stock))).all()
    assert {row.goods_id for row in stocks if row.stock != FEW} == {first}
    assert town.api.refused == {}


async def test_a_merchant_has_moods_that_residents_can_see(town: Town, eventually: Eventually) -> None:
    moods = Moods(town.api, town.pace, town.issued.merchants[0].token, random.Random(3))
    moods.between_s, moods.least_wall_s = (0.0, 0.0), 0.0

    async def said() -> bool:
        if town.pace.clock.is_known:
            await moods.turn()
        async with town.database.read() as tx:
            found = (await tx.execute(select(merchant_desks))).mappings().all()
        return any(desk["paused_at"] and desk["busy_until"] for desk in found)

    await eventually(said, within=60)
    assert town.api.refused == {}


async def test_a_remote_operator_answers_alarms_of_the_vehicles_in_its_care(
    town: Town, eventually: Eventually
) -> None:
    given = next(staff for staff in town.issued.staff if staff.role == "remote_operator")
    operator = Operator(given, town.api, town.pace, 1, {}, asyncio.Semaphore(2))
    operator.beat_s, operator.answer_s = 0.2, (0.5, 1.0)
    own, other = sorted(VehicleNo(vehicle.vehicle_no) for vehicle in town.issued.vehicles)[:2]
    raised = [
        AlarmRaised(vehicle_no=number, kind=AlarmKind.SENSOR_BLOCKED, at=NOON) for number in (own, other)
    ]
    await AlarmSink(town.database).put(raised)
    town.play(operator.run())

    async def bound() -> bool:
        async with town.database.write() as tx:
            store = ShiftStore(tx)
            return any([await store.bind(own, shift, at=NOON) for shift in await store.running(EVERYTHING)])

    async def answered() -> list[int]:
        async with town.database.read() as tx:
            found = await AlarmStore(tx).page(EVERYTHING)
        return [alarm.vehicle_no for alarm in found if alarm.comments]

    await eventually(bound, within=60)
    await eventually(answered, within=60)
    assert await answered() == [own]
    async with town.database.read() as tx:
        [alarm] = [each for each in await AlarmStore(tx).page(EVERYTHING) if each.vehicle_no == own]
    assert alarm.state is AlarmState.ACKNOWLEDGED
    assert alarm.acknowledged_by_name
    assert town.api.refused == {}


async def test_a_remote_operator_works_a_shift_and_goes_home(town: Town, eventually: Eventually) -> None:
    given = next(staff for staff in town.issued.staff if staff.role == "remote_operator")
    sessions: dict[str, str] = {}
    operator = Operator(given, town.api, town.pace, 1, sessions, asyncio.Semaphore(2))
    town.play(operator.run())

    async def is_on_duty() -> bool:
        return await town.shift_states() == ["on_duty"]

    await eventually(is_on_duty, within=30)
    town.stop.set()

    async def is_off() -> bool:
        return await town.shift_states() == ["signed_off"]

    await eventually(is_off, within=20)
    assert sessions[given.username]
    assert town.api.refused == {}


async def test_the_crew_takes_a_job_does_it_with_its_own_hands_and_proves_it(
    town: Town, eventually: Eventually
) -> None:
    number = VehicleNo(town.issued.vehicles[0].vehicle_no)
    mended: list[int] = []

    class Hands:
        def mend(self, vehicle_no: int) -> None:
            mended.append(vehicle_no)

        def look_over(self, vehicle_no: int) -> tuple[str, ...]:
            return () if vehicle_no else ("sensors",)

    given = next(staff for staff in town.issued.staff if staff.role == "crew")
    desk = StaffDesk(given, town.api, town.pace, {}, asyncio.Semaphore(2))
    crew = Crew(desk, town.pace, 1, Hands())
    crew.slowness = 0.0
    lead = a_principal(Role.SHIFT_LEAD)
    wiped = NewWork(vehicle_no=number, kind=WorkKind.CLEAN, cause="sensor_blocked", is_safety=True)
    async with town.database.write() as tx:
        job = await open_work(tx, lead, wiped, at=NOON)
    await eventually(desk.log_in, within=60)
    states = []
    for _ in range(4):
        await crew.look()
        async with town.database.read() as tx:
            done = await WorkOrderStore(tx).get(job.work_order_id, EVERYTHING)
        states.append(done.state)
    assert states == [WorkState.ASSIGNED, WorkState.EN_ROUTE, WorkState.ON_SITE, WorkState.DONE]
    assert (mended, done.steps[-1].note) == ([number], "传感器已擦净 / sensor wiped")
    assert town.api.refused == {}
