"""What deliveries add to vehicle-days (fleet.days.gather.DayCounter)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, true

from core.database import Transaction
from core.ids import VehicleNo
from core.kinds import ServiceKind
from fleet.days.gather import Counted
from fleet.vehicles.tables import vehicles
from services.orders.states import OrderState
from services.orders.tables import orders


async def count_deliveries(
    tx: Transaction, numbers: Sequence[VehicleNo] | None, from_at: datetime, to_at: datetime
) -> Mapping[VehicleNo, Counted]:
    """Return how many orders each vehicle handed over between two moments, the second not included.

    A delivery vehicle without any has 0; of a vehicle of another service nothing is said. ``numbers`` None:
    every vehicle that handed over any.
    """
    among = true() if numbers is None else orders.c.vehicle_no.in_(numbers)
    query = (
        select(orders.c.vehicle_no, func.count().label("n"))
        .where(
            orders.c.state == OrderState.DELIVERED.value,
            orders.c.closed_at >= from_at,
            orders.c.closed_at < to_at,
            orders.c.vehicle_no.is_not(None),
            among,
        )
        .group_by(orders.c.vehicle_no)
    )
    handed_over = {row.vehicle_no: int(row.n) for row in await tx.execute(query)}
    if numbers is None:
        return {VehicleNo(number): Counted(orders=n) for number, n in handed_over.items()}
    deliver = select(vehicles.c.vehicle_no).where(
        vehicles.c.vehicle_no.in_(numbers), vehicles.c.service == ServiceKind.DELIVERY.value
    )
    asked = {*(await tx.execute(deliver)).scalars(), *handed_over}
    return {VehicleNo(number): Counted(orders=handed_over.get(number, 0)) for number in sorted(asked)}
