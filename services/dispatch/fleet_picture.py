"""The vehicles of a zone as they are now, with every reason not to send one."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.judge_vehicles import CityNow, judge_vehicles
from fleet.vehicles.kinds import LET_ON_THE_ROAD, Lifecycle
from fleet.vehicles.last_heard import LastHeardReader
from fleet.vehicles.papers import hours_left_s, permitted_areas, permitted_speed_mps
from fleet.vehicles.store import VehicleFilter, VehicleStore
from services.delivery.store import CompartmentStore
from services.dispatch.fleet_member import FleetMember
from services.routing.route import vehicle_of
from services.tasks.store import TaskStore

REFUSAL_LASTS = timedelta(minutes=2)
"""City time in which a vehicle that refused a plan is not asked again: it would refuse for the same
reason."""


class FleetPicture:
    """Reads vehicles of a zone with everything that decides whether they may work."""

    def __init__(
        self,
        database: Database,
        last_heard: LastHeardReader,
        clock: Clock,
        *,
        zone: tzinfo,
        fence_set: Callable[[], int],
    ) -> None:
        """Take the stores, the city's time zone, and who knows the current fence set."""
        self._database = database
        self._last_heard = last_heard
        self._clock = clock
        self._zone = zone
        self._fence_set = fence_set

    async def look(
        self,
        district: DistrictCode,
        services: frozenset[ServiceKind],
        *,
        at: datetime,
        lifecycles: frozenset[Lifecycle] = LET_ON_THE_ROAD,
    ) -> list[FleetMember]:
        """Return every vehicle of those services in a district, by number. Raises Unavailable.

        Rounds leave out what may not be on the road at all: a city registers vehicles by the thousand.
        """
        wanted = VehicleFilter(services=services, districts=frozenset({district}), lifecycles=lifecycles)
        async with self._database.read() as tx:
            numbers = [VehicleNo(each) for each in await VehicleStore(tx).numbers(EVERYTHING, wanted)]
        heard = await self._last_heard.last_heard(numbers)
        now = CityNow(
            at=at,
            wall=self._clock.wall(),
            zone=self._zone,
            fence_set_current=self._fence_set(),
        )
        async with self._database.read() as tx:
            # the reading of the state took time: what holds a vehicle is read after it, from one snapshot
            vehicles = await VehicleStore(tx).page(EVERYTHING, wanted)
            judged = await judge_vehicles(tx, vehicles, heard, now)
            tasks = await TaskStore(tx).active_ids(numbers)
            refused = await TaskStore(tx).refused_since(numbers, at - REFUSAL_LASTS)
            layouts = await CompartmentStore(tx).layouts(numbers)
        return [
            FleetMember(
                vehicle=each.vehicle,
                heard=each.heard,
                reasons=each.reasons,
                task_id=tasks.get(each.vehicle.vehicle_no),
                has_refused=each.vehicle.vehicle_no in refused,
                layout=layouts.get(each.vehicle.vehicle_no, ()),
                areas=permitted_areas(each.permits, at),
                hours_left_s=hours_left_s(each.permits, at, self._zone),
                road=vehicle_of(permitted_speed_mps(each.permits, at)),
            )
            for each in judged
        ]
