"""What workers do for previews: make the plan of a drawing for somebody who waits.

One that is killed held its preview for as long as the largest takes; then another takes it, until the time
is over that anybody waits. What was asked for anew in between is dropped when it is done.
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from core.clock import Clock
from core.database import Database
from core.errors import Invalid
from services.sweeping.preview import Preview
from services.sweeping.preview_store import PreviewStore
from services.sweeping.zone import PlanState

HELD: Final = timedelta(seconds=45)

_log = structlog.get_logger("services.sweeping")


class PreviewWorker:
    """Makes previews; two jobs at once take different ones."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take the store and the clock."""
        self._database = database
        self._clock = clock

    async def plan_once(self) -> bool:
        """Make the preview that waits longest; False when none does."""
        wall = self._clock.wall()
        async with self._database.read() as tx:
            if not await PreviewStore(tx).waits(wall):
                return False
        async with self._database.write() as tx:
            wanted = await PreviewStore(tx).take(wall, wall + HELD)
        if wanted is None:
            return False
        done = await asyncio.to_thread(_planned, wanted)
        async with self._database.write() as tx:
            is_kept = await PreviewStore(tx).keep(done)
        if not is_kept:
            _log.info("sweeping_preview_dropped", preview_id=done.preview_id, number=done.number)
        return True


def _planned(wanted: Preview) -> Preview:
    from services.sweeping.left_out import left_out
    from services.sweeping.work_out import work_out

    try:
        plan, _ = work_out(wanted.drawing)
    except Invalid as error:
        return msgspec.structs.replace(
            wanted, state=PlanState.FAILED, problem=error.code, fields=dict(error.fields)
        )
    found = left_out(wanted.drawing, plan)
    return msgspec.structs.replace(wanted, state=PlanState.READY, plan=plan, left_out=found)
