"""The alarm of a task that only a person can bring on: raised with the state, cleared when the state ends."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import AlarmId, new_id
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, clear, dedup_key, raise_alarm
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.vehicles.store import VehicleStore
from services.tasks.task import Task


async def call_person(tx: Transaction, task: Task, cause: str, *, at: datetime) -> None:
    """Raise the alarm of a vehicle that stands with goods in it; ``cause`` is why it cannot go on."""
    vehicle = await VehicleStore(tx).get(task.vehicle_no, EVERYTHING)
    signal = AlarmRaised(
        vehicle_no=task.vehicle_no,
        kind=AlarmKind.NEEDS_PERSON,
        cause=task.task_id,
        at=at,
        details={"task_id": task.task_id, "reason": cause, "orders": ", ".join(task.orders())},
    )
    alarm = raise_alarm(
        signal, alarm_id=AlarmId(new_id()), district=vehicle.district, operator=vehicle.operator
    )
    await AlarmStore(tx).add(alarm)


async def send_person_home(tx: Transaction, task: Task, *, at: datetime) -> None:
    """Clear the alarm: the task goes on or is over. Late reports may make ``at`` older than the alarm."""
    store = AlarmStore(tx)
    key = dedup_key(
        AlarmCleared(vehicle_no=task.vehicle_no, kind=AlarmKind.NEEDS_PERSON, cause=task.task_id, at=at)
    )
    standing = (await store.standing([key])).get(key)
    if standing is not None:
        await store.save(standing, clear(standing, at=at))
