"""A small town for tests of services: shops, doors, vehicles that speak when told to, straight roads."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core.auth.principal import EVERYTHING, Reach
from core.auth.roles import Role
from core.database import Database
from core.errors import Conflict
from core.ids import (
    DistrictCode,
    FenceId,
    GoodsId,
    MerchantId,
    OrderId,
    PickupPointId,
    ResidentId,
    StaffId,
    VehicleNo,
)
from core.inbox import InboxItem, inbox
from core.inbox_consumer import InboxConsumer
from core.kinds import ServiceKind
from fleet.commands.command import Command
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandKind
from fleet.people.serve_duty import heartbeat, sign_in_operator
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleStore
from geofences.fences import Area
from geofences.geo import distance_m
from services.charging.charger import Charger
from services.charging.store import ChargerStore
from services.delivery.catalogue import Goods, Merchant, PickupPoint
from services.delivery.compartments import Compartment, Temperature
from services.delivery.store import CatalogueStore, CompartmentStore
from services.dispatch.dispatch_by_hand import HandDispatcher
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.give_run import RunGiver
from services.dispatch.joins.give_join import RunJoiner
from services.dispatch.runs.solver import RunSolver
from services.dispatch.settle_idle import IdleKeeper
from services.dispatch.travel import TravelTimes
from services.orders.draft import Draft, DraftLine, check_draft
from services.orders.estimate import estimate
from services.orders.order import Order
from services.orders.place_order import Wanted, place_order
from services.orders.store import OrderStore
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.plugging import report_handlers, task_reports, work_sources
from services.read_ahead import read_ahead
from services.routing.route import GeoPoint, Matrix, Route, Snapped, SpeedSpan, Vehicle
from services.tasks.roads import Roads
from services.tasks.store import TaskStore
from services.tasks.task import Task
from services.tasks.watch_tasks import TaskWatch
from services.vending.calls.call_away import RoundCaller
from tests.conftest import SettableClock
from tests.integration.fleet.builders import a_principal, a_working_vehicle, heard
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle

KB = DistrictCode("KB")
CITY = ZoneInfo("Asia/Shanghai")
KEYPAD_ROOT = "known-to-everybody-test-keypad-key-0123"
SHOP = MerchantId("m-1")
NOODLES = MerchantId("m-2")
DOOR = PickupPointId("p-1")
MILK = GoodsId("g-milk")
RESIDENT = ResidentId("r-1")
LAYOUT = (
    Compartment(number=1, label="A1", litres=60, max_kg=15),
    Compartment(number=2, label="B1", litres=120, max_kg=30),
    Compartment(number=3, label="C1", litres=40, max_kg=12, temperature=Temperature.CHILLED),
)
SPEED_MPS = 5.0
ANY = Vehicle()


class StraightRoads:
    """Roads that lead straight everywhere but to places on ``islands``."""

    def __init__(self) -> None:
        self.islands: set[GeoPoint] = set()
        self.closed: list[Sequence[Area]] = []

    async def legs(
        self,
        places: Sequence[GeoPoint],
        *,
        vehicle: Vehicle = ANY,
        closed: Sequence[Area] = (),
    ) -> tuple[Route, ...]:
        self.closed.append(closed)
        return tuple(self._leg(a, b, _speed_mps(vehicle)) for a, b in itertools.pairwise(places))

    async def matrix(
        self,
        sources: Sequence[GeoPoint],
        targets: Sequence[GeoPoint],
        *,
        vehicle: Vehicle = ANY,
        closed: Sequence[Area] = (),
    ) -> Matrix:
        rows = [[None if {a, b} & self.islands else _metres(a, b) for b in targets] for a in sources]
        return Matrix(
            duration_s=tuple(
                tuple(None if m is None else m / _speed_mps(vehicle) for m in row) for row in rows
            ),
            length_m=tuple(tuple(row) for row in rows),
        )

    async def snap(self, place: GeoPoint, *, vehicle: Vehicle = ANY) -> Snapped:
        """A road passes every place but islands."""
        if place in self.islands:
            raise Conflict("route-not-found", "no road is near")
        return Snapped(lat=place.lat, lng=place.lng, distance_m=0.0, road="")

    def _leg(self, a: GeoPoint, b: GeoPoint, speed_mps: float) -> Route:
        metres = _metres(a, b)
        span = SpeedSpan(0.0, metres, speed_mps)
        return Route(polyline6="??", length_m=metres, duration_s=metres / speed_mps, limits=(span,))


def _speed_mps(vehicle: Vehicle) -> float:
    """All roads allow 5 m/s; a slower vehicle drives as fast as it may."""
    return min(SPEED_MPS, vehicle.top_speed_kmh / 3.6)


def _metres(a: GeoPoint, b: GeoPoint) -> float:
    return distance_m(a.lat, a.lng, b.lat, b.lng)


class Listener:
    """What vehicles last said, as a test wants it."""

    def __init__(self) -> None:
        self.said: dict[VehicleNo, LastHeard] = {}

    def says(self, number: int, **changes: Any) -> None:
        self.said[VehicleNo(number)] = heard(number, **changes)

    async def last_heard(self, numbers: Collection[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:
        return {number: self.said[number] for number in numbers if number in self.said}


@dataclass
class Town:
    """Everything services need, over one database."""

    database: Database
    clock: SettableClock
    roads: StraightRoads = field(default_factory=StraightRoads)
    listener: Listener = field(default_factory=Listener)
    report_seqs: dict[int, int] = field(default_factory=dict)
    outside: set[tuple[float, float]] = field(default_factory=set)
    """Places in no operating area; all others lie in the one that permits name."""

    def __post_init__(self) -> None:
        self.reports = task_reports()
        handlers = report_handlers(self.reports)
        self.consumer = InboxConsumer(self.database, handlers, self.clock, read_ahead=read_ahead)
        self.fleet = FleetPicture(self.database, self.listener, self.clock, zone=CITY, fence_set=lambda: 1)
        ways = Roads(self.roads)
        self.solver = RunSolver()
        self.giver = RunGiver(self.database, self.clock, ways, keypad_root=KEYPAD_ROOT, zone=CITY)
        self.joiner = RunJoiner(self.database, self.clock, ways, keypad_root=KEYPAD_ROOT, zone=CITY)
        self.dispatcher = ZoneDispatcher(
            self.database,
            self.clock,
            self.fleet,
            TravelTimes(ways),
            self.solver,
            self.giver,
            joiner=self.joiner,
        )
        self.by_hand = HandDispatcher(
            self.database, self.clock, self.fleet, TravelTimes(ways), self.giver, self.areas_at
        )
        self.idle = IdleKeeper(
            self.database,
            self.clock,
            self.fleet,
            ways,
            work_sources(self.database, ways, self.areas_at),
            (RoundCaller(self.database, self.clock, ways, self.areas_at),),
        )
        self.watch = TaskWatch(self.database, self.listener, self.clock, self.reports)
        self.ways = ways

    def areas_at(self, lat: float, lng: float) -> frozenset[FenceId]:
        """The operating area of the town."""
        return frozenset() if (lat, lng) in self.outside else frozenset({FenceId("area-1")})

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def fleet_code(self, number: int) -> str:
        """Return the code of a vehicle, its number while it has none."""
        async with self.database.read() as tx:
            return (await VehicleStore(tx).get(VehicleNo(number), EVERYTHING)).code or str(number)

    async def furnish_again(self, *, accepts_itself: bool) -> None:
        """The supermarket with another setting."""
        async with self.database.write() as tx:
            shop = await CatalogueStore(tx).merchant(SHOP)
            await CatalogueStore(tx).put_merchant(
                msgspec.structs.replace(shop, accepts_itself=accepts_itself)
            )

    async def furnish(self, *, accepts_itself: bool = True) -> None:
        """A supermarket, a kitchen, a door, a depot, a charger, three operators on duty."""
        async with self.database.write() as tx:
            catalogue = CatalogueStore(tx)
            for merchant_id, kind, lat in ((SHOP, "supermarket", 39.61), (NOODLES, "restaurant", 39.62)):
                await catalogue.put_merchant(
                    Merchant(
                        merchant_id=merchant_id,
                        district=KB,
                        kind=kind,
                        name_zh="示例超市",
                        name_en="Sample Market",
                        lat=lat,
                        lng=109.79,
                        accepts_itself=accepts_itself,
                    )
                )
                await catalogue.put_goods(
                    Goods(
                        goods_id=MILK if merchant_id == SHOP else GoodsId("g-noodles"),
                        merchant_id=merchant_id,
                        name_zh="纯牛奶",
                        name_en="Milk",
                        price_fen=1280,
                        mass_g=1050,
                        litres=1.2,
                        temperature=Temperature.CHILLED if merchant_id == SHOP else Temperature.WARM,
                        ready_s=120,
                        stock=10,
                    )
                )
            await catalogue.put_goods(
                Goods(
                    goods_id=GoodsId("g-parcel"),
                    merchant_id=SHOP,
                    name_zh="大件",
                    name_en="Large parcel",
                    price_fen=800,
                    mass_g=12000,
                    litres=60,
                    stock=1000,
                )
            )
            await catalogue.put_goods(
                Goods(
                    goods_id=GoodsId("g-soup"),
                    merchant_id=SHOP,
                    name_zh="热汤",
                    name_en="Soup",
                    price_fen=900,
                    mass_g=500,
                    litres=1,
                    temperature=Temperature.WARM,
                    stock=10,
                )
            )
            await catalogue.put_pickup_point(
                PickupPoint(
                    pickup_point_id=DOOR,
                    district=KB,
                    name_zh="示例小区东门",
                    name_en="Sample Compound, east gate",
                    lat=39.6,
                    lng=109.8,
                )
            )
            for kind, name, lat in ((PlaceKind.DEPOT, "d-1", 39.59), (PlaceKind.CHARGER, "c-1", 39.591)):
                await PlaceStore(tx).put(
                    Place(
                        place_id=name,
                        kind=kind,
                        district=KB,
                        name_zh="示例场站",
                        name_en="Sample depot",
                        lat=lat,
                        lng=109.78,
                    )
                )
            await ChargerStore(tx).put(Charger(place_id="c-1", district=KB, slots=1, power_w=7000.0))
            for number in range(6):
                await PlaceStore(tx).put(
                    Place(
                        place_id=f"v-{number}",
                        kind=PlaceKind.VISIT,
                        district=KB,
                        name_zh="示例点位",
                        name_en="Sample spot",
                        lat=39.6 + number / 500,
                        lng=109.79,
                    )
                )
        for number in range(3):
            await sign_in_operator(self.database, self.remote_operator(number), self.clock)

    def remote_operator(self, number: int) -> Any:
        return a_principal(Role.REMOTE_OPERATOR, id=StaffId(f"remote-{number}"), name=f"远程{number}")

    async def operators_stay(self) -> None:
        for number in range(3):
            await heartbeat(self.database, self.remote_operator(number), self.clock)

    async def add_vehicle(
        self, number: int, *, service: ServiceKind = ServiceKind.DELIVERY, operator: str = "op-a", **said: Any
    ) -> None:
        async with self.database.write() as tx:
            await a_working_vehicle(tx, number, service=service, operator=operator)
            if service is ServiceKind.DELIVERY:
                await CompartmentStore(tx).put_layout(VehicleNo(number), LAYOUT)
        self.listener.says(number, **{"measured_at": self.now, **said})

    async def order(self, *, resident: str = RESIDENT, **changes: Any) -> Order:
        """An order for two cartons of milk to the door."""
        milk = (DraftLine(goods_id=MILK, quantity=2),)
        fields = {"merchant_id": SHOP, "pickup_point_id": DOOR, "lines": milk}
        draft = Draft(**{**fields, **changes})
        async with self.database.read() as tx:
            checked = await check_draft(tx, draft, at=self.now)
        heard = await self.listener.last_heard(checked.load.free)
        promised = (await estimate(checked, TravelTimes(self.ways), heard)).promise
        wanted = Wanted(checked=checked, resident_id=ResidentId(resident), promised=promised)
        async with self.database.write() as tx:
            return (await place_order(tx, wanted, at=self.now)).order

    async def read(self, order_id: OrderId, reach: Reach = EVERYTHING) -> Order:
        async with self.database.read() as tx:
            return await OrderStore(tx).get(order_id, reach)

    async def history(self, order_id: OrderId) -> list[tuple[str, str]]:
        async with self.database.read() as tx:
            return [(line.event, line.to_state.value) for line in await OrderStore(tx).history(order_id)]

    async def task_of(self, number: int) -> Task | None:
        async with self.database.read() as tx:
            return await TaskStore(tx).active_of(VehicleNo(number), EVERYTHING)

    async def commands(self, number: int, kind: CommandKind | None = None) -> list[Command]:
        """Open commands of a vehicle, the oldest first."""
        async with self.database.read() as tx:
            found = await CommandStore(tx).open_of([VehicleNo(number)])
        return [command for command in found if kind is None or command.kind is kind]

    async def round(self) -> dict[str, int]:
        return await self.dispatcher.run_round(KB)

    def script(self, number: int) -> ScriptedVehicle:
        return ScriptedVehicle(self, number)

    async def say(
        self,
        number: int,
        kind: str,
        body: Mapping[str, Any],
        *,
        task_id: str | None,
        epoch: int | None,
        measured_at: datetime | None = None,
    ) -> str:
        """Let a vehicle report; return the outcome."""
        seq = self.report_seqs[number] = self.report_seqs.get(number, 0) + 1
        at = self.now
        item = InboxItem(
            vehicle_no=VehicleNo(number),
            report_seq=seq,
            kind=kind,
            task_id=task_id,
            epoch=epoch,
            body=msgspec.json.encode(body),
            measured_at=measured_at or at,
            received_at=at,
        )
        async with self.database.write() as tx:
            await tx.execute(inbox.insert().values(msgspec.structs.asdict(item)))
        await self.consumer.consume_once()
        async with self.database.read() as tx:
            query = inbox.select().where(inbox.c.vehicle_no == number, inbox.c.report_seq == seq)
            return str((await tx.execute(query)).mappings().one()["outcome"])


def later(town: Town, seconds: float) -> timedelta:
    """Move the town's clock on."""
    town.clock.advance(seconds)
    return timedelta(seconds=seconds)
