"""The real api over a real database, with a small city and what its vehicles last said."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.configured import machine_tokens, secret_keys
from core.auth.notices import notice_port
from core.auth.passwords import Passwords
from core.auth.principal import Reach
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database, Transaction
from core.ids import DistrictCode, OperatorId, OrderId, VehicleNo, new_id
from core.privacy.encrypted import install_keys
from core.problem_http import EXCEPTION_HANDLERS
from core.redis import connect
from core.settings import load
from dashboard.parts import DashboardParts
from dashboard.routes.alarms import Alarms
from dashboard.routes.chargers import Chargers
from dashboard.routes.city import City
from dashboard.routes.codes import scan
from dashboard.routes.commands import Commands
from dashboard.routes.decommission import Decommission
from dashboard.routes.dispatch_zones import DispatchZones
from dashboard.routes.evidence import Evidence
from dashboard.routes.feedback import FeedbackRoutes, StreetFeedback
from dashboard.routes.fence_events import list_fence_events
from dashboard.routes.fence_rules import read_fence_rule
from dashboard.routes.fences import Fences
from dashboard.routes.incidents import Incidents
from dashboard.routes.inspection_rules import InspectionRuleRoutes
from dashboard.routes.interventions import Interventions
from dashboard.routes.patrol import PatrolBeats, PatrolRuns, go_and_look, nearest_road
from dashboard.routes.police import StreetPolice, give_police_code
from dashboard.routes.quality import QualityRoutes
from dashboard.routes.readiness import ReadinessRoutes
from dashboard.routes.remote_operators import RemoteOperators
from dashboard.routes.schedules import Occurrences, Schedules
from dashboard.routes.sweeping import Sweeping
from dashboard.routes.sweeping_previews import SweepingPreviews
from dashboard.routes.sweeping_runs import SweepingRuns
from dashboard.routes.vehicle_days import VehicleDays, read_kpis
from dashboard.routes.vehicles import Vehicles
from dashboard.routes.vending import Vending
from dashboard.routes.vending_stock import VendingLots, VendingStock
from dashboard.routes.violations import Violations
from dashboard.routes.weather import WeatherRoutes
from dashboard.routes.webhooks import Webhooks
from dashboard.routes.work_orders import WorkOrders
from fleet.area_stops.place_area_stop import AreaStopDesk
from fleet.commands.issue_command import CommandDesk
from fleet.commands.possible import Situation
from fleet.days.running_reader import RunningDayReader
from fleet.fences.preview_fence import FencePreviewer
from fleet.links.wire.messages import Command as WireCommand
from fleet.live.tally import FleetTally
from fleet.people.serve_duty import sign_in_operator
from fleet.quality.shown import QualityReader
from fleet.telemetry.records import STATE, Records
from fleet.vehicles.directory import Directory
from fleet.vehicles.kinds import IN_THE_FLEET, Condition, Connection
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.paper_store import Company, CompanyStore
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from services.dispatch.dispatch_by_hand import HandDispatcher
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.give_run import RunGiver
from services.dispatch.travel import TravelTimes
from services.orders.fence_impact import OrderImpact
from services.patrol.look_now import Looker
from services.schedules.kinds import WorkKind
from services.sweeping.watch_run import RunWatch
from services.tasks.roads import Roads
from steppe.openapi import CONFIG
from tests.integration.access.people import FOREIGN, HOME, agents_of_the_city, credentials_of
from tests.integration.dashboard.small_city import CITY, Maps
from tests.integration.fleet.builders import a_principal, heard, working_vehicles
from tests.integration.services.orders.town import KEYPAD_ROOT, StraightRoads
from tests.integration.services.schedules.logbook import Logbook


class Said:
    """What vehicles last said, as a test sets it."""

    def __init__(self) -> None:
        self.of: dict[VehicleNo, LastHeard] = {}

    def hear(self, number: int, **changes: Any) -> None:
        self.of[VehicleNo(number)] = heard(number, **changes)

    async def last_heard(self, numbers: Collection[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:
        return {number: self.of[number] for number in numbers if number in self.of}

    async def tally(self, database: Database, reach: Reach) -> FleetTally:
        """Count the vehicles of a reach one by one."""
        async with database.read() as tx:
            vehicles = await VehicleStore(tx).page(reach, VehicleFilter(lifecycles=IN_THE_FLEET))
        living = [vehicle.vehicle_no for vehicle in vehicles]
        said = [(each.district, self.of[each.vehicle_no]) for each in vehicles if each.vehicle_no in self.of]
        conditions: dict[DistrictCode, Counter[Condition]] = {}
        for district, one in said:
            conditions.setdefault(district, Counter())[one.condition] += 1
        online = sum(one.connection is Connection.ONLINE for _, one in said)
        return FleetTally(numbers=np.array(living, np.intp), online=online, conditions=conditions)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def pushed() -> list[WireCommand]:
    return []


@pytest.fixture
async def parts(
    sqlite_database: Database,
    clock: Any,
    said: Said,
    pushed: list[WireCommand],
    valkey_url: str,
    history: Path,
) -> AsyncIterator[DashboardParts]:
    redis = connect(valkey_url)
    directory = Directory(sqlite_database)

    async def push(command: WireCommand) -> int:
        pushed.append(command)
        return 1

    async def situate(tx: Transaction, vehicle: Vehicle) -> Situation:
        last = said.of.get(vehicle.vehicle_no)
        return Situation(
            connection=Connection.OFFLINE if last is None else last.connection,
            control_mode=None if last is None else last.control_mode,
            has_task=True,
        )

    roads = Roads(StraightRoads())
    fleet = FleetPicture(sqlite_database, said, clock, zone=CITY.zone, fence_set=lambda: 1)
    giver = RunGiver(sqlite_database, clock, roads, keypad_root=KEYPAD_ROOT, zone=CITY.zone)
    yield DashboardParts(
        database=sqlite_database,
        clock=clock,
        city=CITY,
        maps=Maps(),
        last_heard=said,
        tally=lambda reach: said.tally(sqlite_database, reach),
        directory=directory,
        desk=CommandDesk(sqlite_database, clock, directory, push, situate),
        area_stops=AreaStopDesk(sqlite_database, clock, directory, push),
        quality=QualityReader(redis),
        running_day=RunningDayReader(redis, clock),
        sweeping=RunWatch(redis, clock, history, partitions=4),
        roads=roads,
        by_hand=HandDispatcher(sqlite_database, clock, fleet, TravelTimes(roads), giver),
        keypad_root=KEYPAD_ROOT,
        fence_set=lambda: 1,
        scheduled={WorkKind.PATROL_BEAT: Logbook()},
    )
    await redis.aclose()


@pytest.fixture
def states() -> Records:
    """What trackers last wrote of every vehicle; a test sets fields of it."""
    return np.zeros(3, STATE)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def previews(parts: DashboardParts, states: Records, history: Path) -> FencePreviewer:
    class Blobs:
        async def states(self) -> Records:
            return states

    return FencePreviewer(parts.database, parts.clock, Blobs(), history, OrderImpact())


@pytest.fixture
def looker(parts: DashboardParts) -> Looker:
    roads = Roads(StraightRoads())
    return Looker(parts.database, parts.clock, roads, parts.last_heard, parts.now, time_zone="Asia/Shanghai")


@pytest.fixture
def auth(sqlite_database: Database, clock: Any, tmp_path: Path) -> AuthServices:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    install_keys(secret_keys(settings.security))
    port = notice_port(settings, lambda _: None)
    return AuthServices.assemble(sqlite_database, clock, settings, port, passwords=Passwords.quick())


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts, previews: FencePreviewer, looker: Looker) -> Litestar:
    """The routes of vehicles, people and the city, with the identity and errors of the whole api."""
    return Litestar(
        route_handlers=[
            City,
            scan,
            Fences,
            read_fence_rule,
            list_fence_events,
            VehicleDays,
            read_kpis,
            QualityRoutes,
            Vehicles,
            DispatchZones,
            Commands,
            Alarms,
            Violations,
            Incidents,
            Evidence,
            RemoteOperators,
            Sweeping,
            SweepingPreviews,
            SweepingRuns,
            Vending,
            VendingStock,
            VendingLots,
            WeatherRoutes,
            Chargers,
            Webhooks,
            WorkOrders,
            FeedbackRoutes,
            StreetPolice,
            give_police_code,
            StreetFeedback,
            Interventions,
            InspectionRuleRoutes,
            ReadinessRoutes,
            Decommission,
            Schedules,
            Occurrences,
            PatrolBeats,
            PatrolRuns,
            go_and_look,
            nearest_road,
        ],
        dependencies={
            "dashboard": Provide(lambda: parts, sync_to_thread=False),
            "fence_previews": Provide(lambda: previews, sync_to_thread=False),
            "looker": Provide(lambda: looker, sync_to_thread=False),
        },
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=CONFIG,
        logging_config=None,
    )


class Somebody:
    """A client of one role; `foreign` is the same role of another operator and 旗区."""

    def __init__(self, client: httpx.AsyncClient, headers: Mapping[Role | str, Mapping[str, str]]) -> None:
        self._client = client
        self._headers = headers

    async def get(self, path: str, role: Role | str | None = Role.DISPATCHER) -> httpx.Response:
        return await self._client.get(path, headers=self._of(role))

    async def post(
        self, path: str, body: Any, role: Role | str | None = Role.DISPATCHER, key: str | None = None
    ) -> httpx.Response:
        headers = dict(self._of(role))
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self._client.post(path, json=body, headers=headers)

    async def put(self, path: str, body: Any, role: Role | str | None = Role.DISPATCHER) -> httpx.Response:
        return await self._client.put(path, json=body, headers=self._of(role))

    async def delete(self, path: str, role: Role | str | None = Role.DISPATCHER) -> httpx.Response:
        return await self._client.delete(path, headers=self._of(role))

    def _of(self, role: Role | str | None) -> Mapping[str, str]:
        return {} if role is None else self._headers[role]


@pytest.fixture
async def somebody(api: Litestar, auth: AuthServices, tmp_path: Path) -> AsyncIterator[Somebody]:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    tokens = machine_tokens(settings.security)
    wall = auth.clock.wall()
    headers: dict[Role | str, Mapping[str, str]] = {}
    for tenant, name in ((HOME, ""), (FOREIGN, "foreign ")):
        order = OrderId(new_id())
        found = await credentials_of(
            auth.database, auth.rules, auth.keys, tokens, tenant, order=order, wall=wall
        )
        headers |= {(f"{name}{role.value}" if name else role): value for role, value in found.items()}
    agents = ("city agent", "second city agent")
    headers |= await agents_of_the_city(auth.database, auth.rules, HOME.district, *agents, wall=wall)
    transport = httpx.ASGITransport(cast(Any, api))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Somebody(client, headers)


@pytest.fixture
def add_vehicles(sqlite_database: Database, parts: DashboardParts) -> Callable[..., Any]:
    """Put working vehicles of the home tenant, or of another, into the register."""

    async def add(*numbers: int, foreign: bool = False) -> None:
        tenant = FOREIGN if foreign else HOME
        await working_vehicles(sqlite_database, *numbers, operator=tenant.operator, district=tenant.district)
        await parts.directory.refresh()

    return add


@pytest.fixture
async def on_duty(sqlite_database: Database, clock: Any) -> None:
    """A remote operator of the city is on duty."""
    principal = a_principal(Role.REMOTE_OPERATOR)
    await sign_in_operator(sqlite_database, principal, clock)


@pytest.fixture
async def company(sqlite_database: Database) -> Company:
    made = Company(
        operator_id=OperatorId(HOME.operator), name_zh="青城智行", name_en="Qingcheng", telephone="0477-1"
    )
    async with sqlite_database.write() as tx:
        await CompanyStore(tx).put_company(made)
    return made
