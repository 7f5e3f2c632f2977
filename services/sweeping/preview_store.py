"""SQL of previews of sweeping zones."""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from services.sweeping.preview import Preview, PreviewId
from services.sweeping.tables import sweeping_previews as previews
from services.sweeping.zone import PlanState


class PreviewStore:
    """Reads and writes previews inside one transaction."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def get(self, preview_id: PreviewId, reach: Reach) -> Preview:
        """Return one within the reach; raise NotFound when there is none."""
        query = select(previews).where(
            previews.c.preview_id == preview_id,
            within(previews.c.district, reach.districts),
            within(previews.c.operator, reach.operators),
        )
        row = (await self._tx.execute(query)).mappings().first()
        if row is None:
            raise NotFound("not-found", "there is no such preview", preview_id=preview_id)
        return read_row(row, Preview)

    async def find(self, preview_id: PreviewId) -> Preview | None:
        """Return one whoever asked for it, or None: for whoever must not take its id."""
        query = select(previews).where(previews.c.preview_id == preview_id)
        row = (await self._tx.execute(query)).mappings().first()
        return None if row is None else read_row(row, Preview)

    async def put(self, preview: Preview) -> None:
        """Store a preview in place of its earlier number; raise Conflict when somebody else was faster."""
        values = msgspec.structs.asdict(preview)
        if preview.number == 1:
            is_written = await insert_new(self._tx, previews, values)
        else:
            written = await self._tx.execute(
                update(previews)
                .where(previews.c.preview_id == preview.preview_id, previews.c.number == preview.number - 1)
                .values(values)
            )
            is_written = written.rowcount == 1
        if not is_written:
            raise Conflict("conflict", "the preview was asked for in between", preview_id=preview.preview_id)

    async def waits(self, wall: datetime) -> bool:
        """Return whether somebody waits for one that no worker holds."""
        query = select(previews.c.preview_id).where(_is_due(wall)).limit(1)
        return (await self._tx.execute(query)).first() is not None

    async def take(self, wall: datetime, until: datetime) -> Preview | None:
        """Hold the one that waits longest for this worker and return it; None when none waits."""
        query = select(previews).where(_is_due(wall)).order_by(previews.c.asked_at).limit(1)
        row = (await self._tx.execute(query.with_for_update(skip_locked=True))).mappings().first()
        if row is None:
            return None
        found = read_row(row, Preview)
        taken = await self._tx.execute(
            update(previews).where(_same(found), _is_due(wall)).values(held_until=until)
        )
        return msgspec.structs.replace(found, held_until=until) if taken.rowcount == 1 else None

    async def keep(self, done: Preview) -> bool:
        """Store what a worker made of a drawing; False when it is wanted no more or is there already."""
        values = {
            "state": done.state,
            "problem": done.problem,
            "fields": done.fields,
            "plan": done.plan,
            "left_out": done.left_out,
            "held_until": None,
        }
        written = await self._tx.execute(
            update(previews).where(_same(done), previews.c.state == PlanState.WANTED).values(values)
        )
        return bool(written.rowcount == 1)

    async def forget(self, before: datetime) -> None:
        """Delete what was asked for before a moment."""
        await self._tx.execute(delete(previews).where(previews.c.asked_at < before))


def _same(preview: Preview) -> ColumnElement[bool]:
    """The same drawing: a later one has another number."""
    return and_(previews.c.preview_id == preview.preview_id, previews.c.number == preview.number)


def _is_due(wall: datetime) -> ColumnElement[bool]:
    is_free = or_(previews.c.held_until.is_(None), previews.c.held_until <= wall)
    return and_(previews.c.state == PlanState.WANTED, previews.c.gives_up_at > wall, is_free)
