"""Closing the clearings of a local day: every pair of companies, once, whoever runs twice."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from core.clock import Clock
from core.database import Database, Transaction
from core.ids import new_id
from services.settlement.clearing.clearing import (
    Clearing,
    ClearingEvent,
    ClearingId,
    Step,
    clearing_of,
    closing_entry,
    in_pairs,
)
from services.settlement.clearing.store import ClearingStore, Mark
from services.settlement.statement import end_of, last_ended_day
from services.settlement.store import Journal

SYSTEM: Final = "system:clearing"
HOLDS: Final = timedelta(seconds=60)
"""Wall time between noting how far the journal has come and clearing up to there: an entry below the mark may
still be on its way to its commit, and a transaction lasts milliseconds."""


async def close_clearings(tx: Transaction, mark: Mark, *, at: datetime) -> list[Clearing]:
    """Close the clearings of a day over everything up to its mark that stands on none; return them.

    The day is taken first, so that of two closings the second finds it closed. What a clearing owes becomes a
    debt in the ledger in the same transaction.
    """
    store = ClearingStore(tx)
    if not await store.close(mark.day, at=at):
        return []
    cleared = {row.key for rows in (await store.cleared()).values() for row in rows}
    pending = [one for one in await store.crossings() if mark.has(one) and one.key not in cleared]
    closed = []
    for pair, rows in in_pairs(pending).items():
        number = await store.next_number(*pair)
        one = clearing_of(ClearingId(new_id()), pair, number, mark.day, rows, at=at)
        await store.add(one, rows)
        if one.amount_fen:
            await Journal(tx).post(closing_entry(one))
        else:
            event = ClearingEvent.EVENED
            step = Step(
                clearing_id=one.clearing_id, seq=1, event=event, at=at, operator=one.payer, actor=SYSTEM
            )
            await store.add_step(step)
        closed.append(one)
    return closed


class ClearingKeeper:
    """What a worker does for clearings. A look notes how far the journal is, a later one clears up to there.

    After an outage the last day that ended has everything that was missed.
    """

    def __init__(self, database: Database, clock: Clock, zone: tzinfo) -> None:
        """Take where the ledger is, and the city's zone."""
        self._database = database
        self._clock = clock
        self._zone = zone

    async def is_due(self) -> bool:
        """Return whether the last day that ended is not cleared yet. Raises Unavailable."""
        async with self._database.read() as tx:
            return not await ClearingStore(tx).has_closed(last_ended_day(self._clock.now(), self._zone))

    async def look_once(self) -> int:
        """Do the next step of what is due; return how many clearings were closed. Raises Unavailable."""
        at, wall = self._clock.now(), self._clock.wall()
        day = last_ended_day(at, self._zone)
        async with self._database.read() as tx:
            store = ClearingStore(tx)
            if await store.has_closed(day):
                return 0
            mark = await store.mark_of(day)
            newest = await store.newest_entry_no()
        if mark is None:
            ends_at = end_of(day, self._zone)
            noted = Mark(day=day, upto_entry_no=newest, ends_at=ends_at, marked_at=wall)
            async with self._database.write() as tx:
                await ClearingStore(tx).mark(noted)
            return 0
        if wall - mark.marked_at < HOLDS:
            return 0
        async with self._database.write() as tx:
            return len(await close_clearings(tx, mark, at=at))
