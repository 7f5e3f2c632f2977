"""Today so far as the asker sees it: kilometres by odometer and m² of measured runs, as no vehicle-day exists
before midnight."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.ids import DistrictCode, VehicleNo
from dashboard.parts import DashboardParts
from fleet.days.running import DaySoFar, known_since, of_vehicles
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import IN_THE_FLEET
from fleet.vehicles.store import VehicleFilter, VehicleStore
from services.sweeping.count_day import swept_since

FORMULA: Final = "Σ rises of the vehicle's odometer since its first reading of the day / 1000"
ROWS_MOST: Final = 100


class DrivenToday(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle so far."""

    vehicle_no: VehicleNo
    code: str | None
    metres: int
    told_ms: int


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """What some vehicles have driven, and from when that is known."""

    metres: int
    since_ms: int


class TodaySheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything within a reach, and the vehicles that drove most."""

    day: date
    counted_ms: int | None
    vehicles: int
    """Vehicles that have told their odometer today."""
    driven: Driven | None
    m2: float | None
    """Verified of the sweeping runs that ended today; None while none of them is measured."""
    rows: Sequence[DrivenToday]


async def driven_so_far(parts: DashboardParts, numbers: NDArray[np.intp]) -> Driven | None:
    """Return what some vehicles have driven today; None while none of them has told its odometer twice."""
    found = await _today(parts)
    return None if found is None else _sum(of_vehicles(found.driven(), numbers))


async def today_sheet(
    parts: DashboardParts, reach: Reach, district: DistrictCode | None = None
) -> TodaySheet:
    """Return today so far, of one 旗区 or all. Raises Unavailable when the stores cannot be read."""
    found = await _today(parts)
    began = parts.day_began()
    async with parts.database.read() as tx:
        m2 = await swept_since(tx, reach, began, district)
    if found is None:
        return TodaySheet(day=began.date(), counted_ms=None, vehicles=0, driven=None, m2=m2, rows=())
    async with parts.database.read() as tx:
        shown = frozenset() if district is None else frozenset({district})
        wanted = VehicleFilter(districts=shown, lifecycles=IN_THE_FLEET)
        driven = of_vehicles(found.driven(), await VehicleStore(tx).numbers(reach, wanted))
        most = driven[driven["driven_m"].argsort(kind="stable")[::-1][:ROWS_MOST]]
        codes = await VehicleStore(tx).codes_of([VehicleNo(number) for number in most["vehicle_no"].tolist()])
    return TodaySheet(
        day=began.date(),
        counted_ms=found.counted_ms,
        vehicles=len(driven),
        driven=_sum(driven),
        m2=m2,
        rows=[
            DrivenToday(
                vehicle_no=VehicleNo(int(row["vehicle_no"])),
                code=codes.get(VehicleNo(int(row["vehicle_no"]))),
                metres=int(row["driven_m"]),
                told_ms=int(row["told_ms"]),
            )
            for row in most
        ],
    )


def _sum(driven: Records) -> Driven | None:
    since_ms = known_since(driven)
    return None if since_ms is None else Driven(metres=int(driven["driven_m"].sum()), since_ms=since_ms)


async def _today(parts: DashboardParts) -> DaySoFar | None:
    """Return what was told of this day; what was told before midnight is of another."""
    found = await parts.running_day.so_far()
    return found if found is not None and found.day == parts.day_began().date() else None
