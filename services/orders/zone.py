"""How busy the delivery vehicles of a zone are; a zone is a 旗区."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Transaction
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.outbox import emit
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.papers import permitted_speed_mps
from fleet.vehicles.store import VehicleFilter, VehicleStore
from services.delivery.compartments import Compartment
from services.delivery.store import CompartmentStore
from services.orders.store import OrderStore
from services.routing.route import SLOW_VEHICLE, vehicle_of
from services.routing.route import Vehicle as RoadVehicle
from services.tasks.store import TaskStore

KEPT_S = 1.0
"""Wall seconds that the load of a zone is taken as it was read."""


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
    boxes: tuple[Compartment, ...] = ()
    """One of each sort of compartment that they have."""

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
        boxes=_sorts(
            box for layout in (await CompartmentStore(tx).layouts(numbers)).values() for box in layout
        ),
    )


def _sorts(boxes: Iterable[Compartment]) -> tuple[Compartment, ...]:
    return tuple({(box.litres, box.max_kg, box.temperature): box for box in boxes}.values())


class LoadOf(Protocol):
    """Who knows how busy a zone is: ``zone_load``, or one that remembers."""

    async def __call__(self, tx: Transaction, district: DistrictCode, *, at: datetime) -> ZoneLoad:
        """Return it."""
        ...


class KeptLoads:
    """Remembers the load of a zone for a second: a promise needs no more, and many orders share a reading."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock whose wall seconds count."""
        self._clock = clock
        self._kept: dict[DistrictCode, tuple[float, ZoneLoad]] = {}

    async def __call__(self, tx: Transaction, district: DistrictCode, *, at: datetime) -> ZoneLoad:
        """Return how busy a zone is, or was at most a second ago."""
        kept = self._kept.get(district)
        if kept is not None and self._clock.monotonic_s() - kept[0] < KEPT_S:
            return kept[1]
        load = await zone_load(tx, district, at=at)
        self._kept[district] = (self._clock.monotonic_s(), load)
        return load


async def want_dispatch(tx: Transaction, district: DistrictCode, *, at: datetime) -> None:
    """Ask for a dispatch round of the zone once this transaction is committed."""
    await emit(tx, "dispatch.wanted", {"zone": district}, key=f"zone:{district}", at=at)
