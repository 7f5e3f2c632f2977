"""SQL of legal holds."""

from datetime import datetime

import msgspec
from sqlalchemy import or_, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from fleet.history.holds.hold import Hold, check
from fleet.history.holds.tables import history_holds


class HoldStore:
    """Reads and writes holds inside one transaction; never commits. History alone asks, for everybody."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def place(self, hold: Hold) -> bool:
        """Store a hold; return False when its id stands already: the same hold is placed once.

        Raises Invalid for a span or a reason that makes no sense.
        """
        check(hold)
        return await insert_new(self._tx, history_holds, msgspec.structs.asdict(hold))

    async def widen(self, hold: Hold) -> None:
        """Let a hold that stands cover the span and the time of `hold` too; never less than before."""
        check(hold)
        row = history_holds.c
        for column, value, is_less in (
            (row.from_at, hold.from_at, row.from_at > hold.from_at),
            (row.to_at, hold.to_at, row.to_at < hold.to_at),
            (row.until, hold.until, row.until < hold.until),
        ):
            await self._tx.execute(
                update(history_holds).where(row.hold_id == hold.hold_id, is_less).values({column: value})
            )

    async def release(self, about: str, *, at: datetime) -> int:
        """End every standing hold for one thing; return how many."""
        done = await self._tx.execute(
            update(history_holds)
            .where(history_holds.c.about == about, history_holds.c.released_at.is_(None))
            .values(released_at=at)
        )
        return int(done.rowcount)

    async def standing(self, at: datetime) -> list[Hold]:
        """Return every hold that stands at a moment, by the begin of its span. Retention asks this."""
        row = history_holds.c
        query = (
            select(history_holds)
            .where(row.released_at.is_(None), or_(row.until.is_(None), row.until > at))
            .order_by(row.from_at, row.hold_id)
        )
        return [read_row(found, Hold) for found in (await self._tx.execute(query)).mappings()]
