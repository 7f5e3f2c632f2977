"""Topic ``commands``: commands and how far each has come."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from core.auth.principal import Reach
from core.database import Database
from core.ids import CommandId
from dashboard.schemas.commands import CommandView, command_view
from fleet.commands.store import CommandStore

MOST: Final = 200
"""Commands in a snapshot, newest first; older ones are read with the vehicle."""


class CommandTopic:
    """fleet.live.feeds.FactFeed of commands."""

    nouns: tuple[str, ...] = ("command",)
    every_s: float | None = None

    def __init__(self, database: Database) -> None:
        """Take where commands are."""
        self._database = database

    async def snapshot(self, reach: Reach) -> Sequence[CommandView]:
        """Return the newest commands to vehicles within the reach."""
        async with self._database.read() as tx:
            return [command_view(command) for command in await CommandStore(tx).recent(reach, limit=MOST)]

    async def read(self, ids: Collection[str], reach: Reach) -> Mapping[str, CommandView]:
        """Return the named commands to vehicles within the reach."""
        async with self._database.read() as tx:
            found = await CommandStore(tx).of_ids([CommandId(text) for text in ids], reach)
        return {command.command_id: command_view(command) for command in found}

    def removed(self, id: str) -> dict[str, str]:  # noqa: A002
        """Return what stands for a command outside the reach."""
        return {"commandId": id}
