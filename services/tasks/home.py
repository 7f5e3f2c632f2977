"""A vehicle that is sent home: what it is told, and how its ``return_to_depot`` ended moves its duty."""

from datetime import datetime

from core.database import Transaction
from fleet.commands.command import Command
from fleet.links.wire.commands import ReturnToDepot
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.places.place import Place
from services.tasks.plan import wire_limits
from services.tasks.store import TaskStore
from services.tasks.task import Leg


async def return_ended(tx: Transaction, command: Command, *, at: datetime) -> None:
    """Make the vehicle idle when it came home or did not go (fleet.commands.ending), unless a task holds
    it by now."""
    if not await TaskStore(tx).active_ids([command.vehicle_no]):
        await move_duty_if_it_can(tx, command.vehicle_no, DutyEvent.TASK_ENDED, at)


def return_body(depot: Place, leg: Leg) -> ReturnToDepot:
    """Return the body of ``return_to_depot`` for a way home."""
    return ReturnToDepot(
        lat=depot.lat,
        lng=depot.lng,
        polyline6=leg.polyline6,
        length_m=leg.length_m,
        expected_s=leg.duration_s,
        limits=wire_limits(leg),
    )
