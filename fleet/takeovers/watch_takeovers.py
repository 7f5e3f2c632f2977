"""What time does to the queue: claims that nobody began lapse, and lost operators' sessions go to others."""

import asyncio

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, VersionMismatch
from core.repeating import repeat
from fleet.people.duty import is_present
from fleet.people.store import ShiftStore
from fleet.takeovers.kinds import TakeoverState
from fleet.takeovers.store import TakeoverStore
from fleet.takeovers.takeover import Takeover, has_lapsed
from fleet.takeovers.work_takeover import lapse, pass_on

OPERATOR_LOST = "operator_lost"


class TakeoverWatch:
    """Keeps the queue moving. Two may run: the compare-and-set lets one win."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 2.0) -> None:
        """Take where sessions and shifts are, and the pause between two looks in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def look_once(self) -> int:
        """Free what nobody works on; return how many sessions were freed."""
        async with self._database.read() as tx:
            queue = await TakeoverStore(tx).queue(EVERYTHING)
            present = {
                shift.staff_id
                for shift in await ShiftStore(tx).running(EVERYTHING)
                if is_present(shift, self._clock.wall())
            }
        freed = 0
        for one in queue:
            is_lost = one.state is TakeoverState.ACTIVE and one.claimed_by not in present
            if is_lost or has_lapsed(one, self._clock.wall()):
                freed += await self._free(one)
        return freed

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of the database is waited out."""
        await repeat("takeovers", self.look_once, self._every_s, stop)

    async def _free(self, takeover: Takeover) -> bool:
        try:
            async with self._database.write() as tx:
                await self._freed(tx, takeover)
        except (VersionMismatch, Conflict):
            return False
        return True

    async def _freed(self, tx: Transaction, takeover: Takeover) -> None:
        if takeover.state is TakeoverState.ACTIVE:
            await pass_on(tx, None, takeover, OPERATOR_LOST, self._clock)
        else:
            await lapse(tx, takeover, at=self._clock.now())
