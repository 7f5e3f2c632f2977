"""A vehicle that was sent home: how its ``return_to_depot`` ended moves its duty."""

from datetime import datetime

from core.database import Transaction
from fleet.commands.command import Command
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.tasks.store import TaskStore


async def return_ended(tx: Transaction, command: Command, *, at: datetime) -> None:
    """Make the vehicle idle when it came home or did not go (fleet.commands.ending), unless a task holds
    it by now."""
    if not await TaskStore(tx).active_ids([command.vehicle_no]):
        await move_duty_if_it_can(tx, command.vehicle_no, DutyEvent.TASK_ENDED, at)
