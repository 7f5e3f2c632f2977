"""Who of a 旗区's vehicles is out in weather that it does not bear: everything a recall is decided from."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.papers import Permit, is_current
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.conditions import Broken, Weather, WeatherLimits, broken_limits
from fleet.weather.recall import EVERY, Recall, Recalled
from fleet.weather.recall_store import RecallStore
from fleet.weather.store import WeatherStore
from services.orders.states import ON_BOARD
from services.orders.store import OrderStore
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.tasks.store import TaskStore
from services.tasks.task import Task
from services.weather_recall.choose import Seen, can_be_called

type Part = tuple[DistrictCode, ServiceKind, OperatorId]
"""The vehicles of a service in a 旗区, of a company or (``EVERY``) of all: what a recall is for."""


class Sky(msgspec.Struct, frozen=True, kw_only=True):
    """The weather of the city, which parts it breaks limits of, and the recalls that are not over.

    A company is a part of its own where its own limits are broken; those of the city are everybody's.
    """

    weather: Mapping[DistrictCode, Weather]
    broken: Mapping[Part, tuple[Broken, ...]]
    running: Sequence[Recall]


async def read_sky(tx: Transaction, *, at: datetime) -> Sky:
    """Return the weather with the limits that it breaks: the city's, those of permits, companies' own."""
    weather = await WeatherStore(tx).now(at)
    running = await RecallStore(tx).running()
    if not weather:
        return Sky(weather={}, broken={}, running=running)
    borne = await WeatherStore(tx).borne()
    working = VehicleFilter(
        lifecycles=frozenset({Lifecycle.IN_SERVICE}), districts=frozenset(district for district in weather)
    )
    broken: dict[Part, tuple[Broken, ...]] = {}
    async for vehicles in VehicleStore(tx).parts(EVERYTHING, working):
        permits = await PaperStore(tx).permits_of([vehicle.vehicle_no for vehicle in vehicles])
        for vehicle in vehicles:
            said, own = weather[vehicle.district], (vehicle.operator, vehicle.service) in borne.own
            held = permits.get(vehicle.vehicle_no, ())
            everybody = _broken(borne.of_city(vehicle.service), held, said, at)
            _note(broken, (vehicle.district, vehicle.service, EVERY), everybody)
            if own:
                strict = _broken(borne.of(vehicle.operator, vehicle.service), held, said, at)
                _note(broken, (vehicle.district, vehicle.service, vehicle.operator), strict)
    return Sky(weather=weather, broken=broken, running=running)


def _note(broken: dict[Part, tuple[Broken, ...]], part: Part, found: tuple[Broken, ...]) -> None:
    """Keep what the vehicle of a part breaks that breaks most."""
    if len(found) > len(broken.get(part, ())):
        broken[part] = found


def _broken(
    limits: WeatherLimits, permits: Collection[Permit], weather: Weather, at: datetime
) -> tuple[Broken, ...]:
    """Return what a vehicle does not bear: its limits, and those of the kindest permit."""
    own = broken_limits(limits, weather)
    current = [broken_limits(permit.weather, weather) for permit in permits if is_current(permit, at)]
    by_permit = min(current, key=len, default=())
    known = {each.quantity for each in own}
    return (*own, *(each for each in by_permit if each.quantity not in known))


async def read_shelters(tx: Transaction, district: DistrictCode) -> list[Place]:
    """Return the depots and chargers of a 旗区."""
    places = PlaceStore(tx)
    depots = await places.of_kind(PlaceKind.DEPOT, district)
    return [*depots, *await places.of_kind(PlaceKind.CHARGER, district)]


async def read_seen(
    tx: Transaction,
    vehicle: Vehicle,
    heard: LastHeard | None,
    recalled: Mapping[VehicleNo, Recalled],
    tasks: Mapping[VehicleNo, Task],
) -> Seen | None:
    """Return a vehicle as a recall sees it, None for one that takes no commands."""
    if heard is None or not can_be_called(vehicle, heard):
        return None
    task = tasks.get(vehicle.vehicle_no)
    return Seen(
        vehicle=vehicle,
        heard=heard,
        task=task,
        has_goods=task is not None and await has_goods(tx, task),
        recalled=recalled.get(vehicle.vehicle_no),
    )


async def has_goods(tx: Transaction, task: Task) -> bool:
    """Return whether goods of an order are on board of the task's vehicle."""
    orders = await OrderStore(tx).of_ids(task.orders(), EVERYTHING)
    return any(order.task_id == task.task_id and order.state in ON_BOARD for order in orders.values())


async def tasks_of(tx: Transaction, district: DistrictCode) -> dict[VehicleNo, Task]:
    """Return the tasks that hold vehicles of a 旗区."""
    return {
        task.vehicle_no: task for task in await TaskStore(tx).active(EVERYTHING) if task.district == district
    }
