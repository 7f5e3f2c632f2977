"""How busy the delivery vehicles of a zone are; a zone is a 旗区."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.outbox import emit
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.papers import permitted_speed_mps
from fleet.vehicles.store import VehicleFilter, VehicleStore
from services.orders.store import OrderStore
from services.routing.route import SLOW_VEHICLE, vehicle_of
from services.routing.route import Vehicle as RoadVehicle
from services.tasks.store import TaskStore


class ZoneLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicles in service, which of them hold a task, how many orders wait for one.

    ``operator`` is who runs most of them, None where no delivery vehicle works; ``road`` is the slowest of
    them, for a promise that any of them keeps.
    """

    district: DistrictCode
    operator: OperatorId | None
    numbers: tuple[VehicleNo, ...]
    busy: frozenset[VehicleNo]
    waiting: int
    road: RoadVehicle = SLOW_VEHICLE

    @property
    def free(self) -> tuple[VehicleNo, ...]:
        """Return the vehicles that hold no task; whether they may go is dispatch's to judge."""
        return tuple(number for number in self.numbers if number not in self.busy)


async def zone_load(tx: Transaction, district: DistrictCode, *, at: datetime) -> ZoneLoad:
    """Return how busy a zone is now."""
    wanted = VehicleFilter(
        services=frozenset({ServiceKind.DELIVERY}),
        districts=frozenset({district}),
        lifecycles=frozenset({Lifecycle.IN_SERVICE}),
    )
    fleet = await VehicleStore(tx).page(EVERYTHING, wanted)
    numbers = tuple(vehicle.vehicle_no for vehicle in fleet)
    operators = [vehicle.operator for vehicle in fleet]
    permits = (await PaperStore(tx).permits_of(numbers)).values()
    speeds = [speed for held in permits if (speed := permitted_speed_mps(held, at)) is not None]
    return ZoneLoad(
        district=district,
        operator=max(sorted(set(operators)), key=operators.count, default=None),
        numbers=numbers,
        busy=frozenset(await TaskStore(tx).active_ids(numbers)),
        waiting=await OrderStore(tx).count_waiting(district),
        road=vehicle_of(min(speeds, default=None)),
    )


async def want_dispatch(tx: Transaction, district: DistrictCode, *, at: datetime) -> None:
    """Ask for a dispatch round of the zone once this transaction is committed."""
    await emit(tx, "dispatch.wanted", {"zone": district}, key=f"zone:{district}", at=at)
