"""Queueing a command: the row and its wake-up, in the transaction of the fact that causes it."""

from datetime import datetime

import msgspec

from core.database import Transaction
from core.errors import Conflict
from core.ids import CommandId, StaffId, TaskId, VehicleNo, new_id
from core.inbox import handle_again
from core.outbox import emit
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.commands.command import SYSTEM, Command, expiry, next_stop_epoch
from fleet.commands.kinds import ALLOWED_AT_SCENE, STOP_EPOCH_KINDS, STOPS
from fleet.commands.store import CommandStore
from fleet.commands.take_answer import UNKNOWN_COMMAND, answers
from fleet.links.wire.commands import CommandBody, CommandKind
from fleet.vehicles.store import VehicleStore

TOPIC = "command.queued"
EARLY_AMONG = 50
"""Among so many of a vehicle's newest reports are its answers to a stop that was pushed unrecorded."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A command that somebody wants, before it has times and epochs."""

    vehicle_no: VehicleNo
    kind: CommandKind
    body: CommandBody
    requester: StaffId | str = SYSTEM
    requester_name: str = ""
    reason: str = ""
    task_id: TaskId | None = None
    epoch: int = 0
    command_id: CommandId | None = None
    """None draws one. The same id again is the same command: nothing is written twice."""
    stop_epoch: int = 0
    """What an emergency stop was pushed with before SQL answered; raised when SQL knows a higher one."""


async def queue_command(tx: Transaction, wish: Wish, *, at: datetime, rate: float) -> Command:
    """Write the command and its wake-up, and return it; the relay carries it after the commit.

    at: city time; rate: city seconds a wall second. A stop or release takes the vehicle's next stop epoch.
    An emergency stop calls a person until the release. Whether the vehicle may take the command is asked
    before (``fleet.commands.possible``); at the scene of an incident it is asked here once more. What the
    vehicle answered before a pushed stop was recorded is handled after the commit. Raises NotFound for a
    vehicle that does not exist, Conflict for a kind that a scene hold keeps away.
    """
    store = CommandStore(tx)
    command_id = wish.command_id or CommandId(new_id())
    known = await store.lock(command_id)
    if known is not None:
        return known
    if wish.kind not in ALLOWED_AT_SCENE and await VehicleStore(tx).held_at_scene({wish.vehicle_no}):
        raise Conflict(
            "command-not-possible",
            f"{wish.kind.value} is not possible at the scene of an incident",
            vehicle_no=wish.vehicle_no,
            reasons=["scene_hold"],
        )
    stop_epoch = 0
    if wish.kind in STOP_EPOCH_KINDS:
        wanted = max(wish.stop_epoch, next_stop_epoch(0, at))
        stop_epoch = await VehicleStore(tx).raise_stop_epoch(
            wish.vehicle_no, wanted, held=wish.kind in STOPS, at=at
        )
        await _call_a_person(tx, wish, at)
    command = Command(
        command_id=command_id,
        vehicle_no=wish.vehicle_no,
        kind=wish.kind,
        requester=wish.requester,
        requester_name=wish.requester_name,
        reason=wish.reason,
        task_id=wish.task_id,
        epoch=wish.epoch,
        stop_epoch=stop_epoch,
        body=msgspec.Raw(msgspec.json.encode(wish.body)),
        issued_at=at,
        expires_at=expiry(wish.kind, at, rate=rate),
    )
    await store.add(command)
    if wish.stop_epoch:
        await handle_again(
            tx, wish.vehicle_no, UNKNOWN_COMMAND, concerns=answers(command_id), newest=EARLY_AMONG
        )
    payload = {"command_id": command_id, "vehicle_no": wish.vehicle_no, "kind": wish.kind.value}
    await emit(tx, TOPIC, payload, key=f"vehicle-commands:{wish.vehicle_no}", at=at)
    return command


async def _call_a_person(tx: Transaction, wish: Wish, at: datetime) -> None:
    """Raise the alarm of a vehicle that stands where it was stopped, clear it when it is released."""
    number, kind = wish.vehicle_no, AlarmKind.EMERGENCY_STOP
    if wish.kind is CommandKind.EMERGENCY_STOP:
        details = {"reason": wish.reason, "by": wish.requester_name}
        await apply_signals(tx, [AlarmRaised(vehicle_no=number, kind=kind, at=at, details=details)])
    elif wish.kind is CommandKind.RELEASE:
        await apply_signals(tx, [AlarmCleared(vehicle_no=number, kind=kind, at=at)])
