"""What a vehicle says about a command: acknowledgement and result, applied once and never to a final one."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from core.database import Transaction
from core.errors import Invalid
from core.ids import CommandId, VehicleNo
from core.inbox import InboxItem
from fleet.commands.command import Command, advance_command, is_open
from fleet.commands.ending import NOTHING_FOLLOWS, Endings, follow
from fleet.commands.kinds import CommandEvent, CommandState
from fleet.commands.store import CommandStore
from fleet.links.wire.reports import CommandAck, CommandResult, ReportKind, read_report_body
from fleet.vehicles.store import VehicleStore

_ACKS = {
    "accepted": CommandEvent.ACKNOWLEDGED,
    "duplicate": CommandEvent.ACKNOWLEDGED,
    "rejected": CommandEvent.REJECTED,
    "superseded": CommandEvent.REJECTED,
    "expired": CommandEvent.EXPIRED,
}
UNKNOWN_COMMAND: Final = "unknown-command"
"""Outcome of an answer to a command that is not recorded, or not yet: a stop is pushed before it is."""
_RESULTS = {"succeeded": CommandEvent.SUCCEEDED, "failed": CommandEvent.FAILED}


class AnswerHandler:
    """Handles ``command_ack`` and ``command_result`` reports; plugged into the inbox consumer for both."""

    def __init__(self, endings: Endings = NOTHING_FOLLOWS) -> None:
        """Take what follows when a command of some kind is over."""
        self._endings = endings

    async def __call__(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Apply the answer; outcome: applied, repeated, unknown-command, foreign-command or late.

        A vehicle that answers a command of another vehicle changes nothing. Raises Invalid for a body that is
        none of the two.
        """
        answer = _read(item)
        store = CommandStore(tx)
        command = await _locked(tx, store, CommandId(answer.command_id), item.vehicle_no)
        if command is None:
            return UNKNOWN_COMMAND
        if command.vehicle_no != item.vehicle_no:
            return "foreign-command"
        event = _ACKS[answer.result] if isinstance(answer, CommandAck) else _RESULTS[answer.result]
        if not is_open(command):
            return await _note_late(store, command, answer)
        if event is CommandEvent.ACKNOWLEDGED and command.state is CommandState.ACKNOWLEDGED:
            return "repeated"
        detail = answer.detail or ("" if answer.result == "accepted" else answer.result)
        moved = await store.save(command, advance_command(command, event, at=at, detail=detail))
        if not is_open(moved):
            await follow(tx, self._endings, moved, at=at)
        return "applied"


async def _locked(
    tx: Transaction, store: CommandStore, command_id: CommandId, vehicle_no: VehicleNo
) -> Command | None:
    """Return a command, waiting for the transaction that is recording it, which holds its vehicle's row."""
    found = await store.lock(command_id)
    if found is None:
        await VehicleStore(tx).locked({vehicle_no})
        found = await store.lock(command_id)
    return found


def answers(command_id: CommandId) -> Callable[[bytes], bool]:
    """Return whether the body of a report is an answer to a command."""

    def is_answer(body: bytes) -> bool:
        try:
            return msgspec.json.decode(body, type=_Answer).command_id == command_id
        except msgspec.DecodeError:
            return False

    return is_answer


class _Answer(msgspec.Struct, rename="camel"):
    command_id: str


def _read(item: InboxItem) -> CommandAck | CommandResult:
    try:
        body = read_report_body(ReportKind(item.kind), item.body)
    except ValueError as error:
        raise Invalid("invalid-input", f"the body of {item.kind} cannot be read: {error}") from None
    if not isinstance(body, CommandAck | CommandResult):
        raise Invalid("invalid-input", f"{item.kind} is no answer to a command")
    return body


async def _note_late(store: CommandStore, command: Command, answer: CommandAck | CommandResult) -> str:
    """Keep what the vehicle said of a command that was over for the platform; its state is final."""
    says = CommandState.SUCCEEDED if answer.result == "succeeded" else None
    if says is command.state or command.late_answer == answer.result:
        return "repeated"
    if command.state not in {CommandState.EXPIRED, CommandState.FAILED} or answer.result == "expired":
        return "repeated"
    late = msgspec.structs.replace(command, late_answer=answer.result, version=command.version + 1)
    await store.save(command, late)
    return "late"
