"""Waking dispatch up: at once through the outbox, and every few seconds for whatever that missed."""

import asyncio

from core.clock import Clock
from core.database import Database
from core.outbox import OutboxMessage
from core.queue import JobQueue, bucketed
from core.repeating import repeat
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleFilter, VehicleStore
from services.orders.store import OrderStore

TOPIC = "dispatch.wanted"
QUEUE = "dispatch"
JOB = "services.dispatch.jobs:dispatch_zone"
TIMEOUT_S = 30


class DispatchWaker:
    """Route of the topic ``dispatch.wanted``: one job for each zone and wall second."""

    def __init__(self, queue: JobQueue, clock: Clock) -> None:
        """Take the queue; ids are bucketed by the wall's second."""
        self._queue = queue
        self._clock = clock

    async def __call__(self, message: OutboxMessage) -> None:
        """Put a round of the message's zone into the queue. Raises what Redis raises."""
        await self.wake(str(message.payload["zone"]))

    async def wake(self, zone: str, *, every_s: int = 1) -> bool:
        """Put a round into the queue unless this period has one; when it has, the next second gets one.

        A job that has begun may have read before this wish was committed, so a wish is never dropped for it.
        """
        second = self._clock.wall().timestamp()
        job_id = bucketed(f"dispatch-{zone}", second, every_s)
        if await self._queue.enqueue_soon(QUEUE, JOB, [zone], job_id=job_id, timeout_s=TIMEOUT_S):
            return True
        if every_s > 1:
            return False
        later = bucketed(f"dispatch-{zone}", second + 1)
        return await self._queue.enqueue_soon(QUEUE, JOB, [zone], job_id=later, timeout_s=TIMEOUT_S)


class DispatchReconciler:
    """Offers every zone with waiting orders or vehicles again, so that a lost wake-up costs seconds and no
    order."""

    def __init__(
        self, database: Database, clock: Clock, waker: DispatchWaker, *, every_s: float = 5.0
    ) -> None:
        """Take the stores, who wakes, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._waker = waker
        self._every_s = every_s

    async def reconcile_once(self) -> int:
        """Wake every zone with something to do; return how many. Raises Unavailable, and what Redis
        raises."""
        async with self._database.read() as tx:
            waiting = await OrderStore(tx).waiting_zones()
            in_service = VehicleFilter(lifecycles=frozenset({Lifecycle.IN_SERVICE}))
            served = await VehicleStore(tx).districts(in_service)
        zones = sorted({*waiting, *served})
        period_s = max(1, int(self._every_s))
        return sum([await self._waker.wake(zone, every_s=period_s) for zone in zones])

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("dispatch", self.reconcile_once, self._every_s, stop)
