"""What the vehicle says of its recordings becomes part of the bundle, also when it says so late."""

from datetime import datetime, timedelta
from typing import Final

from core.database import Transaction
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.commands.store import CommandStore
from fleet.incidents.incident import SYSTEM, Incident, Step, ask_again
from fleet.incidents.open_incidents import keep_recordings_again
from fleet.incidents.store import IncidentStore

ASKED_FOR: Final = timedelta(days=7)
"""A vehicle that cannot be reached is told again for so long; its recorder overwrites sooner."""


async def recording_ended(tx: Transaction, command: Command, *, at: datetime) -> None:
    """Ask again when it never reached the vehicle; have the answer sealed when the bundle is already.

    fleet.commands.ending.CommandEnded of ``preserve_recording``.
    """
    incident = await IncidentStore(tx).of_recording(command.command_id)
    if incident is None:
        return
    if command.state is CommandState.EXPIRED and at - incident.discovered_at < ASKED_FOR:
        await keep_recordings_again(tx, incident, at=at)
        return
    step = Step(
        event="evidence_asked", by=SYSTEM, by_name="", role=SYSTEM, at=at, reason="the vehicle answered"
    )
    asked = ask_again(incident, step)
    if asked is not incident:
        await IncidentStore(tx).save(incident, asked)


async def recording_is_open(tx: Transaction, incident: Incident) -> bool:
    """Return whether the vehicle may still answer what it was told about its recordings."""
    if incident.recording_command is None:
        return False
    open_now = await CommandStore(tx).open_of([incident.vehicle_no])
    return any(command.command_id == incident.recording_command for command in open_now)
