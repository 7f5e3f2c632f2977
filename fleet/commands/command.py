"""A command to one vehicle, and how the vehicle's answers move it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.clock import ms_of_moment
from core.ids import CommandId, TaskId, VehicleNo
from core.transitions import advance as next_state
from fleet.commands.kinds import (
    ALLOWED_AT_SCENE,
    COMMAND_TRANSITIONS,
    KIND_RULES,
    OPEN_STATES,
    STOP_EPOCH_KINDS,
    CommandEvent,
    CommandState,
)
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.messages import Command as WireCommand

SYSTEM: Final = "system"
"""Requester of commands that follow from a rule and not from a person."""
SHORTEST_TTL_WALL_S: Final = 4.0
"""A command lives at least this long on the wall, so that a city at 60× can still obey one."""
UNANSWERED_GRACE_S: Final = 60.0
"""City seconds after ``expires_at`` in which an answer may still arrive over a slow link."""
ANSWER_WALL_S: Final = 15.0
"""An answer may take this long on a crowded machine, whatever the city's clock does meanwhile."""
RESULT_TIMEOUT_S: Final = 1800.0
"""City seconds after the acknowledgement in which a result is expected: a safe stop may take minutes."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command as a fact."""

    command_id: CommandId
    vehicle_no: VehicleNo
    kind: CommandKind
    state: CommandState = CommandState.QUEUED
    requester: str
    """Staff id, or ``system``."""
    requester_name: str = ""
    reason: str = ""
    task_id: TaskId | None = None
    epoch: int = 0
    """Epoch of the task it concerns; 0 when it concerns none."""
    stop_epoch: int = 0
    """Above every earlier one of the vehicle for a stop or release; 0 for other kinds."""
    body: msgspec.Raw = msgspec.Raw(b"{}")
    """JSON of the kind's wire body."""
    issued_at: datetime
    expires_at: datetime | None
    """City time after which it may not be executed; None for a stop and a release."""
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str = ""
    """What the vehicle said, or why the platform gave up."""
    late_answer: str | None = None
    """What the vehicle said after the command was final: kept, and changes nothing."""
    version: int = 1


def expiry(kind: CommandKind, at: datetime, *, rate: float) -> datetime | None:
    """Return when a command of a kind issued now may no longer be executed; None for stops and releases.

    rate: city seconds a wall second; a command never lives less than 4 s on the wall.
    """
    ttl_s = KIND_RULES[kind].ttl_s
    return None if ttl_s is None else at + timedelta(seconds=max(ttl_s, SHORTEST_TTL_WALL_S * rate))


def advance_command(command: Command, event: CommandEvent, *, at: datetime, detail: str = "") -> Command:
    """Return the command after an event; raises IllegalTransition when the table has no such step."""
    state = next_state(COMMAND_TRANSITIONS, command.state, event)
    stamps: Mapping[CommandEvent, str] = {
        CommandEvent.SENT: "sent_at",
        CommandEvent.ACKNOWLEDGED: "acknowledged_at",
    }
    return msgspec.structs.replace(
        command,
        state=state,
        detail=detail or command.detail,
        version=command.version + 1,
        **{stamps.get(event, "finished_at"): at},
    )


def is_open(command: Command) -> bool:
    """Return whether the vehicle may still do something about it."""
    return command.state in OPEN_STATES


def may_be_sent(command: Command, at: datetime, *, held_stop_epoch: int, is_scene_held: bool = False) -> bool:
    """Return whether the gateway may (again) put the command on the link.

    A command past its time is never sent. A stop or release below the vehicle's present ``stop_epoch`` was
    overtaken and is not sent either. An acknowledged command was taken and is not repeated. At the scene of
    an incident nothing is sent that could change it.
    """
    if command.state not in {CommandState.QUEUED, CommandState.SENT}:
        return False
    if is_scene_held and command.kind not in ALLOWED_AT_SCENE:
        return False
    if command.kind in STOP_EPOCH_KINDS:
        return command.stop_epoch >= held_stop_epoch
    return command.expires_at is not None and at < command.expires_at


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """What the passing of time does to a command."""

    event: CommandEvent
    detail: str


def overdue(
    command: Command,
    at: datetime,
    *,
    held_stop_epoch: int,
    rate: float = 1.0,
    is_scene_held: bool = False,
) -> Overdue | None:
    """Return what time has done to an open command, None while it may still wait.

    Never sent and past its time: expired. Sent and unanswered for a further grace: expired, because the
    vehicle refuses it by then. Taken and without result for half an hour: failed. A stop or release that a
    higher ``stop_epoch`` overtook: expired as superseded. What a scene hold does not let through and the
    vehicle has not taken: expired as scene-hold. rate: city seconds a wall second, because an answer
    travels in wall time.
    """
    if command.state is CommandState.ACKNOWLEDGED:
        taken = command.acknowledged_at or command.issued_at
        if at - taken < timedelta(seconds=RESULT_TIMEOUT_S):
            return None
        return Overdue(event=CommandEvent.FAILED, detail="no-result")
    if not is_open(command):
        return None
    if is_scene_held and command.kind not in ALLOWED_AT_SCENE:
        return Overdue(event=CommandEvent.EXPIRED, detail="scene-hold")
    if command.kind in STOP_EPOCH_KINDS:
        is_overtaken = command.stop_epoch < held_stop_epoch
        return Overdue(event=CommandEvent.EXPIRED, detail="superseded") if is_overtaken else None
    patience_s = max(UNANSWERED_GRACE_S, ANSWER_WALL_S * rate)
    grace_s = patience_s if command.state is CommandState.SENT else 0.0
    if command.expires_at is None or at < command.expires_at + timedelta(seconds=grace_s):
        return None
    return Overdue(event=CommandEvent.EXPIRED, detail="not-delivered" if grace_s == 0 else "unanswered")


def next_stop_epoch(known: int, at: datetime) -> int:
    """Return a stop epoch above every one known, at least the city second.

    The city second lets an emergency stop be pushed while the database is locked: whatever was released
    before carries an earlier second. Fits u32 until 2106, as the status section needs.
    """
    return max(known + 1, ms_of_moment(at) // 1000)


def to_wire(command: Command) -> WireCommand:
    """Return the command as it stands on the link."""
    return WireCommand(
        command_id=command.command_id,
        vehicle_no=command.vehicle_no,
        kind=command.kind,
        issued_at_ms=ms_of_moment(command.issued_at),
        expires_at_ms=None if command.expires_at is None else ms_of_moment(command.expires_at),
        epoch=command.epoch,
        stop_epoch=command.stop_epoch,
        body=command.body,
    )
