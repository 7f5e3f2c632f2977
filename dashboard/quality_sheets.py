"""Data quality as far as the asker sees: makers for the whole city, vehicles within reach."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from core.auth.principal import Reach
from core.errors import NotFound
from core.ids import MakerId, VehicleNo
from dashboard.parts import DashboardParts
from fleet.quality.samples import Sample
from fleet.quality.shown import MakerQuality, VehicleQuality
from fleet.quality.store import QualityDay, QualityStore
from fleet.vehicles.store import VehicleStore

LOOKED_AT: Final = 2_000
"""Of the worst vehicles of the city, the ones within reach are found among so many."""
DAYS: Final = timedelta(days=31)


class QualitySheet(msgspec.Struct, frozen=True, kw_only=True):
    """Makers with their days, and the worst vehicles."""

    counted_ms: int | None
    makers: Sequence[MakerQuality]
    vehicles: Sequence[VehicleQuality]
    days: Sequence[QualityDay]


class VehicleQualitySheet(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle with its days."""

    now: VehicleQuality
    days: Sequence[QualityDay]


def sees_makers(reach: Reach) -> bool:
    """Return whether a maker's whole may be shown: only to those who see the whole city."""
    return reach.districts is None and reach.operators is None and reach.vehicles is None


async def city_quality(dashboard: DashboardParts, reach: Reach) -> QualitySheet:
    """Return makers (to those who see the whole city) and the worst vehicles within reach."""
    windows = await dashboard.quality.windows()
    since = dashboard.day_began().date() - DAYS
    async with dashboard.database.read() as tx:
        within = await VehicleStore(tx).of_numbers(windows.numbers()[:LOOKED_AT], reach)
        days = await QualityStore(tx).of_makers(reach, since=since) if sees_makers(reach) else []
    return QualitySheet(
        counted_ms=windows.counted_ms,
        makers=windows.makers() if sees_makers(reach) else [],
        vehicles=windows.worst(within),
        days=days,
    )


async def vehicle_quality(
    dashboard: DashboardParts, vehicle_no: VehicleNo, reach: Reach
) -> VehicleQualitySheet:
    """Return one vehicle's quality; raise NotFound for one that is not within reach."""
    async with dashboard.database.read() as tx:
        if not await VehicleStore(tx).of_numbers([vehicle_no], reach):
            raise NotFound("not-found", "there is no such vehicle", vehicle_no=vehicle_no)
        days = await QualityStore(tx).of_vehicle(vehicle_no, since=dashboard.day_began().date() - DAYS)
    return VehicleQualitySheet(now=(await dashboard.quality.windows()).vehicle(vehicle_no), days=days)


async def refused_samples(dashboard: DashboardParts, maker: MakerId, reach: Reach) -> list[Sample]:
    """Return what was refused of a maker; of vehicles within reach, and of frames to those who see it all."""
    samples = await dashboard.quality.samples(maker)
    numbers = {VehicleNo(sample.vehicle_no) for sample in samples if sample.vehicle_no}
    async with dashboard.database.read() as tx:
        within = await VehicleStore(tx).of_numbers(numbers, reach)
    return [sample for sample in samples if sees_makers(reach) or sample.vehicle_no in within]
