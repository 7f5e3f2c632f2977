"""The vehicle's duty follows its task."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import VehicleNo
from fleet.vehicles.duty import DUTY_TRANSITIONS, DutyEvent
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import advance_duty


async def move_duty(tx: Transaction, vehicle_no: VehicleNo, event: DutyEvent, *, at: datetime) -> None:
    """Move the duty of a vehicle where its table allows it; a vehicle in fault stays in fault.

    A duty is what people see and what binds a remote operator, so a report that comes twice or out of turn
    must not stop the task: what the table does not have is left alone.
    """
    store = VehicleStore(tx)
    vehicle = await store.get(vehicle_no, EVERYTHING)
    if DUTY_TRANSITIONS.get((vehicle.duty, event), vehicle.duty) is not vehicle.duty:
        await store.save(vehicle, advance_duty(vehicle, event, at=at))
