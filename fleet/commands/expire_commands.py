"""The reconciler that ends commands which time has overtaken."""

import asyncio
from typing import Final

from core.clock import Clock
from core.database import Database
from core.errors import Conflict
from core.repeating import repeat
from fleet.commands.command import advance_command, overdue
from fleet.commands.ending import NOTHING_FOLLOWS, Endings, follow
from fleet.commands.store import CommandStore
from fleet.vehicles.store import VehicleStore

BATCH: Final = 2_000
"""Open commands looked at in one pass: a fleet of 100,000 has a few hundred open at a time."""


class CommandExpiry:
    """Ends overdue commands; two may run, the compare-and-set lets one win."""

    def __init__(
        self, database: Database, clock: Clock, *, endings: Endings = NOTHING_FOLLOWS, every_s: float = 1.0
    ) -> None:
        """Take where commands are and how often, in wall seconds, to look."""
        self._database = database
        self._clock = clock
        self._endings = endings
        self._every_s = every_s

    async def expire_once(self) -> int:
        """End every command that is overdue now; return how many were ended."""
        at = self._clock.now()
        async with self._database.read() as tx:
            open_now = await CommandStore(tx).open_everywhere(limit=BATCH)
            scenes = await VehicleStore(tx).held_at_scene({command.vehicle_no for command, _ in open_now})
        ended = 0
        for command, present in open_now:
            verdict = overdue(
                command,
                at,
                held_stop_epoch=present,
                rate=self._clock.rate,
                is_scene_held=command.vehicle_no in scenes,
            )
            if verdict is None:
                continue
            try:
                async with self._database.write() as tx:
                    moved = advance_command(command, verdict.event, at=at, detail=verdict.detail)
                    await CommandStore(tx).save(command, moved)
                    await follow(tx, self._endings, moved, at=at)
            except Conflict:
                # its answer came in between: that is the better end
                continue
            ended += 1
        return ended

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`; an outage of the database is waited out."""
        await repeat("commands", self.expire_once, self._every_s, stop)
