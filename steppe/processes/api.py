"""The api process: residents, merchants, staff and agencies; live feeds; the web pages."""

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from litestar.types import ControllerRouterHandler

from core.auth.configured import secret_keys
from core.auth.notices import demo_phone_of, notice_port
from core.auth.services import AuthServices
from core.database import Database, Transaction
from core.ids import VehicleNo
from core.kinds import ServiceKind
from core.supervision import Component
from dashboard.order_sheets import OrderDesk
from dashboard.parts import DashboardParts
from dashboard.topics.alarms import AlarmTopic
from dashboard.topics.commands import CommandTopic
from dashboard.topics.orders import OrderTopic
from dashboard.topics.summary import SummaryTopic
from fleet.alarms.kinds import Severity
from fleet.alarms.store import AlarmStore
from fleet.area_stops.place_area_stop import AreaStopDesk
from fleet.commands.issue_command import BodyPlanner, CommandDesk
from fleet.commands.possible import Situation
from fleet.days.running_reader import RunningDayReader
from fleet.history.replay import Replay
from fleet.history.trail import TrailReader
from fleet.links.outgoing import push_at_once
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.messages import Command as WireCommand
from fleet.live.feeds import FactFeed
from fleet.live.hub import LiveHub, StandingAlarms
from fleet.quality.shown import QualityReader
from fleet.vehicles.directory import Directory
from fleet.vehicles.kinds import Connection
from fleet.vehicles.roster_source import SqlRoster
from fleet.vehicles.vehicle import Vehicle
from geofences.watch import FenceWatch
from mobile_api.order_bell import OrderBell
from mobile_api.parts import MobileParts
from mobile_api.placing import Placing
from mobile_api.routes.demo_phone import DEMO_ROUTES
from services.dispatch.dispatch_by_hand import HandDispatcher
from services.dispatch.give_run import RunGiver
from services.dispatch.travel import TravelTimes
from services.orders.zone import KeptLoads
from services.patrol.look_now import Looker
from services.routing.remote import RemoteRoutes
from services.sweeping.watch_run import RunWatch
from services.tasks.planners import ReroutePlanner, ReturnPlanner
from services.tasks.roads import Roads
from services.tasks.store import TaskStore
from steppe.apps import ApiParts, create_api
from steppe.checks import store_checks
from steppe.city.files import CityFiles
from steppe.city.reading import read_pack
from steppe.city_facts import BuiltMaps, city_facts
from steppe.composition import fence_previews, fleet_picture, last_heard, operating_areas, scheduled_work
from steppe.demo_log_ins import demo_log_ins, demo_shops
from steppe.fences_now import FencesNow
from steppe.resources import Resources, secret
from steppe.running import Components, run_process
from steppe.serving import WebServer


class _Desk:
    """What the command desk asks of others: what a vehicle is doing, and pushing a stop at once."""

    def __init__(self, resources: Resources, plans: frozenset[CommandKind]) -> None:
        self._plans = plans
        self._last_heard = last_heard(resources)
        self._redis = resources.redis

    async def situate(self, tx: Transaction, vehicle: Vehicle) -> Situation:
        numbers = [vehicle.vehicle_no]
        heard = (await self._last_heard.last_heard(numbers)).get(vehicle.vehicle_no)
        return Situation(
            connection=Connection.OFFLINE if heard is None else heard.connection,
            control_mode=None if heard is None else heard.control_mode,
            has_task=bool(await TaskStore(tx).active_ids(numbers)),
            plans=self._plans,
        )

    async def push(self, command: WireCommand) -> int:
        return await push_at_once(self._redis, command)


