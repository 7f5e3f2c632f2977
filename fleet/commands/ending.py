"""What follows when a command is over, in the transaction in which it ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.database import Transaction
from fleet.commands.command import Command
from fleet.links.wire.commands import CommandKind


class CommandEnded(Protocol):
    """Whatever depends on how a command of one kind ended: a task whose assignment was refused."""

    async def __call__(self, tx: Transaction, command: Command, *, at: datetime) -> None:
        """Apply what follows. The command is final: succeeded, failed, expired or rejected."""
        ...


type Endings = Mapping[CommandKind, CommandEnded]
NOTHING_FOLLOWS: Endings = {}


async def follow(tx: Transaction, endings: Endings, command: Command, *, at: datetime) -> None:
    """Call what depends on the command's kind, if anything does."""
    ended = endings.get(command.kind)
    if ended is not None:
        await ended(tx, command, at=at)
