"""Commands as a person gives them and follows them."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from dashboard.cursors import write_cursor
from fleet.commands.command import Command
from fleet.links.wire.commands import CommandKind


class NewCommand(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a vehicle shall do and why; `params` are those of the kind in docs/wire-protocol.md."""

    kind: CommandKind
    reason: Annotated[str, Meta(max_length=500)] = ""
    params: dict[str, object] = {}


class CommandView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One command with its times."""

    command_id: str
    vehicle_no: int
    kind: str
    state: str
    reason: str
    requester_name: str
    issued_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    acknowledged_at: datetime | None
    finished_at: datetime | None
    detail: str
    late_answer: str | None
    stop_epoch: int


class CommandPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of commands, newest first; `next_cursor` is null on the last one."""

    items: tuple[CommandView, ...]
    next_cursor: str | None = None


def command_view(command: Command) -> CommandView:
    """Return a command as screens show it."""
    return CommandView(
        command_id=command.command_id,
        vehicle_no=command.vehicle_no,
        kind=command.kind.value,
        state=command.state.value,
        reason=command.reason,
        requester_name=command.requester_name or command.requester,
        issued_at=command.issued_at,
        expires_at=command.expires_at,
        sent_at=command.sent_at,
        acknowledged_at=command.acknowledged_at,
        finished_at=command.finished_at,
        detail=command.detail,
        late_answer=command.late_answer,
        stop_epoch=command.stop_epoch,
    )


def command_page(commands: list[Command], limit: int) -> CommandPage:
    """Return a page of at most `limit` of the commands, which are one more when there is a next page."""
    shown = commands[:limit]
    more = len(commands) > limit
    cursor = write_cursor((shown[-1].issued_at, shown[-1].command_id)) if more else None
    return CommandPage(items=tuple(command_view(command) for command in shown), next_cursor=cursor)
