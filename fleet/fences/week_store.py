"""Weeks that jobs go through for previews, in SQL."""

import zlib
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from core.database import Transaction
from core.ids import FenceId, FenceVersion, new_id
from fleet.fences.past_judge import Judged
from fleet.fences.tables import preview_weeks
from fleet.fences.whole_week import PreviewWeek

TOPIC: Final = "fences.preview-cut-short"
"""Outbox topic of a preview that was cut short; its route is ``finish_previews.PreviewWaker``."""
KEY: Final = "previews"
"""Key of its rows: any of them wakes a job for all weeks."""

_t = preview_weeks


class WeekStore:
    """Reads and writes weeks inside one transaction."""

    def __init__(self, tx: Transaction) -> None:
        """Use this transaction."""
        self._tx = tx

    async def begin(
        self,
        fence_id: FenceId,
        version: FenceVersion,
        vehicles: NDArray[np.int64],
        *,
        from_ms: int,
        to_ms: int,
        due_at: datetime,
    ) -> None:
        """Begin a week in place of the one that the version may have."""
        await self.drop(fence_id, version)
        row = {
            "fence_id": fence_id,
            "version": version,
            "week_id": new_id(),
            "vehicles": zlib.compress(np.diff(vehicles, prepend=0).astype("<i8").tobytes()),
            "from_ms": from_ms,
            "to_ms": to_ms,
            "reached_ms": from_ms,
            "positions": 0,
            "tries": 0,
            "due_at": due_at,
        }
        await self._tx.execute(insert(_t).values(row))

    async def drop(self, fence_id: FenceId, version: FenceVersion) -> None:
        """Forget the week of a version, if it has one."""
        await self._tx.execute(delete(_t).where(_t.c.fence_id == fence_id, _t.c.version == version))

    async def due(self, wall: datetime) -> int:
        """Return how many weeks wait for a job."""
        return int(await self._tx.scalar(select(func.count()).where(_t.c.due_at <= wall)) or 0)

    async def take(self, wall: datetime, until: datetime) -> PreviewWeek | None:
        """Hold the week that waits longest until a moment; None when there is none, or another took it."""
        query = select(_t).where(_t.c.due_at <= wall).order_by(_t.c.due_at).limit(1)
        row = (await self._tx.execute(query)).one_or_none()
        if row is None:
            return None
        taken = await self._tx.execute(
            update(_t)
            .where(_same(row), _t.c.due_at == row.due_at, _t.c.tries == row.tries)
            .values(tries=row.tries + 1, due_at=until)
        )
        return _week_of(row) if taken.rowcount == 1 else None

    async def go_on(self, was: PreviewWeek, week: PreviewWeek, due_at: datetime) -> bool:
        """Keep how far a week was judged, or forget it when all is; False when it is no longer as it was."""
        if week.is_done:
            gone = await self._tx.execute(delete(_t).where(_same(was)))
            return gone.rowcount == 1
        judged = None if week.judged is None else zlib.compress(msgspec.msgpack.encode(week.judged), 1)
        values = {"reached_ms": week.reached_ms, "positions": week.positions, "judged": judged}
        kept = await self._tx.execute(update(_t).where(_same(was)).values(**values, tries=0, due_at=due_at))
        return kept.rowcount == 1


def _same(week: Any) -> ColumnElement[bool]:
    """The same week, where it stood when it was read."""
    return and_(
        _t.c.fence_id == week.fence_id,
        _t.c.version == week.version,
        _t.c.week_id == week.week_id,
        _t.c.reached_ms == week.reached_ms,
    )


def _week_of(row: Any) -> PreviewWeek:
    judged = None if row.judged is None else msgspec.msgpack.decode(zlib.decompress(row.judged), type=Judged)
    return PreviewWeek(
        fence_id=FenceId(row.fence_id),
        version=FenceVersion(row.version),
        week_id=row.week_id,
        vehicles=np.cumsum(np.frombuffer(zlib.decompress(row.vehicles), "<i8")),
        from_ms=row.from_ms,
        to_ms=row.to_ms,
        reached_ms=row.reached_ms,
        positions=row.positions,
        judged=judged,
        tries=row.tries,
    )
