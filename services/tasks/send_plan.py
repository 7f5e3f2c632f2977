"""Claiming a vehicle for a task and telling it, in one transaction."""

from collections.abc import Mapping
from datetime import datetime

from core.crashpoints import reach as crash_point
from core.database import Transaction
from core.ids import OrderId
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.delivery.pickup_code import Verifier
from services.tasks.plan import assign_task_body
from services.tasks.states import TaskKind
from services.tasks.store import TaskStore
from services.tasks.task import Task


async def send_plan(
    tx: Transaction,
    task: Task,
    *,
    at: datetime,
    rate: float,
    compartments: Mapping[OrderId, int] | None = None,
    verifiers: Mapping[OrderId, tuple[Verifier, ...]] | None = None,
) -> None:
    """Claim the vehicle of an assigned task, store task and stops, queue ``assign_task`` for it.

    Raises Conflict("vehicle-not-dispatchable") when another task holds the vehicle. ``rate`` is city
    seconds a wall second, for the life of the command.
    """
    await TaskStore(tx).claim(task)
    crash_point("between_claims")
    body = assign_task_body(task, compartments or {}, verifiers or {})
    wish = Wish(
        vehicle_no=task.vehicle_no,
        kind=CommandKind.ASSIGN_TASK,
        body=body,
        reason=task.kind.value,
        task_id=task.task_id,
        epoch=task.epoch,
    )
    await queue_command(tx, wish, at=at, rate=rate)
    is_charging = task.kind is TaskKind.CHARGING
    event = DutyEvent.SENT_TO_CHARGER if is_charging else DutyEvent.SENT_TO_STOP
    await move_duty_if_it_can(tx, task.vehicle_no, event, at)