async def compose(resources: Resources) -> Components:
    """Return the components of an api."""
    settings, clock, database = resources.settings, resources.clock, resources.database
    is_demo = settings.environment in ("demo", "test")
    auth = AuthServices.assemble(database, clock, settings, notice_port(settings, print))
    fences = FenceWatch(database, resources.redis, clock)
    directory = Directory(database)
    internal_key, keypad_root = secret(settings, "internal_key"), secret(settings, "keypad_key")
    routing_url = settings.api.routing_url or f"http://127.0.0.1:{settings.scheduler.port}"
    heard = last_heard(resources)
    roads = Roads(RemoteRoutes(routing_url, internal_key), FencesNow(lambda: fences.index, clock).closed)
    travel = TravelTimes(roads)
    giver = RunGiver(database, clock, roads, keypad_root=keypad_root, zone=ZoneInfo(settings.city.zone))
    planners: dict[CommandKind, BodyPlanner] = {
        CommandKind.RETURN_TO_DEPOT: ReturnPlanner(roads, heard),
        CommandKind.REROUTE: ReroutePlanner(roads, heard, keypad_root=keypad_root),
    }
    desk = _Desk(resources, frozenset(planners))
    files = await asyncio.to_thread(
        CityFiles.open, settings.city.pack, settings.data_dir, settings.city.roads
    )
    pack = read_pack(settings.city.pack)
    dashboard = DashboardParts(
        database=database,
        clock=clock,
        city=city_facts(pack, files, is_demo=is_demo),
        maps=BuiltMaps(files),
        last_heard=heard,
        tally=lambda reach: hub.tally(reach),
        directory=directory,
        desk=CommandDesk(database, clock, directory, desk.push, desk.situate, planners),
        area_stops=AreaStopDesk(database, clock, directory, desk.push),
        quality=QualityReader(resources.redis),
        running_day=RunningDayReader(resources.redis, clock),
        sweeping=RunWatch(
            resources.streams,
            clock,
            settings.data_dir / "history",
            partitions=settings.tracker.partitions,
        ),
        roads=roads,
        by_hand=HandDispatcher(
            database,
            clock,
            fleet_picture(resources, fences),
            travel,
            giver,
            operating_areas(fences),
        ),
        keypad_root=keypad_root,
        fence_set=lambda: fences.index.set_version,
        private_addresses=settings.webhooks.private_addresses,
        judging=settings.judging,
        scheduled=scheduled_work(),
    )
    bell = OrderBell(resources.redis)
    load_of = KeptLoads(clock)
    mobile = MobileParts(
        database=database,
        clock=clock,
        travel=travel,
        load_of=load_of,
        placing=Placing(database, clock, load_of=load_of),
        last_heard=heard,
        keypad_root=keypad_root,
        keys=secret_keys(settings.security),
        rule_at=lambda lat, lng, at: fences.index.rules_at(lat, lng, at, ServiceKind.VENDING),
        bell=bell,
        receipt_secret=settings.notices.receipt_secret,
    )
    feeds: Mapping[str, FactFeed] = {
        "alarms": AlarmTopic(database),
        "commands": CommandTopic(database),
        "summary": SummaryTopic(dashboard),
        "orders": OrderTopic(OrderDesk(database, heard, secret_keys(settings.security)), clock),
    }
    hub = LiveHub(
        resources.streams,
        resources.redis,
        clock,
        roster=SqlRoster(database),
        partitions=settings.tracker.partitions,
        feeds=feeds,
        districts=[district.code for district in pack.districts],
        standing=standing_alarms(database),
    )
    provided: dict[str, object] = {
        "fence_previews": fence_previews(resources),
        "dashboard": dashboard,
        "mobile": mobile,
        "looker": Looker(
            database,
            clock,
            roads,
            heard,
            dashboard.now,
            time_zone=pack.city.time_zone,
            areas_at=operating_areas(fences),
        ),
    }
    demo_routes: tuple[ControllerRouterHandler, ...] = ()
    if is_demo:
        provided["phone_box"] = demo_phone_of(settings)
        demo_routes = (*DEMO_ROUTES, demo_log_ins(settings.data_dir), demo_shops(settings.data_dir))
    app = create_api(
        ApiParts(
            auth=auth,
            checks=store_checks(resources),
            provided=provided,
            max_body_bytes=settings.api.max_body_bytes,
            more_routes=demo_routes,
        )
    )
    app.state.live_hub = hub
    app.state.replay = Replay(
        resources.streams,
        clock,
        settings.data_dir / "history",
        hub.vehicles_within,
        partitions=settings.tracker.partitions,
    )
    app.state.trails = TrailReader(
        resources.streams, clock, settings.data_dir / "history", partitions=settings.tracker.partitions
    )
    web = WebServer(app, settings.api.host, settings.api.port, trusted_proxies=settings.api.trusted_proxies)
    return {
        "web": Component(runnable=web, policy="fail"),
        "fences": fences,
        "directory": directory,
        "bell": bell,
        "hub": hub,
    }


def standing_alarms(database: Database) -> StandingAlarms:
    """Return how the live hub reads the worst standing alarm of each vehicle."""

    async def worst() -> Mapping[VehicleNo, Severity]:
        async with database.read() as tx:
            return await AlarmStore(tx).worst_standing()

    return worst


async def run() -> None:
    """Run an api until it is told to stop."""
    await run_process("api", compose)
