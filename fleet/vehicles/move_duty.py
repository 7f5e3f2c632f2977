"""A vehicle's duty follows its task; a lost race is tried again, because it is only one step behind."""

from datetime import datetime
from typing import Final

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import VersionMismatch
from core.ids import VehicleNo
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle, advance_duty

TRIES: Final = 4


async def move_duty(tx: Transaction, vehicle_no: VehicleNo, event: DutyEvent, *, at: datetime) -> Vehicle:
    """Return the vehicle after a step of its duty, in the transaction that moves its task.

    A step to the duty it has already (a second stop of one task) writes nothing. Raises IllegalTransition
    when the duty has no such step and NotFound for a vehicle that does not exist.
    """
    store = VehicleStore(tx)
    for _ in range(TRIES):
        vehicle = await store.get(vehicle_no, EVERYTHING)
        moved = advance_duty(vehicle, event, at=at)
        if moved.duty is vehicle.duty:
            return vehicle
        try:
            return await store.save(vehicle, moved)
        except VersionMismatch:
            continue
    raise VersionMismatch("version-mismatch", f"vehicle {vehicle_no} keeps changing", vehicle_no=vehicle_no)
