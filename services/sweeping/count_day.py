"""What sweeping adds to vehicle-days (fleet.days.gather.DayCounter), and to the day that is running."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, true

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction
from core.ids import DistrictCode, VehicleNo
from core.kinds import ServiceKind
from fleet.days.gather import Counted
from fleet.vehicles.tables import vehicles
from services.sweeping.run_states import RunState
from services.sweeping.tables import sweeping_runs as runs

DECIMALS: Final = 1
"""As runs are stored; sums of the same runs are the same in whatever order they are added."""


async def count_swept(
    tx: Transaction, numbers: Sequence[VehicleNo] | None, from_at: datetime, to_at: datetime
) -> Mapping[VehicleNo, Counted]:
    """Return how many m² were verified of the runs that each vehicle ended between two moments, the second
    not included.

    A sweeper without any has 0; of a vehicle of another service nothing is said. ``numbers`` None: every
    vehicle of which a run was measured.
    """
    among = true() if numbers is None else runs.c.vehicle_no.in_(numbers)
    query = (
        select(runs.c.vehicle_no, func.sum(runs.c.verified_m2).label("m2"))
        .where(
            runs.c.state == RunState.MEASURED.value,
            runs.c.ended_at >= from_at,
            runs.c.ended_at < to_at,
            runs.c.vehicle_no.is_not(None),
            among,
        )
        .group_by(runs.c.vehicle_no)
    )
    swept = {VehicleNo(row.vehicle_no): round(float(row.m2), DECIMALS) for row in await tx.execute(query)}
    if numbers is None:
        return {number: Counted(m2=m2) for number, m2 in swept.items()}
    sweep = select(vehicles.c.vehicle_no).where(
        vehicles.c.vehicle_no.in_(numbers), vehicles.c.service == ServiceKind.SWEEPING.value
    )
    asked = {*(VehicleNo(number) for number in (await tx.execute(sweep)).scalars()), *swept}
    return {number: Counted(m2=swept.get(number, 0.0)) for number in sorted(asked)}


async def swept_since(
    tx: Transaction, reach: Reach, began: datetime, district: DistrictCode | None = None
) -> float | None:
    """Return the m² verified of runs within reach that ended since a moment, of one 旗区 or all; None while
    none of them is measured."""
    chosen = true() if district is None else runs.c.district == district
    query = select(func.sum(runs.c.verified_m2)).where(
        runs.c.state == RunState.MEASURED.value,
        runs.c.ended_at >= began,
        within(runs.c.district, reach.districts),
        within(runs.c.operator, reach.operators),
        chosen,
    )
    found = (await tx.execute(query)).scalar_one()
    return None if found is None else round(float(found), DECIMALS)
