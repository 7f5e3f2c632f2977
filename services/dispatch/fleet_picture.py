"""The vehicles of a zone as they are now: facts, papers, last state, and every reason not to send one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.ids import DistrictCode, TaskId, VehicleNo
from core.kinds import ServiceKind
from fleet.people.duty import rooms
from fleet.people.store import ShiftStore
from fleet.vehicles.codes import CodeRecord
from fleet.vehicles.dispatchable import DispatchContext, Reason, dispatchable
from fleet.vehicles.kinds import Connection
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from fleet.vehicles.paper_store import CodeStore, PaperStore
from fleet.vehicles.papers import Insurance, Permit, Weather
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from services.delivery.compartments import Compartment
from services.delivery.store import CompartmentStore
from services.dispatch.candidate import Candidate
from services.tasks.store import TaskStore


class FleetMember(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of the zone. ``heard`` is None when it never spoke; ``task_id`` names what holds it."""

    vehicle: Vehicle
    heard: LastHeard | None
    reasons: tuple[Reason, ...]
    task_id: TaskId | None
    layout: tuple[Compartment, ...] = ()


class FleetPicture:
    """Reads vehicles of a zone with everything that decides whether they may work."""

    def __init__(
        self,
        database: Database,
        last_heard: LastHeardReader,
        clock: Clock,
        *,
        zone: tzinfo,
        fence_set: Callable[[], int] = lambda: 0,
        weather: Callable[[DistrictCode], Weather] = lambda _district: Weather(),
    ) -> None:
        """Take the stores, the city's time zone, and who knows the current fence set and the weather.

        A fence set of 0 asks vehicles for none.
        """
        self._database = database
        self._last_heard = last_heard
        self._clock = clock
        self._zone = zone
        self._fence_set = fence_set
        self._weather = weather

    async def look(
        self, district: DistrictCode, services: frozenset[ServiceKind], *, at: datetime
    ) -> list[FleetMember]:
        """Return every vehicle of those services in a district, by number. Raises Unavailable."""
        wanted = VehicleFilter(services=services, districts=frozenset({district}))
        async with self._database.read() as tx:
            vehicles = await VehicleStore(tx).page(EVERYTHING, wanted)
            numbers = [vehicle.vehicle_no for vehicle in vehicles]
            papers = await _Papers.read(tx, numbers)
            room, watched = await self._people(tx)
            tasks = await TaskStore(tx).active_ids(numbers)
            layouts = await CompartmentStore(tx).layouts(numbers)
        heard = await self._last_heard.last_heard(numbers)
        return [
            FleetMember(
                vehicle=vehicle,
                heard=heard.get(vehicle.vehicle_no),
                reasons=self._reasons(
                    vehicle, papers, heard.get(vehicle.vehicle_no), room, vehicle.vehicle_no in watched, at
                ),
                task_id=tasks.get(vehicle.vehicle_no),
                layout=layouts.get(vehicle.vehicle_no, ()),
            )
            for vehicle in vehicles
        ]

    async def _people(self, tx: Transaction) -> tuple[int, frozenset[VehicleNo]]:
        shifts = ShiftStore(tx)
        bound = await shifts.bound()
        room = rooms(await shifts.running(EVERYTHING), bound, self._clock.wall())
        return sum(room.values()), frozenset(bound)

    def _reasons(
        self,
        vehicle: Vehicle,
        papers: "_Papers",
        heard: LastHeard | None,
        room: int,
        is_watched: bool,
        at: datetime,
    ) -> tuple[Reason, ...]:
        current_fences = self._fence_set()
        held = 0 if heard is None or heard.fence_set_version is None else heard.fence_set_version
        context = DispatchContext(
            code=papers.codes.get(vehicle.vehicle_no),
            permits=papers.permits.get(vehicle.vehicle_no, ()),
            insurances=papers.insurances.get(vehicle.vehicle_no, ()),
            connection=Connection.OFFLINE if heard is None else heard.connection,
            control_mode=None if heard is None else heard.control_mode,
            battery_ratio=None if heard is None else heard.battery_ratio,
            fence_set_held=held,
            fence_set_current=current_fences,
            weather=self._weather(vehicle.district),
            zone=self._zone,
            operators_with_room=room,
            is_bound=is_watched,
        )
        return dispatchable(vehicle, context, at)


class _Papers(msgspec.Struct, frozen=True, kw_only=True):
    codes: Mapping[VehicleNo, CodeRecord]
    permits: Mapping[VehicleNo, tuple[Permit, ...]]
    insurances: Mapping[VehicleNo, tuple[Insurance, ...]]

    @classmethod
    async def read(cls, tx: Transaction, numbers: Sequence[VehicleNo]) -> "_Papers":
        papers = PaperStore(tx)
        return cls(
            codes=await CodeStore(tx).living_of(numbers),
            permits=await papers.permits_of(numbers),
            insurances=await papers.insurances_of(numbers),
        )


def candidate_of(member: FleetMember) -> Candidate:
    """Return a delivery vehicle as dispatch looks at it."""
    heard = member.heard
    return Candidate(
        vehicle_no=member.vehicle.vehicle_no,
        code=member.vehicle.code or str(member.vehicle.vehicle_no),
        lat=None if heard is None else heard.lat,
        lng=None if heard is None else heard.lng,
        battery_ratio=None if heard is None else heard.battery_ratio,
        temperature_c=None if heard is None else heard.outside_c,
        layout=member.layout,
        reasons=member.reasons,
        task_id=member.task_id,
    )
