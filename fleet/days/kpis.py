"""KPIs: each a formula over sums of vehicle-days, so that a thinned history never changes one."""

from collections.abc import Callable
from typing import Final

import msgspec

from fleet.days.sums import DaySums


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the catalogue; ``of`` gives None where the vehicle-days do not tell it."""

    kpi_id: str
    name_zh: str
    name_en: str
    unit: str
    formula: str
    """In names of the columns of vehicle-days: the sums over the rows that count."""
    of: Callable[[DaySums], float | None]


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _km(metres: float) -> float:
    return metres / 1000


def _per_1000_autonomous_km(count: int, sums: DaySums) -> float | None:
    return _share(count * 1000, _km(sums.autonomous_m))


CATALOGUE: Final[tuple[Kpi, ...]] = (
    Kpi(
        kpi_id="distance",
        name_zh="行驶里程",
        name_en="Distance driven",
        unit="km",
        formula="metres / 1000",
        of=lambda sums: _km(sums.metres) if sums.vehicle_days else None,
    ),
    Kpi(
        kpi_id="autonomous_distance",
        name_zh="自动驾驶里程",
        name_en="Distance driven autonomously",
        unit="km",
        formula="autonomousM / 1000",
        of=lambda sums: _km(sums.autonomous_m) if sums.vehicle_days else None,
    ),
    Kpi(
        kpi_id="autonomous_share",
        name_zh="自动驾驶里程占比",
        name_en="Share of the distance driven autonomously",
        unit="ratio",
        formula="autonomousM / metres",
        of=lambda sums: _share(sums.autonomous_m, sums.metres),
    ),
    Kpi(
        kpi_id="takeovers_per_1000_km",
        name_zh="每千公里接管次数",
        name_en="Takeovers per 1,000 autonomous km",
        unit="1/1000 km",
        formula="1000 × takeovers / (autonomousM / 1000)",
        of=lambda sums: _per_1000_autonomous_km(sums.takeovers, sums),
    ),
    Kpi(
        kpi_id="harsh_brakes_per_1000_km",
        name_zh="每千公里急刹次数",
        name_en="Harsh brakes per 1,000 km",
        unit="1/1000 km",
        formula="1000 × harshBrakes / (metres / 1000)",
        of=lambda sums: _share(sums.harsh_brakes * 1000, _km(sums.metres)),
    ),
    Kpi(
        kpi_id="alarms_per_1000_km",
        name_zh="每千公里告警次数",
        name_en="Alarms per 1,000 km",
        unit="1/1000 km",
        formula="1000 × alarms / (metres / 1000)",
        of=lambda sums: _share(sums.alarms * 1000, _km(sums.metres)),
    ),
    Kpi(
        kpi_id="availability",
        name_zh="可用率",
        name_en="Availability",
        unit="ratio",
        formula="availableS / permittedS",
        of=lambda sums: _share(sums.available_s, sums.permitted_s),
    ),
    Kpi(
        kpi_id="distance_per_vehicle_day",
        name_zh="单车日均里程",
        name_en="Distance per vehicle and day",
        unit="km",
        formula="metres / 1000 / vehicleDays",
        of=lambda sums: _share(_km(sums.metres), sums.vehicle_days),
    ),
    Kpi(
        kpi_id="orders",
        name_zh="送达订单数",
        name_en="Orders delivered",
        unit="1",
        formula="orders, over the rows that count orders",
        of=lambda sums: sums.orders,
    ),
    Kpi(
        kpi_id="swept_area",
        name_zh="清扫面积",
        name_en="Swept area, verified",
        unit="m²",
        formula="m2, over the rows that know it",
        of=lambda sums: sums.m2,
    ),
    Kpi(
        kpi_id="energy",
        name_zh="耗电量",
        name_en="Energy used",
        unit="kWh",
        formula="kwh, over the rows that know it",
        of=lambda sums: sums.kwh,
    ),
)
