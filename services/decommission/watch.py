"""Ends the lives of vehicles that were taken out and wait for nothing any more, whoever looks."""

import asyncio

from core.clock import Clock
from core.database import Database
from core.errors import Conflict, VersionMismatch
from core.repeating import repeat
from services.decommission.store import DecommissionStore
from services.decommission.take_out import finish


class DecommissionWatch:
    """Two may run: the version of the vehicle's row lets one of them end it."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take where the facts are and the pause between two looks in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def look_once(self) -> int:
        """Return how many lives ended."""
        async with self._database.read() as tx:
            pending = await DecommissionStore(tx).pending()
        ended = 0
        for asked in pending:
            try:
                async with self._database.write() as tx:
                    ended += await finish(tx, asked.vehicle_no, at=self._clock.now())
            except (Conflict, VersionMismatch):
                continue
        return ended

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of the database is waited out."""
        await repeat("decommissions", self.look_once, self._every_s, stop)
