"""What remote operators do with the intervention queue, with the session's sheet as the answer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import StaffId, TakeoverId
from dashboard.parts import DashboardParts
from dashboard.schemas.interventions import (
    InterventionQueue,
    InterventionView,
    intervention_queue,
    intervention_view,
)
from fleet.takeovers.kinds import TakeoverMode
from fleet.takeovers.store import TakeoverStore
from fleet.takeovers.takeover import Takeover, waits_of
from fleet.takeovers.work_takeover import begin, claim, hand_over, resolve
from fleet.vehicles.store import VehicleStore

WAITS_OF: Final = timedelta(days=1)


class InterventionHands:
    """Works the queue for one operator."""

    def __init__(self, parts: DashboardParts, principal: Principal) -> None:
        """Take the stores and who acts."""
        self._parts = parts
        self._principal = principal
        self._me = StaffId(principal.id)

    async def queue(self) -> InterventionQueue:
        """Return everything that waits or is worked on within the reach."""
        clock, reach = self._parts.clock, reach_of(self._principal)
        at, wall = clock.now(), clock.wall()
        async with self._parts.database.read() as tx:
            store = TakeoverStore(tx)
            queue = await store.queue(reach)
            waits = waits_of(await store.ended_since(at - WAITS_OF, reach))
            codes = await VehicleStore(tx).codes_of({one.vehicle_no for one in queue})
        return intervention_queue(queue, waits, codes, self._me, at=at, wall=wall)

    async def claim(self, takeover_id: TakeoverId) -> InterventionView:
        """Take a session. Raises NotFound, Conflict."""
        return await self._done(lambda tx: claim(tx, self._principal, takeover_id, self._parts.clock))

    async def begin(self, takeover_id: TakeoverId, mode: TakeoverMode) -> InterventionView:
        """Help from now on. Raises NotFound, Forbidden, IllegalTransition."""
        at = self._parts.clock.now()
        return await self._done(lambda tx: begin(tx, self._principal, takeover_id, mode, at=at))

    async def resolve(self, takeover_id: TakeoverId, outcome: str) -> InterventionView:
        """End it with what was done. Raises NotFound, Forbidden, IllegalTransition."""
        at = self._parts.clock.now()
        return await self._done(lambda tx: resolve(tx, self._principal, takeover_id, outcome, at=at))

    async def hand_over(self, takeover_id: TakeoverId, reason: str) -> InterventionView:
        """Let somebody else go on; the answer is the session that follows."""
        clock = self._parts.clock
        return await self._done(lambda tx: hand_over(tx, self._principal, takeover_id, reason, clock))

    async def _done(self, write: Callable[[Transaction], Awaitable[Takeover]]) -> InterventionView:
        clock = self._parts.clock
        async with self._parts.database.write() as tx:
            takeover = await write(tx)
            codes = await VehicleStore(tx).codes_of([takeover.vehicle_no])
        code = codes.get(takeover.vehicle_no)
        return intervention_view(takeover, code, self._me, at=clock.now(), wall=clock.wall())
